"""check.py LATHE FOLDER: `lathe check` names everything that is not supported at once, with a hint, and so do the commands that compile."""
import json
import os
import subprocess
import sys

here = os.path.dirname(__file__)
sys.path[:0] = [os.path.join(here, "..", "passes", "fusion", "sabotage"), os.path.join(here, "..", "e2e")]
import graph
import tiny_models
from graph import FLOAT, field, value_info

lathe, folder = sys.argv[1:]
os.makedirs(folder, exist_ok=True)


def call(*arguments):
    return subprocess.run([lathe, *arguments], capture_output=True, text=True, timeout=60)


def write(name, data):
    path = os.path.join(folder, name)
    tiny_models.write(path, data)
    return path


def check(path, *more):
    done = call("check", path, "--json", *more)
    assert done.returncode in (0, 1), done.stderr
    told = json.loads(done.stdout)
    assert told["works"] == (done.returncode == 0), told
    return told


# A good model: what it is.
good = write("good.onnx", graph.decoder([{}, {}]))
told = check(good)
assert told["works"] and told["format"] == "ONNX" and told["producer"] == "sabotage" and told["opsets"] == {"ai.onnx": 17}, told
assert told["inputs"] == [{"name": "input_ids", "type": "i64 (batch, tokens)"}], told["inputs"]
assert told["outputs"] == [{"name": "logits", "type": "f32 (batch, tokens, 32)"}], told["outputs"]
hidden, inner, kv = graph.HIDDEN, graph.INNER, graph.KV_HEADS * graph.SIZE
weights = 2 * (hidden * (2 * hidden + 2 * kv + 3 * inner + hidden + 3)) + 2 * graph.VOCABULARY * hidden + hidden
assert weights <= told["parameters"] < weights + 100 and told["nodes"] > 100, (told, weights)
assert told["unknown_sizes"] == [] and told["problems"] == [] and told["unsupported"] == [], told
assert "can be compiled" in call("check", good).stdout

# Operators that are not supported: all of them, the nodes counted, each with what might help.
g = graph.Graph()


def foreign(domain, kind):
    name = f"{kind}_{len(g.nodes)}"
    g.nodes.append(field(1, "x") + field(2, name) + field(3, "node " + name) + field(4, kind) + (field(7, domain) if domain else b""))
    return name


wanted = {("ai.onnx", "LSTM"): (1, "recurrent"), ("ai.onnx", "MatMull"): (1, "MatMul"),
          ("ai.onnx", "RMSNormalization"): (3, "opset 23"), ("ai.onnx", "FastGelu"): (1, "com.microsoft"),
          ("org.pytorch.aten", "ATen"): (2, "dynamo"), ("com.microsoft", "BeamSearch"): (1, "decoder alone"),
          ("my.own", "Thing"): (1, "someone's own"), ("ai.onnx.ml", "TreeEnsemble"): (1, "classical")}
results = [foreign("" if domain == "ai.onnx" else domain, name) for (domain, name), (count, _) in wanted.items() for _ in range(count)]
foreign("", "DeadAndUnknown")  # nothing needs it
out = g.op("Sum", "x", *results)
g.nodes.append(field(1, out) + field(2, "y") + field(3, "last") + field(4, "Identity"))
opsets = {"": 17, "com.microsoft": 1, "org.pytorch.aten": 1, "my.own": 3, "ai.onnx.ml": 5}
bad = write("bad.onnx", g.model([value_info("x", ["batch", 4], FLOAT)], [value_info("y", ["batch", 4], FLOAT)], opsets))
told = check(bad)
found = {(entry["domain"], entry["name"]): entry for entry in told["unsupported"]}
assert not told["works"] and found.keys() == wanted.keys(), found.keys()
for key, (count, hint) in wanted.items():
    entry = found[key]
    assert entry["count"] == count and hint in entry["hint"], (key, entry)
    assert entry["first"].startswith(f"node {key[1]}_") and entry["opset"] == opsets["" if key[0] == "ai.onnx" else key[0]], entry
text = call("check", bad).stdout
assert "ai.onnx.RMSNormalization, opset 17: 3 nodes, the first 'node RMSNormalization_2'" in text and "cannot be compiled" in text, text
for command in (["compile", bad, "-o", os.path.join(folder, "x.lathe")], ["exec", bad, "--inputs", good, "--outputs", good], ["explain", bad]):
    done = call(*command)
    assert done.returncode == 1, done
    assert all(f"{domain}.{name}" in done.stderr for domain, name in wanted), done.stderr
assert not os.path.exists(os.path.join(folder, "x.lathe"))

# GGUF: every type that is not supported, every tensor that is missing, an architecture nobody knows.
kinds = {"blk.0.attn_q.weight": 1000, "blk.1.attn_q.weight": 1000, "blk.1.ffn_up.weight": 1001}
typed = write("types.gguf", tiny_models.gguf(change=lambda name, entry: entry[:3] + (kinds.get(name, entry[3]), entry[4])))
problem, = check(typed)["problems"]
assert "'blk.0.attn_q.weight' and 2 more tensors" in problem and "1000, 1001" in problem, problem
gone = {"blk.0.attn_k.weight": "a", "blk.1.ffn_norm.weight": "b", "output_norm.weight": "c"}
missing = write("missing.gguf", tiny_models.gguf(
    change=lambda name, entry: (tiny_models.gguf_string(gone.get(name, name)),) + entry[1:]))
told = check(missing)
problem, = told["problems"]
assert all(f"'{name}'" in problem for name in gone) and "are missing" in problem, problem
assert told["format"] == "GGUF" and told["producer"] == "architecture llama" and told["parameters"] > 1000, told
deep = write("deep.gguf", tiny_models.gguf({"llama.block_count": 1 << 40}))
problem, = check(deep)["problems"]
assert "'blk.2.attn_norm.weight'" in problem and "and more are missing" in problem, problem
unknown = write("unknown.gguf", tiny_models.gguf({"general.architecture": "nonsense"}))
problem, = check(unknown)["problems"]
assert "'nonsense' is not supported" in problem and "llama" in problem, problem
fine = check(write("fine.gguf", tiny_models.gguf()))
assert fine["works"] and fine["inputs"][0]["name"] == "input_ids" and fine["outputs"][0]["name"] == "logits", fine

# A Hugging Face folder.
place = os.path.join(folder, "hf")
tiny_models.hf_folder(place)
assert check(place)["works"] and check(place)["format"] == "Hugging Face folder"
names = ["model.layers.0.mlp.up_proj.weight", "model.layers.1.self_attn.o_proj.weight"]
tiny_models.hf_folder(place, **{"model.safetensors": tiny_models.safetensors(
    change=lambda header: {("x." + name if name in names else name): entry for name, entry in header.items()})})
problem, = check(place)["problems"]
assert all(f"'{name}'" in problem for name in names), problem
print("everything that is not supported is named")
