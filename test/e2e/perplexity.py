"""perplexity.py EXPECTED RELATIVE COMMAND...: runs COMMAND (lathe eval) and compares the perplexity it prints."""
import re
import subprocess
import sys

expected, relative = float(sys.argv[1]), float(sys.argv[2])
run = subprocess.run(sys.argv[3:] + ["-q"], capture_output=True, text=True)
match = re.search(r"^perplexity = ([0-9.]+) \+/- [0-9.]+ over [0-9]+ tokens$", run.stdout, re.M)
if run.returncode != 0 or not match:
    sys.exit(f"exit status {run.returncode}: {run.stdout}{run.stderr}")
value = float(match.group(1))
print(f"perplexity {value}, expected {expected} within {100 * relative} %")
sys.exit(0 if abs(value - expected) <= relative * expected else 1)
