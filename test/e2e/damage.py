"""damage.py KIND BIN [MODEL]: damaged files of a kind (gguf, safetensors, config, tokenizer, onnx, artifact) through the programs in BIN.

Each has to end with exit status 1 and one line `error: ...` that names the file, or with 0 where the damage does not matter, soon and
in little memory. MODEL is an undamaged file; without it tiny_models.py writes one. Absurd values are in absurd.py."""
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor

import absurd
import tiny_models as tiny

kind, programs = sys.argv[1], sys.argv[2]
MEMORY = 2 << 30
CPU_SECONDS, WALL_SECONDS = 10, 60  # a busy machine makes the second longer, not the first
lathe, lathe_run = os.path.join(programs, "lathe"), os.path.join(programs, "lathe-run")


def limits():
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def problem_of(command, names, must_fail):
    """What is wrong with how the command ended, or an empty string."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err, preexec_fn=limits)
        timer = threading.Timer(WALL_SECONDS, process.kill)
        timer.start()
        _, status, usage = os.wait4(process.pid, 0)
        timer.cancel()
        process.returncode = 0
        err.seek(0)
        message = err.read().decode(errors="replace")
    if os.WIFSIGNALED(status):
        return f"ended by {signal.Signals(os.WTERMSIG(status)).name}: {message[-600:]}"
    if usage.ru_maxrss * 1024 > MEMORY:
        return f"took {usage.ru_maxrss >> 10} MiB: {message[-300:]}"
    status = os.WEXITSTATUS(status)
    if status == 0:
        return "was accepted" if must_fail else ""
    # The model language shows the line it speaks of below the message.
    lines = [line for line in message.splitlines() if not re.match(r" +\d* +\|", line)]
    if command[-1] == "place":
        lines = lines[:1]  # every op that no kernel computes has its line
    if status != 1 or len(lines) != 1 or not lines[0].startswith("error: ") or not any(name in lines[0] for name in names):
        return f"exit status {status}, stderr: {message[-600:]!r}"
    return ""


def cuts_and_flips(whole):
    """(what, bytes): about 40 files cut at a multiple of 997, the ends of small ones at every 97th byte, and 60 flipped bytes."""
    ends = list(range(0, len(whole), 997 if len(whole) > 40000 else 97))
    for end in ends[::max(1, len(ends) // 40)] + [len(whole) - 1]:
        yield f"cut at {end}", whole[:end]
    generator = random.Random(997)
    for _ in range(60):
        # Half of them in the first kilobytes, where the structure is.
        at = generator.randrange(len(whole) if generator.random() < 0.5 else min(len(whole), 4096))
        damaged = bytearray(whole)
        damaged[at] ^= 1 << generator.randrange(8)
        yield f"byte {at} flipped", bytes(damaged)


folder = tempfile.mkdtemp(prefix="lathe-damage-")
os.environ["LATHE_CACHE_DIR"] = os.path.join(folder, "cache")
try:
    # target: the file that is damaged; commands: what reads it; names: how a message may name it
    if kind == "gguf":
        target, whole = "m.gguf", open(sys.argv[3], "rb").read() if len(sys.argv) > 3 else tiny.gguf()
        commands = [[lathe, "tokenize", "m.gguf", "-p", "ab ab"], [lathe, "compile", "m.gguf", "--stop-after", "import"]]
    elif kind in ("safetensors", "config", "tokenizer"):
        target = {"safetensors": "model.safetensors", "config": "config.json", "tokenizer": "tokenizer.json"}[kind]
        whole = {"safetensors": tiny.safetensors, "config": tiny.config, "tokenizer": tiny.tokenizer_json}[kind]()
        commands = [[lathe, "tokenize", "hf", "-p", "ab <end>ab\u00e9"], [lathe, "compile", "hf", "--stop-after", "import"]]
    elif kind == "onnx":
        target, whole = "m.onnx", open(sys.argv[3], "rb").read() if len(sys.argv) > 3 else tiny.onnx()
        # What is still a graph goes through the passes: a file may say anything that ONNX can.
        commands = [[lathe, "compile", "m.onnx", "--stop-after", phase] for phase in ("import", "place")]
    elif kind == "artifact":
        model = os.path.join(folder, "m.gguf")
        tiny.write(model, tiny.gguf())
        subprocess.run([lathe, "compile", model, "-o", model[:-4] + "lathe", "-q"], check=True)
        target, whole = "m.lathe", open(model[:-4] + "lathe", "rb").read()
        commands = [[lathe_run, "m.lathe", "-q", "-n", "2", "-t", "1", "--prompt-ids", "1,2", "--print-ids"]]
    else:
        sys.exit(__doc__)

    def prepare(number):
        """A folder with an undamaged model; the path of what is damaged in it."""
        place = os.path.join(folder, str(number))
        if "hf" in commands[0]:
            tiny.hf_folder(os.path.join(place, "hf"))
            return place, os.path.join(place, "hf", target)
        os.mkdir(place)
        tiny.write(os.path.join(place, "m.bin"), tiny.floats(128, "W"))
        return place, os.path.join(place, target)

    def run(case):
        number, (what, damage, must_fail) = case
        place, path = prepare(number)
        damage(path) if callable(damage) else tiny.write(path, damage)
        # Where several commands read a file, damaged ones take turns; an absurd value goes through all of them.
        chosen = commands if callable(damage) or must_fail else [commands[number % len(commands)]]
        found = []
        for command in chosen:
            names = [target, command[2 if command[0] == lathe else 1] + ":", command[2] + "/"]
            command = [os.path.join(place, part) if part in ("hf", "m.gguf", "m.onnx", "m.lathe") else part for part in command]
            # tokenize reads the tokenizer alone: other damage need not be seen.
            refused = must_fail == command[1] or must_fail is True and (kind == "tokenizer" or command[1] != "tokenize")
            if problem := problem_of(command, names, refused):
                found.append(f"{what} ({os.path.basename(command[0])} {command[1] if command[0] == lathe else ''}): {problem}")
        shutil.rmtree(place)
        return found

    cases = [("undamaged", whole, False)] + [(what, damaged, False) for what, damaged in cuts_and_flips(whole)]
    cases += absurd.cases(kind, whole)
    place, path = prepare("whole")
    tiny.write(path, whole)
    for command in commands:
        command = [os.path.join(place, part) if part in ("hf", "m.gguf", "m.onnx", "m.lathe") else part for part in command]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    with ThreadPoolExecutor(2) as pool:
        problems = [problem for found in pool.map(run, enumerate(cases)) for problem in found]
finally:
    shutil.rmtree(folder)
print("\n".join(problems) or f"{len(cases)} files of the kind {kind}")
sys.exit(bool(problems))
