"""padded.py LATHE FOLDER CASE...: a batch of three with padding on the left, through `lathe exec`. Each row is the golden prompt of the case behind 4, 2 and 0
tokens of padding, with other tokens after it; then one token after a cache with garbage in front. The tokens of the prompt, and the token after it, must
have the golden logits, which ONNX Runtime computed without padding: a causal model does not see what comes after, nor what is masked."""
import array
import io
import os
import struct
import subprocess
import sys
import tempfile
import zipfile
from concurrent.futures import ThreadPoolExecutor

lathe, folder, cases = sys.argv[1], sys.argv[2], sys.argv[3:]
codes = {"<f4": "f", "<i8": "q"}


def read(archive, name):
    """(shape, type, array) of an entry of an .npz file."""
    data = archive.read(name + ".npy")
    start = 10 + struct.unpack("<H", data[8:10])[0]
    head = eval(data[10:start].decode(), {})
    assert not head["fortran_order"]
    values = array.array(codes[head["descr"]])
    values.frombytes(data[start:])
    return list(head["shape"]), head["descr"], values


def write(path, entries):
    with zipfile.ZipFile(path, "w") as archive:
        for name, (shape, kind, values) in entries.items():
            text = str({"descr": kind, "fortran_order": False, "shape": tuple(shape)})
            text += " " * (63 - (len(text) + 10) % 64) + "\n"
            out = io.BytesIO()
            out.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode())
            out.write(array.array(codes[kind], values).tobytes())
            archive.writestr(name + ".npy", out.getvalue())


def execute(model, entries):
    with tempfile.TemporaryDirectory() as scratch:
        inputs, outputs = os.path.join(scratch, "in.npz"), os.path.join(scratch, "out.npz")
        write(inputs, entries)
        result = subprocess.run([lathe, "exec", model, "--inputs", inputs, "--outputs", outputs, "--compute", "f32", "-q"], capture_output=True, text=True)
        if result.returncode:
            raise SystemExit(model + ": " + result.stderr)
        return read(zipfile.ZipFile(outputs), "logits")


def difference(got, expected):
    return max(abs(a - b) / (1 + abs(b)) for a, b in zip(got, expected))


def check(case):
    model = os.path.join(folder, case, "model.onnx")
    golden = zipfile.ZipFile(os.path.join(folder, case, "golden.npz"))
    names = {entry[len("prefill/in."):-len(".npy")] for entry in golden.namelist() if entry.startswith("prefill/in.")}
    shape, _, prompt = read(golden, "prefill/in.input_ids")
    _, _, logits = read(golden, "prefill/out.logits")
    length, columns = shape[1], len(logits) // shape[1]
    pads, total = [4, 2, 0], length + 4
    ids, mask, positions = [], [], []
    for pad in pads:
        ids += [0] * pad + list(prompt) + [7 + i for i in range(total - length - pad)]
        mask += [0] * pad + [1] * (total - pad)
        positions += [0] * pad + list(range(total - pad))
    entries = {"input_ids": ([3, total], "<i8", ids), "attention_mask": ([3, total], "<i8", mask), "position_ids": ([3, total], "<i8", positions)}
    for name in names - set(entries):
        past = read(golden, "prefill/in." + name)[0]
        entries[name] = ([3] + past[1:], "<f4", [])
    _, _, got = execute(model, {name: entry for name, entry in entries.items() if name in names})
    worst = 0
    for row, pad in enumerate(pads):
        first = (row * total + pad) * columns
        worst = max(worst, difference(got[first:first + length * columns], logits))
    pasts = [name for name in names if name not in entries or name.startswith("past")]
    if pasts:
        worst = max(worst, afterGarbage(model, golden, pasts, names, length))
    return [] if worst < 1e-3 else ["%s: logits differ by %g" % (case, worst)]


def afterGarbage(model, golden, pasts, names, length):
    """One token after a cache whose first five places hold garbage that is masked."""
    junk = 5
    _, _, token = read(golden, "decode/in.input_ids")
    _, _, logits = read(golden, "decode/out.logits")
    entries = {"input_ids": ([3, 1], "<i8", list(token) * 3), "attention_mask": ([3, junk + length + 1], "<i8", ([0] * junk + [1] * (length + 1)) * 3),
               "position_ids": ([3, 1], "<i8", [length] * 3)}
    for name in pasts:
        (_, heads, tokens, width), _, values = read(golden, "decode/in." + name)
        rows = []
        for row in range(3):
            for head in range(heads):
                rows += [3.0 * row + head - i % 5 for i in range(junk * width)]
                rows += list(values[head * tokens * width:(head + 1) * tokens * width])
        entries[name] = ([3, heads, junk + tokens, width], "<f4", rows)
    _, _, got = execute(model, {name: entry for name, entry in entries.items() if name in names})
    return max(difference(got[row * len(logits):(row + 1) * len(logits)], logits) for row in range(3))


with ThreadPoolExecutor(2) as pool:
    failures = [line for lines in pool.map(check, cases) for line in lines]
print("\n".join(failures) or f"{len(cases)} cases agree")
sys.exit(1 if failures else 0)
