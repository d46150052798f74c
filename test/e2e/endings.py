"""endings.py BIN: full disks, interrupts, two at once, a cache that cannot be written: what is left behind, and the exit status."""
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time

import tiny_models as tiny

lathe, lathe_run = (os.path.join(os.path.abspath(sys.argv[1]), name) for name in ("lathe", "lathe-run"))
problems = []
folder = tempfile.TemporaryDirectory(prefix="lathe-endings-")
os.chdir(folder.name)
tiny.write("m.gguf", tiny.gguf())
IDS = ["--prompt-ids", "5,6,7", "--print-ids", "-n", "8", "--temp", "0", "--ignore-eos"]


def expect(what, holds, run=None):
    if not holds:
        problems.append(f"{what}{f': exit status {run.returncode}, stderr {run.stderr!r}' if run else ''}")


def run(*command, cache, largest_file=None, **options):
    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))
    environment = {**os.environ, "LATHE_CACHE_DIR": os.path.abspath(cache)}
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120,
                          preexec_fn=limit if largest_file is not None else None, **options)


def left(cache="cache"):
    """Files that are neither the model nor whole cache entries."""
    files = [name for name in os.listdir(".") if name.startswith("out") or ".lathe" in name]
    return files + ([name for name in os.listdir(cache) if not name.endswith(".entry")] if os.path.isdir(cache) else [])


# ---- a full disk ----
# The limit on a file's size is one on memory files too, in which code is linked: so kernels come from the cache here.
good = run(lathe, "compile", "m.gguf", "-o", "good.lathe", cache="cache")
expect("an undamaged model is compiled", good.returncode == 0, good)
os.rename("good.lathe", "good")
good = run(lathe, "run", "m.gguf", *IDS, cache="cache")
expect("an undamaged model runs", good.returncode == 0 and len(good.stdout.split(",")) == 8, good)
tokens = good.stdout
for largest in (0, 100, 5000, 100000):
    full = run(lathe, "compile", "m.gguf", "-o", "out.lathe", cache="cache", largest_file=largest)
    expect(f"a disk that takes {largest} bytes of the artifact", full.returncode == 1 and full.stderr.startswith("error: ") and
           "out.lathe" in full.stderr and "File too large" in full.stderr, full)
    expect(f"{largest} bytes leave {left()}", not left())
# A real small disk, where this process may mount one.
os.mkdir("full")
mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "lathe-test", "full"], capture_output=True).returncode == 0
if mounted:
    try:
        full = run(lathe, "run", "m.gguf", *IDS, cache="full")
        expect("a full disk under the cache", full.returncode == 0 and full.stdout == tokens and full.stderr.count("warning: ") == 1 and
               "full" in full.stderr and "No space left" in full.stderr, full)
        expect(f"a full cache leaves {left('full')}", not left("full"))
        full = run(lathe, "compile", "m.gguf", "-o", "full/out.lathe", cache="cache")
        expect("a full disk", full.returncode == 1 and full.stderr.startswith("error: full/out.lathe: ") and "No space left" in full.stderr, full)
        expect(f"a full disk leaves {os.listdir('full')}", all(name.endswith(".entry") for name in os.listdir("full")))
    finally:
        subprocess.run(["umount", "full"], check=True)
with open("/dev/full", "w") as device:
    for command in ([lathe, "compile", "m.gguf", "--stop-after", "import"], [lathe, "run", "m.gguf", *IDS]):
        full = subprocess.run(command, stdout=device, stderr=subprocess.PIPE, text=True, timeout=120,
                              env={**os.environ, "LATHE_CACHE_DIR": os.path.abspath("cache")})
        expect(f"{command[1]} to a full standard output", full.returncode == 1 and "standard output" in full.stderr, full)

# ---- a cache that cannot be written ----
tiny.write("file", b"")
for cache in ("file", "file/below"):
    warned = run(lathe, "run", "m.gguf", *IDS, cache=cache)
    expect(f"a cache at {cache}", warned.returncode == 0 and warned.stdout == tokens and warned.stderr.count("warning: ") == 1 and
           cache in warned.stderr, warned)

# ---- two at once on an empty cache ----
environment = {**os.environ, "LATHE_CACHE_DIR": os.path.abspath("both")}
both = [subprocess.Popen([lathe, "run", "m.gguf", *IDS, "-q"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
        for _ in range(2)]
for process in both:
    out, err = process.communicate(timeout=120)
    expect(f"two at once: exit status {process.returncode}, {out!r}, {err!r}", process.returncode == 0 and out == tokens and err == "")
expect(f"two at once leave {left('both')}", not left("both"))
verified = run(lathe, "cache", "verify", cache="both")
expect("the cache of two at once verifies", verified.returncode == 0, verified)


# ---- interrupts ----
def interrupt(delay, *command, cache):
    """Exit status, stdout and stderr of a command that gets SIGINT after `delay` seconds."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               env={**os.environ, "LATHE_CACHE_DIR": os.path.abspath(cache)})
    time.sleep(delay)
    process.send_signal(signal.SIGINT)
    began = time.monotonic()
    out, err = process.communicate(timeout=120)
    expect(f"{command[1]} went on for {time.monotonic() - began:.1f} s after an interrupt", time.monotonic() - began < 20)
    return process.returncode, out, err


interrupted = 0
for number, delay in enumerate((0.05, 0.15, 0.3, 0.5, 0.8, 1.2)):
    cache = f"cache{number}"
    status, out, err = interrupt(delay, lathe, "compile", "m.gguf", "-o", "out.lathe", cache=cache)
    # Before main() the signal ends the program as it always does.
    expect(f"compile interrupted after {delay} s: exit status {status}, {err!r}", status in (0, 130, -signal.SIGINT))
    expect(f"compile interrupted after {delay} s leaves {left(cache)}", not left(cache) or status == 0 and left(cache) == ["out.lathe"])
    interrupted += status == 130
    if status == 0:
        os.remove("out.lathe")
expect("no compilation was interrupted", interrupted)

# Measuring many times over ends after the run at hand.
run(lathe, "bench", "m.gguf", "-p", "8", "-n", "8", "-r", "1", cache="cache")
status, out, err = interrupt(2.5, lathe, "bench", "m.gguf", "-p", "8", "-n", "8", "-r", "1000", "-q", cache="cache")
expect(f"bench interrupted: exit status {status}, {out!r}, {err!r}", (status, out) == (130, "") and err.startswith("error: interrupted while measuring") or status == 0)

# While it compiles just in time: no answer, and whole entries alone in the cache.
for number, delay in enumerate((0.15, 0.4)):
    cache = f"cache-run{number}"
    status, out, err = interrupt(delay, lathe, "run", "m.gguf", *IDS, cache=cache)
    expect(f"run interrupted after {delay} s: exit status {status}, {out!r}, {err!r}", status in (0, 130, -signal.SIGINT))
    expect(f"run interrupted after {delay} s leaves {left(cache)}", not left(cache))

# While it writes text: what was written is kept. The context is filled long after the signal.
ran = False
for delay in (0.4, 0.8, 1.6, 3.2):
    process = subprocess.Popen([lathe, "run", "m.gguf", "-p", "ab", "-n", "-1", "--ignore-eos", "--seed", "1", "-t", "1"],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "LATHE_CACHE_DIR": os.path.abspath("cache")})
    first = os.read(process.stdout.fileno(), 1)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    expect(f"run interrupted: exit status {process.returncode}, {err!r}", process.returncode in (0, 130))
    if process.returncode == 130:
        ran = True
        expect(f"run interrupted: {first!r} {err!r}", len(first) == 1 and b"total time" in err)
        break
    # 512 tokens of a tiny model can be done before the signal arrives: then it proves nothing, and is tried again.
print("\n".join(problems) or f"every end was clean{'' if mounted else ' (no small disk could be mounted)'}{'' if ran else ' (no run was long enough to be interrupted)'}")
sys.exit(bool(problems))
