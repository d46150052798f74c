"""texts.py SOURCE: rules for texts alone: no dead CHECK line, no .mlir without RUN, no file above 800 lines, no path of one machine,
a comment at the head of every source, and links of Markdown files that lead somewhere."""
import pathlib
import re
import sys

source = pathlib.Path(sys.argv[1])
problems = []
roots = ["runtime", "frontend", "ir", "kernels-templates", "passes", "codegen", "tools", "test", "docs", "bench", "cmake", ".ci"]
files = [path for root in roots for path in sorted((source / root).rglob("*"))] + sorted(source.glob("*"))
files = [path for path in files if path.is_file() and not path.is_symlink()]
sources = {".h", ".cpp", ".td", ".py", ".lm", ".mlir", ".test", ".cmake", ".md", ".txt", ""}
seen = 0
for path in files:
    name = path.relative_to(source).as_posix()
    if path.suffix not in sources or "inputs/" in name:
        continue
    text = path.read_text(errors="replace")
    lines = text.splitlines()
    seen += 1
    if len(lines) > 800 and path.suffix not in (".mlir",):
        problems.append(f"{name}: {len(lines)} lines; split it at 800")
    if path.suffix in (".h", ".cpp", ".td") and lines and not lines[0].startswith(("//", "/*")):
        problems.append(f"{name}: does not open with what it is for")
    if path.suffix in (".mlir", ".test") and "RUN:" not in text:
        problems.append(f"{name}: has no RUN line")
    for number, line in enumerate(lines, 1):
        # CHECK without its colon is never looked at. Prefixes of our own end in CHECK too.
        if path.suffix in (".mlir", ".test") and re.match(
                r"\s*(//|#)\s*[A-Z0-9-]*CHECK(-(NEXT|SAME|NOT|DAG|LABEL|EMPTY|COUNT-\d+))?(\{LITERAL\})?\s*(?![A-Z0-9-]*(\{LITERAL\})?:)(\s|$)", line):
            problems.append(f"{name}:{number}: a CHECK line without a colon")
        if re.search(r"(?<![\w./}$)-])/(work|home|root|Users|private|mnt)/\w", line):
            problems.append(f"{name}:{number}: a path of one machine")
    if path.suffix == ".md":
        for number, line in enumerate(lines, 1):
            for target in re.findall(r"\]\(([^)\s#]+)[^)]*\)", line):
                if not re.match(r"[a-z]+:", target) and not (path.parent / target).exists():
                    problems.append(f"{name}:{number}: the link {target} leads nowhere")
if seen < 200:
    problems.append(f"only {seen} files were found in {source}")
print("\n".join(problems) or f"{seen} files")
sys.exit(bool(problems))
