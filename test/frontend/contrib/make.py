"""make.py [FILE...]: writes FILE.json for each FILE.py here: one node each, and what ONNX Runtime gives for it (needs numpy, onnx and
onnxruntime; recorded with onnxruntime 1.32.0, CPU, no graph optimisation).

Operands that follow the formula are not stored: element i of operand N of case C is scale * (u - 0.5) for floats and the top 8
bits for bytes (less 128 when signed), u = the top 24 bits of splitmix64(FNV-1a("C/N") + i) over 2^24; the test computes them too.
Where ONNX Runtime has no kernel for the CPU, or looks at less than the operator's document says, a case gives its formula in
numpy instead ("judge" says which). Of large outputs about 48 elements are stored."""
import json
import pathlib
import runpy
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper

TYPES = {"float32": ("f32", 1), "uint8": ("u8", 2), "int8": ("i8", 3), "uint16": ("u16", 4), "int16": ("i16", 5), "int32": ("i32", 6),
         "int64": ("i64", 7), "bool": ("bool", 9), "float16": ("f16", 10)}
MASK = (1 << 64) - 1


def mixed(text, count):
    seed = 0xcbf29ce484222325
    for byte in text.encode():
        seed = (seed ^ byte) * 0x100000001b3 & MASK
    z = (np.arange(count, dtype=np.uint64) + np.uint64(seed)) + np.uint64(0x9e3779b97f4a7c15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xbf58476d1ce4e5b9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94d049bb133111eb)
    return z ^ (z >> np.uint64(31))


class Operand:
    """A named operand; its elements follow the formula, or are `values`."""

    def __init__(self, name, shape=None, scale=2.0, kind="float32", values=None, dims=None, constant=False, nibbles=None):
        self.name, self.scale, self.kind, self.constant, self.nibbles = name, scale, kind, constant, nibbles
        self.values = None if values is None else np.asarray(values)
        self.shape = list(self.values.shape) if shape is None else list(shape)
        self.dims = dims or self.shape
        if self.values is not None:
            self.kind = str(self.values.dtype)

    def array(self, case):
        if self.values is not None:
            return self.values
        bits = mixed(f"{case}/{self.name}", int(np.prod(self.shape))).reshape(self.shape)
        if self.kind in ("uint8", "int8"):
            return ((bits >> np.uint64(56)).astype(np.int64) - (128 if self.kind == "int8" else 0)).astype(self.kind)
        unit = (bits >> np.uint64(40)).astype(np.float64) / (1 << 24)
        return (self.scale * (unit - 0.5)).astype(np.float32).astype(self.kind)

    def tensor(self, array):
        if self.nibbles:
            return helper.make_tensor(self.name, {"u4": 21, "i4": 22}[self.nibbles], array.shape, array.flatten().tolist())
        return numpy_helper.from_array(array, self.name)

    def entry(self):
        result = dict(name=self.name, type=self.nibbles or TYPES[self.kind][0], shape=self.shape, dims=[str(size) for size in self.dims],
                      constant=self.constant)
        if self.values is None:
            result["scale"] = self.scale
        else:
            result["values"] = [rounded(value) for value in self.values.flatten().tolist()]
        return result


def rounded(value):
    return float(f"{value:.7g}") if isinstance(value, float) else value


class Cases(list):
    def add(self, name, op, operands, attributes=None, outputs=("y",), domain="com.microsoft", opset=21, tolerance=1e-4, expected=None,
            valid=None, types=None):
        """`expected(arrays)` gives the outputs by a formula; `valid(output, array)` picks the elements that are specified."""
        operands = [operand for operand in operands]
        arrays = {operand.name: operand.array(name) for operand in operands if operand}
        node = helper.make_node(op, [operand.name if operand else "" for operand in operands], list(outputs), domain=domain, **(attributes or {}))
        inputs = [helper.make_tensor_value_info(o.name, TYPES[o.kind][1], o.dims) for o in operands if o and not o.constant]
        results = [helper.make_tensor_value_info(output, (types or {}).get(output, 0), None) if types and output in types
                   else onnx.ValueInfoProto(name=output) for output in outputs if output]
        graph = helper.make_graph([node], "graph", inputs, results, [o.tensor(arrays[o.name]) for o in operands if o and o.constant])
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset), helper.make_opsetid("com.microsoft", 1)], ir_version=10)
        if expected:
            values = {key: np.asarray(value) for key, value in expected(arrays).items()}
        else:
            options = onnxruntime.SessionOptions()
            options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
            session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
            feeds = {o.name: arrays[o.name] for o in operands if o and not o.constant}
            wanted = [output for output in outputs if output]
            values = dict(zip(wanted, session.run(wanted, feeds)))
        entries = []
        for output, array in values.items():
            places = np.arange(array.size).reshape(array.shape)
            places = (valid(output, places) if valid else places).flatten()
            places = places[::-(-len(places) // 48) or 1]
            step = int(places[1] - places[0]) if len(places) > 1 else 1
            regular = places.tolist() == list(range(0, array.size, step))
            entries.append(dict(name=output, shape=list(array.shape), **({"step": step} if regular else {"places": places.tolist()}),
                                values=[rounded(value) for value in array.astype(np.float64).flatten()[places].tolist()]))
        self.append(dict(name=name, op=op, domain=domain, opset=opset, attributes=attributes or {}, tolerance=tolerance,
                         judge="formula" if expected else "onnxruntime", outputs=list(outputs),
                         operands=[operand.entry() if operand else None for operand in operands], expected=entries))


if __name__ == "__main__":
    here = pathlib.Path(__file__).parent
    sys.modules["make"] = sys.modules["__main__"]
    for path in sorted(here.glob("*.py")):
        if path.name == "make.py" or (len(sys.argv) > 1 and path.stem not in sys.argv[1:]):
            continue
        cases = runpy.run_path(str(path))["cases"]
        text = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
        (here / f"{path.stem}.json").write_text(f"[\n{text}\n]\n")
        print(path.stem, len(cases))
