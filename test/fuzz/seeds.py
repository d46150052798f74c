"""seeds.py FOLDER [SHARED_DATA]: first inputs for the fuzzers of model files, in FOLDER/<Fuzzer>/: tiny files of tiny_models.py, small parts of
this repository, and small real files where SHARED_DATA is."""
import json
import pathlib
import sys

source = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(source / "test/e2e"))
import tiny_models as tiny

folder = pathlib.Path(sys.argv[1])
shared = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else None
LARGEST = 1 << 19


def seed(fuzzer, name, data):
    (folder / fuzzer).mkdir(parents=True, exist_ok=True)
    tiny.write(folder / fuzzer / name, data)


seed("GgufFuzzer", "tiny", tiny.gguf()[:24000])
seed("GgufFuzzer", "metadata", tiny.gguf(tensor_count=0))
seed("SafetensorsFuzzer", "tiny", tiny.safetensors())
seed("OnnxFuzzer", "external", tiny.onnx())
seed("OnnxFuzzer", "inside", tiny.onnx(tiny.onnx_tensor("W", (16, 8), raw=tiny.floats(128, "W"))))
for kind in ("Relu", "Transpose", "Flatten", "Softmax", "Identity", "Shape", "LayerNormalization", "SkipSimplifiedLayerNormalization"):
    seed("OnnxFuzzer", kind, tiny.onnx(nodes=[tiny.onnx_node(kind, ["x"], ["y"])]))
seed("TokenizerJsonFuzzer", "tiny", tiny.tokenizer_json() + b"\0" + b'{"add_bos_token": true}\0{"eos_token_id": 1}')
for name, model in json.loads((source / "test/frontend/tokenizer/kinds.json").read_text())["models"].items():
    seed("TokenizerJsonFuzzer", name, json.dumps({"model": model}).encode())
for number, case in enumerate(json.loads((source / "test/runtime/chat/cases.json").read_text())):
    if isinstance(case, dict) and isinstance(case.get("template"), str):
        seed("ChatTemplateFuzzer", f"case{number}", case["template"].encode())
for path in sorted((source / "frontend/models").glob("*.lm")):
    seed("ModelLanguageFuzzer", path.stem, path.read_bytes())
if shared and shared.is_dir():
    for fuzzer, pattern in [("GgufFuzzer", "*.gguf"), ("SafetensorsFuzzer", "*.safetensors"), ("OnnxFuzzer", "*.onnx"),
                            ("TokenizerJsonFuzzer", "tokenizer.json"), ("NpzFuzzer", "golden.npz")]:
        small = sorted((path for path in shared.rglob(pattern) if path.stat().st_size < LARGEST), key=lambda path: (path.stat().st_size, path))
        for number, path in enumerate(small[:12]):
            seed(fuzzer, f"real{number}", path.read_bytes())
    for number, path in enumerate(sorted(shared.rglob("tokenizer_config.json"))[:40]):
        template = json.loads(path.read_text()).get("chat_template")
        if isinstance(template, str):
            seed("ChatTemplateFuzzer", f"real{number}", template.encode())
