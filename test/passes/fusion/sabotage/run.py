"""run.py LATHE FOLDER FIRST LAST: writes the variants with these numbers, and checks of each that what must not be fused is not, that
`lathe explain` names the condition, and that the CPU gives what the reference evaluator gives for the graph as it was imported."""
import json
import os
import struct
import subprocess
import sys
import zipfile

sys.path.insert(0, os.path.dirname(__file__))
import graph
from variants import BASE, VARIANTS

lathe, folder, first, last = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
os.makedirs(folder, exist_ok=True)
problems = []


def call(*arguments):
    done = subprocess.run([lathe, *arguments], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout


def write_npz(path, name, dims, values):
    header = f"{{'descr': '<i8', 'fortran_order': False, 'shape': {tuple(dims)}, }}".ljust(117) + "\n"
    data = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + struct.pack(f"<{len(values)}q", *values)
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(name + ".npy", data)


def read_npz(path, name):
    with zipfile.ZipFile(path) as file:
        data = file.read(name + ".npy")
    begin = 10 + struct.unpack_from("<H", data, 8)[0]
    assert "<f4" in data[:begin].decode("latin1"), data[:begin]
    return struct.unpack(f"<{(len(data) - begin) // 4}f", data[begin:])


def check(number, name, otherwise, left, misses):
    model = os.path.join(folder, f"{number}.onnx")
    with open(model, "wb") as file:
        file.write(graph.decoder([otherwise]))
    told = json.loads(call("explain", model, "--json"))
    # A single layer is none that repeats: the final norm is left out by hand.
    counts = {fusion["name"]: fusion["count"] for fusion in told["fusions"]}
    counts["rms_norm"] = counts.get("rms_norm", 0) - 1
    for fusion, count in {**BASE, **left}.items():
        if counts.get(fusion, 0) != count:
            problems.append(f"{number}, {name}: {counts.get(fusion, 0)} {fusion}, wanted {count}; told {told['near_misses']}")
    got = sorted({(miss["fusion"], miss["condition"]) for miss in told["near_misses"]})
    if got != sorted(misses or []):
        problems.append(f"{number}, {name}: told {got}, wanted {misses}; {[miss['text'] for miss in told['near_misses']]}")
    for miss in told["near_misses"]:
        if not miss["text"] or not all(place["at"]["name"].startswith("layer.0.") for place in miss["places"]):
            problems.append(f"{number}, {name}: a near miss without a text, or in another place: {miss}")
    inputs, cpu, reference = (os.path.join(folder, f"{number}.{kind}.npz") for kind in ("in", "cpu", "reference"))
    write_npz(inputs, "input_ids", (2, 4), [3, 17, 5, 30, 8, 8, 21, 0])
    call("exec", model, "--inputs", inputs, "--outputs", cpu, "--compute", "f32")
    call("exec", model, "--inputs", inputs, "--outputs", reference, "--evaluate")
    a, b = read_npz(cpu, "logits"), read_npz(reference, "logits")
    worst = max((abs(x - y) for x, y in zip(a, b)), default=1)
    if len(a) != len(b) or len(a) != 2 * 4 * graph.VOCABULARY or not worst <= 2e-4 or max(map(abs, a)) < 0.1:
        problems.append(f"{number}, {name}: the CPU differs from the reference by {worst}")


everything = [("as exporters write it", {}, {}, None)] + VARIANTS
for number in range(first, min(last + 1, len(everything))):
    try:
        check(number, *everything[number])
    except RuntimeError as error:
        problems.append(f"{number}, {everything[number][0]}: {error}")
print("\n".join(problems) or f"{min(last + 1, len(everything)) - first} variants are as they must be")
sys.exit(1 if problems else 0)
