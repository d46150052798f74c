"""Compares `lathe bench` with llama.cpp on one GGUF, in turns on the same machine.

  python3 bench/against_llama_cpp.py MODEL.gguf [--lathe build/bin/lathe] [-t 2] [-p 512] [-n 128] [-r 5]

Needs the PyPI package llama-cpp-python (it builds llama.cpp from source for this machine). Both sides feed N tokens at once (prefill) or one
at a time (decoding) into an empty cache and compute the last token's logits; loading is not counted. Prints medians and the ratio pair by pair."""
import argparse
import ctypes
import json
import statistics
import subprocess
import time

import llama_cpp

parser = argparse.ArgumentParser()
parser.add_argument("model")
parser.add_argument("--lathe", default="build/bin/lathe")
parser.add_argument("-t", type=int, default=2)
parser.add_argument("-p", type=int, default=512)
parser.add_argument("-n", type=int, default=128)
parser.add_argument("-r", type=int, default=5)
options = parser.parse_args()


@llama_cpp.llama_log_callback
def quiet(level, text, data):
    pass


llama_cpp.llama_log_set(quiet, ctypes.c_void_p(0))
model = llama_cpp.llama_model_load_from_file(options.model.encode(), llama_cpp.llama_model_default_params())
params = llama_cpp.llama_context_default_params()
params.n_ctx = max(options.p, options.n) + 8
params.n_batch = max(512, options.p)
params.n_threads = params.n_threads_batch = options.t
context = llama_cpp.llama_init_from_model(model, params)


def decode(tokens):
    array = (llama_cpp.llama_token * len(tokens))(*tokens)
    if llama_cpp.llama_decode(context, llama_cpp.llama_batch_get_one(array, len(tokens))) != 0:
        raise SystemExit("llama_decode failed")


def theirs(prompt, generate):
    llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(context), True)
    start = time.perf_counter()
    if prompt:
        decode([(i * 7919) % 1000 + 100 for i in range(prompt)])
    for i in range(generate):
        decode([(i * 7919) % 1000 + 100])
    return (prompt + generate) / (time.perf_counter() - start)


def ours(prompt, generate):
    command = [options.lathe, "bench", options.model, "-p", str(prompt), "-n", str(generate), "-t", str(options.t), "-r", "1", "-o", "json", "-q"]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)[0]


for name, prompt, generate in ((f"pp{options.p}", options.p, 0), (f"tg{options.n}", 0, options.n)):
    theirs(prompt, generate)
    pairs, share = [], []
    for _ in range(options.r):
        row = ours(prompt, generate)
        pairs.append((row["avg_ts"], theirs(prompt, generate)))
        share.append(row["bytes_per_second"] / row["memory_bytes_per_second"])
    ratio = sorted(a / b for a, b in pairs)
    print(f"{name}: lathe {statistics.median(a for a, _ in pairs):.1f} t/s, llama.cpp {statistics.median(b for _, b in pairs):.1f} t/s, "
          f"ratio {statistics.median(ratio):.2f} ({ratio[0]:.2f} .. {ratio[-1]:.2f}), {100 * statistics.median(share):.0f}% of the memory's bandwidth")
