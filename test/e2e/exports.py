"""exports.py LATHE FOLDER CASE...: each case of data/exports through `lathe exec --golden` (prefill and decode, or an encoder's texts) and, where it
has greedy.json, through `lathe run`: the tokens that PyTorch chose. Prints a line for each that fails. Tolerances are those of the exports' README."""
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

lathe, folder, cases = sys.argv[1], sys.argv[2], sys.argv[3:]
tolerances = {"llama-ts-fp16": ("0.05", "0.05"), "llama-dynamo-bf16": ("0.3", "0.05"), "phi-genai-fp32": ("0.003", "0.001")}


def problem(command):
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode == 0:
        return None
    lines = [line for line in (result.stderr + result.stdout).splitlines() if ", 0 of" not in line]
    return lines[-1] if lines else "exit status %d" % result.returncode


def check(case):
    model = os.path.join(folder, case, "model.onnx")
    atol, rtol = tolerances.get(case, ("0.001", "0.001"))
    problems = [problem([lathe, "exec", model, "--golden", os.path.join(folder, case, "golden.npz"), "--compute", "f32",
                         "--atol", atol, "--rtol", rtol])]
    greedy = os.path.join(folder, case, "greedy.json")
    if os.path.exists(greedy):
        problems.append(problem([sys.executable, os.path.join(os.path.dirname(__file__), "greedy.py"), greedy, lathe, "run",
                                 model, "--compute", "f32"]))
    return [case + ": " + text for text in problems if text]


with ThreadPoolExecutor(2) as pool:
    failures = [line for lines in pool.map(check, cases) for line in lines]
print("\n".join(failures) or f"{len(cases)} cases agree")
sys.exit(1 if failures else 0)
