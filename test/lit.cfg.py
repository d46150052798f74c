# How lit runs the tests of this folder; build/test/lit.site.cfg.py says where things are and loads this file.
import os
import sys

sys.path.insert(0, os.path.dirname(__file__))
from program_format import ProgramOrShell

config.name = "lathe"
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = config.lathe_build_test
config.test_format = ProgramOrShell(config.lathe_build_test)
config.suffixes = [".test"] if config.lathe_runtime_only else [".mlir", ".test"]
config.excludes = ["inputs"]

config.environment["PATH"] = os.pathsep.join([config.lathe_bin, config.llvm_tools, os.environ.get("PATH", "")])
config.environment["LATHE_CACHE_DIR"] = os.path.join(config.lathe_build_test, "cache")
for name in ("HOME", "ASAN_OPTIONS", "UBSAN_OPTIONS"):
    if name in os.environ:
        config.environment[name] = os.environ[name]

if not config.lathe_runtime_only:
    config.available_features.add("compiler")
if os.path.isdir(config.shared_data):
    config.available_features.add("shared-data")

# The small real model that tools/setup --model fetches.
model = os.path.join(os.path.dirname(config.test_source_root), ".cache", "models", "SmolLM2-135M-Instruct.Q4_1.gguf")
if os.path.isfile(model):
    config.available_features.add("smollm2")

# The small real encoder that it fetches too.
minilm = os.path.join(os.path.dirname(model), "all-MiniLM-L6-v2")
if os.path.isdir(minilm):
    config.available_features.add("minilm")

# Python with the packages that tests compare with (tools/setup --model).
environment = os.path.join(os.path.dirname(config.test_source_root), ".cache", "venv")
if os.path.isfile(os.path.join(environment, "peers")):
    config.available_features.add("peers")

config.substitutions += [
    ("%smollm2", model),
    ("%minilm", minilm),
    ("%bin", config.lathe_bin),
    ("%lathe-run", os.path.join(config.lathe_bin, "lathe-run")),
    # What every file of test/ops is run with; each backend that is built is named here.
    ("%run-checks", "lathe-opt --run-checks=backend=reference,cpu"),
    ("%shared_data", config.shared_data),
    ("%lathe", os.path.join(config.lathe_bin, "lathe")),
    ("%python-with-peers", os.path.join(environment, "bin", "python")),
    ("%python", sys.executable),
    ("%source", os.path.dirname(config.test_source_root)),
]
# lit can end a shell test that hangs where psutil is installed; programs have a limit of their own.
if lit_config.maxIndividualTestTimeIsSupported[0]:
    lit_config.maxIndividualTestTime = 300
