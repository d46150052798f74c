"""layers.py LATHE FOLDER: of five layers the fourth is off by one condition; `lathe explain` says so by itself, and `lathe compile --expect`
fails with that explanation."""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(__file__))
import graph

lathe, folder = sys.argv[1:]
os.makedirs(folder, exist_ok=True)


def call(*arguments):
    return subprocess.run([lathe, *arguments], capture_output=True, text=True)


def explain(name, layers):
    path = os.path.join(folder, name + ".onnx")
    with open(path, "wb") as file:
        file.write(graph.decoder(layers))
    done = call("explain", path, "--json")
    assert done.returncode == 0, done.stderr
    return path, json.loads(done.stdout)


path, told = explain("good", [{}] * 5)
assert told["layers"] == {"count": 5, "fused": 5, "different": []}, told["layers"]
assert told["near_misses"] == [] and told["step"]["formed"], told
attention, = (fusion for fusion in told["fusions"] if fusion["name"] == "attention")
assert [op["layer"] for op in attention["ops"]] == [0, 1, 2, 3, 4], attention
nodes = {node["operator"] for node in attention["ops"][2]["nodes"]}
assert {"MatMul", "Mul", "Add", "Softmax"} <= nodes, nodes
assert all(node["name"].startswith("layer.2.") for node in attention["ops"][2]["nodes"]), attention["ops"][2]
text = call("explain", path).stdout
assert "layers         5  all fused\n" in text and len(text.splitlines()) < 25, text

path, told = explain("axis", [{}, {}, {}, {"axis": 2}, {}])
assert told["layers"]["count"] == 5 and told["layers"]["fused"] == 4, told["layers"]
odd, = told["layers"]["different"]
assert odd["layer"] == 3 and "softmax is over axis 2" in odd["text"], odd
miss, = told["near_misses"]
place, = miss["places"]
assert miss["condition"] == "softmax-axis" and place["layer"] == 3, miss
assert place["at"]["name"].startswith("layer.3.Softmax") and place["at"]["operator"] == "Softmax", place
assert {"MatMul", "Mul", "Add", "Softmax"} <= {node["operator"] for node in place["spelled"]}, place
text = call("explain", path).stdout
assert "4 fused; layer 3 differs: attention: the softmax is over axis 2" in text and "nearly attention, 1 place in layer 3" in text, text

wrong = call("compile", path, "-q", "--expect", "attention=5")
assert wrong.returncode == 1 and "attention=4 instead of 5" in wrong.stderr and "layer 3 differs" in wrong.stderr, wrong.stderr
right = call("compile", path, "-q", "--expect", "attention=4")
assert right.returncode == 0, right.stderr

# A window in every other layer is an attribute, not a difference; all layers that fail alike are said once.
path, told = explain("windows", [{"window": 3}, {}, {"window": 3}, {}])
assert told["layers"] == {"count": 4, "fused": 4, "different": []}, told["layers"]
attention, = (fusion for fusion in told["fusions"] if fusion["name"] == "attention")
assert [op["attributes"].get("window") for op in attention["ops"]] == ["3", None, "3", None], attention
path, told = explain("all", [{"epsilon_outside": 1}] * 3)
miss, = told["near_misses"]
assert [place["layer"] for place in miss["places"]] == [0, 1, 2] and miss["condition"] == "epsilon-under-root", miss
assert "in all layers" in call("explain", path).stdout
print("layers are told apart")
