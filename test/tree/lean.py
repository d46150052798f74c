"""lean.py LATHE_RUN: the runtime's program needs no LLVM, protobuf or CUDA, and is below 3 MB stripped, with the shared objects of ours
that it needs."""
import os
import re
import shutil
import subprocess
import sys
import tempfile

program = sys.argv[1]


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def tool(name):
    return next(found for found in (shutil.which(name), shutil.which("llvm-" + name), shutil.which(name + "-19"),
                                    shutil.which(f"llvm-{name}-19")) if found)


needed = re.findall(r"\(NEEDED\).*\[(.*)\]", output(tool("readelf"), "-d", program))
every = [line.split()[0] for line in output("ldd", program).splitlines()]
allowed = r"(lib(c|m|dl|pthread|rt|stdc\+\+|gcc_s|pcre2-8|utf8proc|z|xxhash)\.so|ld-linux|linux-vdso)"
strange = [name for name in every + needed if not re.match(allowed, os.path.basename(name))]
if strange:
    sys.exit(f"{program} needs {', '.join(sorted(set(strange)))}")
if not needed:
    sys.exit(f"{program}: no needed library was found in the dynamic section")
with tempfile.TemporaryDirectory() as folder:
    stripped = os.path.join(folder, "stripped")
    subprocess.run([tool("strip"), "-o", stripped, program], check=True)
    size = os.path.getsize(stripped)
if size >= 3 << 20:
    sys.exit(f"{program} has {size} bytes stripped; the limit is {3 << 20}")
symbols = output(tool("readelf"), "--dyn-syms", "-W", program)
if found := re.findall(r"UND +(\S*(?:llvm|mlir|protobuf|cuInit|cudaMalloc)\S*)", symbols):
    sys.exit(f"{program} needs the symbols {found[:5]}")
print(f"{size} bytes stripped, needs {', '.join(needed)}")
