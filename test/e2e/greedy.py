"""greedy.py GREEDY.json[:TYPE] COMMAND...: runs COMMAND with each prompt's ids and compares the tokens it prints with the file's.

The file holds one case ({"prompt", "tokens"}), several ({"prompts": [...]}), or one prompt with tokens for each TYPE of weights ({"per_type": {...}}); it
was made by PyTorch, not by us."""
import json
import subprocess
import sys

path, _, kind = sys.argv[1].partition(":")
cases = json.load(open(path))
if kind:
    cases["tokens"] = cases["per_type"][kind]["tokens"]
failed = 0
for number, case in enumerate(cases.get("prompts", [cases])):
    expected = case["tokens"]
    command = sys.argv[2:] + ["--temp", "0", "--ignore-eos", "-n", str(len(expected)), "--print-ids", "-q",
                              "--prompt-ids", ",".join(map(str, case["prompt"]))]
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode != 0:
        sys.exit(f"prompt {number}: exit status {run.returncode}: {run.stderr}")
    tokens = [int(token) for token in run.stdout.strip().split(",")]
    if tokens != expected:
        failed += 1
        first = next((i for i, (a, b) in enumerate(zip(tokens, expected)) if a != b), min(len(tokens), len(expected)))
        print(f"prompt {number}: token {first} differs\n  expected {expected}\n  got      {tokens}", file=sys.stderr)
    else:
        print(f"prompt {number}: {len(tokens)} tokens as expected")
sys.exit(1 if failed else 0)
