"""architectures.py BIN: the tiny models of test/frontend/architectures as Hugging Face folders, compiled and run: the greedy tokens
are PyTorch's. The weights follow from their names, as make.py there says."""
import array
import json
import math
import pathlib
import struct
import subprocess
import sys
import tempfile

MASK = (1 << 64) - 1


def weights(name, shape, scale, offset):
    seed = 0xCBF29CE484222325
    for byte in name.encode():
        seed = (seed ^ byte) * 0x100000001B3 & MASK
    for i in range(math.prod(shape)):
        z = (i + seed) * 0x9E3779B97F4A7C15 & MASK
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & MASK
        z = (z ^ z >> 27) * 0x94D049BB133111EB & MASK
        z ^= z >> 31
        yield offset + scale * ((z >> 40) / 2.0**24 - 0.5)


def write(model, folder):
    (folder / "config.json").write_text(json.dumps(model["config"]))
    header, data = {}, array.array("f")
    for name, (shape, scale, offset) in model["tensors"].items():
        begin = 4 * len(data)
        data.extend(weights(name, shape, scale, offset))
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [begin, 4 * len(data)]}
    text = json.dumps(header).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data.tobytes())


failed = 0
models = sorted((pathlib.Path(__file__).parent.parent / "frontend/architectures").glob("*.json"))
for path in models:
    model = json.loads(path.read_text())
    with tempfile.TemporaryDirectory() as folder:
        write(model, pathlib.Path(folder))
        prompt, tokens = model["greedy"]["prompt"], model["greedy"]["tokens"]
        run = subprocess.run([sys.argv[1] + "/lathe", "run", folder, "--compute", "f32", "--temp", "0", "--ignore-eos", "-q", "--print-ids",
                              "-n", str(len(tokens)), "--prompt-ids", ",".join(map(str, prompt))], capture_output=True, text=True)
        if run.stdout.strip() != ",".join(map(str, tokens)):
            failed += 1
            print(f"{path.stem}: {run.stdout.strip()} instead of {tokens}\n{run.stderr}")
print(f"{len(models) - failed} of {len(models)} architectures give PyTorch's tokens")
sys.exit(1 if failed or not models else 0)
