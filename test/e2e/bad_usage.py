"""bad_usage.py BIN: wrong command lines, files that are not there, prompts that do not fit: exit status and message of each."""
import os
import subprocess
import sys
import tempfile

import tiny_models as tiny

programs = os.path.abspath(sys.argv[1])
problems = []
folder = tempfile.TemporaryDirectory(prefix="lathe-usage-")
os.chdir(folder.name)
os.environ["LATHE_CACHE_DIR"] = os.path.join(folder.name, "cache")


def expect(status, message, *command, text=""):
    """The exit status, and what stderr has to say: every one of the texts of `message`."""
    command = [os.path.join(programs, command[0]), *command[1:]]
    shown = " ".join(command)[:200]
    run = subprocess.run(command, input=text, capture_output=True, text=True, errors="replace", timeout=120)
    if run.returncode != status or not all(part in run.stderr for part in message):
        problems.append(f"{shown}: exit status {run.returncode} instead of {status}; stderr {run.stderr[-400:]!r} should have {message}")
    # Before it may stand what the model is.
    if status == 1 and (run.stderr.count("error: ") != 1 or not run.stderr.splitlines()[-1].startswith(("error: ", " "))):
        problems.append(f"{shown}: stderr {run.stderr[-400:]!r} does not end with one line 'error: '")


tiny.write("m.gguf", tiny.gguf())
tiny.write("text.txt", b"this is no model\n")
tiny.write("empty.gguf", b"")
os.mkdir("folder")
subprocess.run([os.path.join(programs, "lathe"), "compile", "m.gguf", "-o", "m.lathe", "-q"], check=True)

# The command line is wrong: 2.
for arguments in ([], ["nonsense"], ["run"], ["run", "m.gguf", "--no-such-flag"], ["run", "m.gguf", "-n", "many"],
                  ["run", "m.gguf", "-t", "-3"], ["run", "m.gguf", "-p", "a", "--prompt-ids", "1"], ["run", "m.gguf", "--prompt-ids", "1,x"],
                  ["run", "m.gguf", "-p", "a", "--top-p", "nan"], ["run", "m.gguf", "-p", "a", "--repeat-penalty", "0"],
                  ["run", "m.gguf", "-p", "a", "--top-p", "1.5"], ["run", "m.gguf", "-p", "a", "--mirostat", "3"], ["run", "m.gguf", "-p", "a", "--ban", "x"],
                  ["run", "m.gguf", "-p", "a", "--force", "7"], ["run", "m.gguf", "-p", "a", "--num-return", "0"], ["run", "m.gguf", "-p", "a", "--logprobs", "2"],
                  ["run", "m.gguf", "--compute", "int3"], ["run", "m.gguf", "--kv-type", "q"],
                  ["compile", "m.gguf"], ["compile", "m.gguf", "--stop-after", "nowhere"], ["compile", "m.gguf", "--expect", "rope"],
                  ["compile", "m.gguf", "-o", "m.gguf"], ["bench", "m.gguf", "-o", "nothing"], ["exec", "m.gguf"], ["cache", "nonsense"]):
    expect(2, [], "lathe", *arguments)
    if not problems and not arguments:
        expect(2, ["subcommand"], "lathe")
for arguments in ([], ["m.lathe", "--no-such-flag"], ["m.lathe", "-c", "-1"]):
    expect(2, [], "lathe-run", *arguments)
expect(2, ["'nonsense'", "top_k"], "lathe", "run", "m.gguf", "-p", "a", "--samplers", "top_k;nonsense")
expect(2, ["xtc", "twice"], "lathe-run", "m.lathe", "-p", "a", "--samplers", "xtc;xtc")
expect(2, ["nowhere", "import", "place"], "lathe", "compile", "m.gguf", "--stop-after", "nowhere")

# What is named is not there, or something else: 1, and the name.
for command in (["lathe", "run"], ["lathe", "compile", "-o", "x.lathe"], ["lathe", "tokenize"], ["lathe", "inspect"], ["lathe-run"]):
    prompt = [] if command[1:2] in (["compile"], ["inspect"]) else ["-p", "a"]
    for name in ("missing.gguf", "missing.lathe", "missing", "folder", "text.txt", "empty.gguf"):
        expect(1, [name], *command, name, *prompt)
expect(1, ["m.gguf"], "lathe-run", "m.gguf", "-p", "a")
expect(1, ["99999", "vocabulary"], "lathe-run", "m.lathe", "-p", "a", "--logit-bias", "99999+1")
expect(1, ["missing.txt"], "lathe-run", "m.lathe", "-f", "missing.txt")
expect(1, ["folder"], "lathe-run", "m.lathe", "-f", "folder")
expect(1, ["cpu:nonsense"], "lathe", "compile", "m.gguf", "-o", "x.lathe", "--target", "cpu:nonsense")
expect(1, ["--compute", "m.lathe"], "lathe-run", "m.lathe", "-p", "a", "--compute", "f32")
expect(1, ["none/x.lathe"], "lathe", "compile", "m.gguf", "-o", "none/x.lathe")
expect(1, ["folder"], "lathe", "compile", "m.gguf", "-o", "folder")
expect(1, ["/dev/null"], "lathe", "compile", "m.gguf", "-o", "/dev/null")
if os.path.exists("x.lathe"):
    problems.append("x.lathe was written")

# A prompt that does not fit is refused with both numbers, not cut; ids that are no tokens are refused.
ids = ",".join(["5"] * 17)
for command in (["lathe-run", "m.lathe"], ["lathe", "run", "m.gguf"]):
    expect(1, ["17", "16"], *command, "-c", "16", "--prompt-ids", ids, "--print-ids", "-n", "4")
    expect(0, [], *command, "-c", "16", "--prompt-ids", "5,5,5", "--print-ids", "-n", "4")
    expect(1, ["100000", str(len(tiny.TOKENS))], *command, "--prompt-ids", "100000", "--print-ids", "-n", "4")
long_text = "ab" * 3000
expect(1, [str(tiny.CONTEXT)], "lathe-run", "m.lathe", "-p", long_text)

print("\n".join(problems) or "every command ended as it should")
sys.exit(bool(problems))
