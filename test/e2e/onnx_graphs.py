"""onnx_graphs.py check ANSWERS.json FOLDER LATHE: runs each graph below FOLDER that the answers name and compares outputs and fusions.

onnx_graphs.py record ANSWERS.json FOLDER (with onnx, numpy and onnxruntime; the file holds what version 1.32.0 gave on the CPU, without
graph optimisation): the answers are about 24 elements of each output, and the norms, gelus and attentions that the nodes of the file
spell. Graphs that ONNX Runtime refuses for every size tried, and one without outputs, are left out.

Element i of input N of a graph is sin(k) for floats, k mod 2 for integers and booleans (k mod 90 for bytes), k = 7 i + length of N."""
import json
import math
import os
import pathlib
import re
import struct
import subprocess
import sys
import tempfile
import zipfile

KINDS = {"f4": ("f", 1), "f2": ("e", 10), "i8": ("q", 7), "i4": ("i", 6), "b1": ("?", 9), "u1": ("B", 2), "i1": ("b", 3), "u2": ("H", 4), "i2": ("h", 5)}


def elements(name, kind, shape):
    places = range(len(name), len(name) + 7 * math.prod(shape), 7)
    return [math.sin(k) for k in places] if kind[0] == "f" else [k % (90 if kind in ("u1", "i1") else 2) for k in places]


def write_npz(path, inputs):
    with zipfile.ZipFile(path, "w") as archive:
        for name, (kind, shape) in inputs.items():
            values = elements(name, kind, shape)
            head = f"{{'descr': '{'|' if kind[1] == '1' else '<'}{kind}', 'fortran_order': False, 'shape': ({''.join(f'{size},' for size in shape)}), }}"
            head += " " * (-(len(head) + 11) % 64) + "\n"
            data = struct.pack(f"<{len(values)}{KINDS[kind][0]}", *values)
            archive.writestr(name + ".npy", b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode() + data)


def read_npz(path):
    with zipfile.ZipFile(path) as archive:
        for entry in archive.namelist():
            data = archive.read(entry)
            size = struct.unpack("<H", data[8:10])[0]
            head = eval(data[10:10 + size], {})  # written by the program under test a moment ago
            kind = head["descr"][1:]
            count = math.prod(head["shape"])
            yield entry[:-4], (list(head["shape"]), struct.unpack(f"<{count}{KINDS[kind][0]}", data[10 + size:10 + size + count * int(kind[1])]))


def difference(output, got):
    shape, values = got
    if shape != output["shape"]:
        return f"shape {shape} instead of {output['shape']}"
    limit = output["tolerance"] * (1 + max(map(abs, output["values"]), default=0))
    for place, expected in zip(range(0, len(values), output["step"]), output["values"]):
        if not abs(values[place] - expected) <= limit:
            return f"element {place} is {values[place]} instead of {expected}"
    return None


def check(answers, folder, lathe):
    failures = []
    for name, answer in json.load(open(answers)).items():
        model = os.path.join(folder, name)
        with tempfile.TemporaryDirectory() as temporary:
            write_npz(temporary + "/in.npz", answer["inputs"])
            run = subprocess.run([lathe, "exec", model, "--inputs", temporary + "/in.npz", "--outputs", temporary + "/out.npz", "-q", "--compute",
                                  "f32"], capture_output=True, text=True)
            if run.returncode:
                failures.append(f"{name}: exit status {run.returncode}: {run.stderr.strip()}")
                continue
            outputs = dict(read_npz(temporary + "/out.npz"))
        for key, output in answer["outputs"].items():
            if problem := difference(output, outputs[key]):
                failures.append(f"{name}: {key}: {problem}")
        text = subprocess.run([lathe, "compile", model, "--stop-after", "fuse"], capture_output=True, text=True).stdout
        for ops, count in answer["fused"].items():
            found = len(re.findall(rf"= llm\.({ops})\b", text))
            if found != count:
                failures.append(f"{name}: {found} of {ops} were formed, {count} are spelled")
    print("\n".join(failures))
    sys.exit(1 if failures else 0)


def inputs_of(model, given, choice):
    sizes, result, names = {}, {}, [value.name for value in model.graph.input]
    for value in model.graph.input:
        if value.name in given:
            continue
        shape = []
        for axis, dim in enumerate(value.type.tensor_type.shape.dim):
            total = 5 if value.name == "attention_mask" and axis == 1 and "past_0" in names else 3 if "past" in (dim.dim_param or value.name) and axis > 1 else 2
            shape.append(dim.dim_value if dim.dim_value > 0 else sizes.setdefault(dim.dim_param or f"{value.name}{axis}", choice or total))
        result[value.name] = (next(k for k, (_, number) in KINDS.items() if number == value.type.tensor_type.elem_type), shape)
    return result


def record(answers, folder):
    import numpy
    import onnx
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    result = {}
    for path in sorted(pathlib.Path(folder).glob("ort-*/**/*.onnx")):
        model = onnx.load(path)
        if not model.graph.output:
            continue
        for choice in (0, 2, 1):
            inputs = inputs_of(model, {i.name for i in model.graph.initializer}, choice)
            feeds = {n: numpy.array(elements(n, k, s)).astype(k).reshape(s) for n, (k, s) in inputs.items()}
            try:
                outputs = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"]).run(None, feeds)
                break
            except Exception:
                outputs = None
        if outputs is None:
            continue
        ops = [node.op_type for node in model.graph.node]
        halves = any(i.data_type == 10 for i in model.graph.initializer) or any(k == "f2" for k, _ in inputs.values())
        # Means over other axes than the last are no norm of rows; two norms of one graph are the same, and become one.
        rows = all([list(a.ints) for a in node.attribute if a.name == "axes"] == [[-1]] for node in model.graph.node
                   if node.op_type == "ReduceMean")
        norms = (ops.count("Sqrt") if rows else 0) + sum(op.endswith("LayerNormalization") for op in ops) - (path.stem == "layer_norm_shared_input")
        fused = dict(attention=sum(op in ("Softmax", "Attention", "MultiHeadAttention") for op in ops),
                     gelu=sum(op in ("Erf", "Tanh", "Gelu", "FastGelu", "BiasGelu") for op in ops), **{"layer_norm|rms_norm": norms})
        entry = {"inputs": inputs, "outputs": {}, "fused": fused}
        for output, values in zip(model.graph.output, outputs):
            step = -(-values.size // 24) or 1
            entry["outputs"][output.name] = dict(shape=list(values.shape), step=step, tolerance=2e-2 if halves else 1e-3, values=[
                float(f"{x:.6g}") for x in values.astype(float).flatten()[::step].tolist()])
        result[str(path.relative_to(folder))] = entry
    lines = ",\n".join(f"{json.dumps(name)}:{json.dumps(entry, separators=(',', ':'))}" for name, entry in result.items())
    pathlib.Path(answers).write_text("{\n" + lines + "\n}\n")
    print(len(result), "graphs")


if __name__ == "__main__":
    record(*sys.argv[2:]) if sys.argv[1] == "record" else check(*sys.argv[2:])
