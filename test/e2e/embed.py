"""embed.py CASES LATHE...: runs LATHE with each text of a JSON file and compares the vector with the file's: cosine and length.

CASES is a list of {"text", "vector"}, or TEXTS.json:GOLDEN.npz:ENTRY (which needs numpy)."""
import json
import math
import subprocess
import sys

path, *golden = sys.argv[1].split(":")
cases = json.load(open(path))
if golden:
    import numpy
    vectors = numpy.load(golden[0])[golden[1]].tolist()
    cases = [{"text": text, "vector": vector} for text, vector in zip(cases["texts"], vectors, strict=True)]
assert len(cases) >= 3
command = sys.argv[2:]
for case in cases:
    command += ["-p", case["text"]]
run = subprocess.run(command, capture_output=True, text=True)
if run.returncode:
    sys.exit(run.stderr)
vectors = [json.loads(line) for line in run.stdout.splitlines()]
assert len(vectors) == len(cases), len(vectors)
worst = 1.0
for case, vector in zip(cases, vectors):
    wanted = case["vector"]
    assert len(vector) == len(wanted), (len(vector), len(wanted))
    length = math.sqrt(sum(x * x for x in vector))
    cosine = sum(x * y for x, y in zip(vector, wanted)) / length / math.sqrt(sum(y * y for y in wanted))
    worst = min(worst, cosine)
    if cosine < 0.9999 or abs(length - 1) > 1e-5:
        sys.exit(f"{case['text'][:60]!r}: cosine {cosine:.6f}, length {length:.6f}")
print(f"{len(cases)} texts, lowest cosine {worst:.8f}")
