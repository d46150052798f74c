"""make_cases.py FOLDER: the node cases of onnx.backend.test, as folders FOLDER/NAME with model.onnx and test_data_set_0/{input,output}_N.pb.

`python -m onnx.backend.test.cmd_tools generate-data` writes the few model cases alone, so the node cases are written here, in the same form.
FOLDER/index.json says which operators each case uses; it is written last, with the version of onnx, so that it tells a complete folder.
"""
import json
import pathlib
import shutil
import sys
import warnings

import numpy
import onnx
from onnx import numpy_helper

warnings.filterwarnings("ignore")


def operators(graph):
    for node in graph.node:
        yield node.op_type if node.domain in ("", "ai.onnx") else f"{node.domain}.{node.op_type}"
        for attribute in node.attribute:
            for inner in [attribute.g] * attribute.HasField("g") + list(attribute.graphs):
                yield from operators(inner)


def message(value, info):
    """The value of a graph's input or output as the message its type asks for, with its name."""
    kind = info.type.WhichOneof("value")
    if isinstance(value, onnx.TensorProto):
        value = onnx.TensorProto.FromString(value.SerializeToString())
        value.name = info.name
        return value
    if kind == "map_type":
        return numpy_helper.from_dict(value, info.name)
    if kind == "sequence_type":
        return numpy_helper.from_list(value, info.name)
    if kind == "optional_type":
        return numpy_helper.from_optional(value, info.name)
    return numpy_helper.from_array(numpy.asarray(value), info.name)


def main(folder):
    from onnx.backend.test.case.node import collect_testcases

    shutil.rmtree(folder, ignore_errors=True)
    index = {}
    for case in collect_testcases(None):
        place = folder / case.name
        place.mkdir(parents=True)
        (place / "model.onnx").write_bytes(case.model.SerializeToString())
        for number, (inputs, outputs) in enumerate(case.data_sets):
            data = place / f"test_data_set_{number}"
            data.mkdir()
            for name, values, infos in (("input", inputs, case.model.graph.input), ("output", outputs, case.model.graph.output)):
                for i, (value, info) in enumerate(zip(values, infos)):
                    (data / f"{name}_{i}.pb").write_bytes(message(value, info).SerializeToString())
        index[case.name] = {"operators": sorted(set(operators(case.model.graph))), "rtol": case.rtol, "atol": case.atol}
    (folder / "index.json").write_text(json.dumps({"onnx": onnx.__version__, "cases": index}))


main(pathlib.Path(sys.argv[1]))
