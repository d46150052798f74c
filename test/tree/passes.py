"""passes.py SOURCE: every pass has a summary, a description, and a test that names its flag; every kernel folder a template that opens
with a comment, and the .cpp that launches it."""
import pathlib
import re
import sys

source = pathlib.Path(sys.argv[1])
problems = []
tests = "\n".join(path.read_text() for path in sorted((source / "test").rglob("*.mlir")))
text = (source / "passes/Passes.td").read_text()
starts = list(re.finditer(r'^def (\w+)\s*:\s*Pass<"([\w-]+)"', text, re.M))
for start, end in zip(starts, starts[1:] + [None]):
    flag = start[2]
    body = text[start.start():end.start() if end else len(text)]
    if not re.search(r'let summary = "[^"]+"', body):
        problems.append(f"the pass {flag} has no summary")
    if not re.search(r"let description = \[\{\s*\S", body):
        problems.append(f"the pass {flag} has no description")
    if not re.search(rf"RUN:.*(--|[=(, ]){flag}\b(?!-)", tests):
        problems.append(f"no test below test/ names --{flag}")
if len(starts) < 10:
    problems.append(f"only {len(starts)} passes were found in passes/Passes.td")

kernels = [path for path in sorted((source / "kernels-templates").iterdir()) if path.is_dir() and path.name != "common"]
for folder in kernels:
    stem = "".join(word.capitalize() for word in folder.name.split("_"))
    template = folder / f"{folder.name}.cpu.h"
    if not template.exists():
        problems.append(f"{folder.relative_to(source)} has no template {template.name}")
    elif not re.match(r"// .+\n(//.*\n)+", template.read_text()):
        problems.append(f"{template.relative_to(source)} does not open with what it computes, its parameters and buffers")
    if not any(path.stem.lower() == stem.lower() for path in folder.glob("*.cpp")):
        problems.append(f"{folder.relative_to(source)} has no {stem}.cpp")
if len(kernels) < 10:
    problems.append(f"only {len(kernels)} kernels were found")
print("\n".join(problems) or f"{len(starts)} passes, {len(kernels)} kernels")
sys.exit(bool(problems))
