"""layers.py SOURCE: every #include of the program's sources against the table of folders in docs/architecture.md."""
import pathlib
import re
import sys

source = pathlib.Path(sys.argv[1])
text = (source / "docs/architecture.md").read_text()

# What the table's words stand for.
folders = {"runtime": "runtime/", "files": "frontend/files/", "ir": "ir/", "kernels": "kernels-templates/",
           "frontend": "frontend/", "passes": "passes/", "codegen": "codegen/", "tools": "tools/"}
libraries = {"pcre2": {"pcre2.h"}, "utf8proc": {"utf8proc.h"}, "xxhash": {"xxhash.h"}, "nlohmann json": {"nlohmann/"},
             "MLIR": {"mlir/", "llvm/"}, "Clang": {"clang/", "llvm/"}, "LLD": {"lld/"}, "protobuf": {"google/", "onnx-ml.pb.h"},
             "CLI11": {"CLI/"}, "libzip": {"zip.h"}, "C++ library": {"sys/", "linux/"}, "itself": set()}
outside = set().union(*libraries.values()) - {"sys/", "linux/"}

rows = {}  # folder -> words of its last column
for line in text.splitlines():
    if match := re.match(r"\| `([^`]+/)` \| (.*) \| (.*) \|$", line):
        rows[match[1]] = [word.strip() for word in match[3].split(",")]
if not {"runtime/", "frontend/files/", "ir/", "passes/", "codegen/", "tools/"} <= rows.keys():
    sys.exit(f"docs/architecture.md: the table of folders was not found; rows: {sorted(rows)}")


def allowed(folder, seen):
    """Prefixes that a folder may include: its own, those of its row, and the libraries of those."""
    result = {folder}
    for word in rows[folder]:
        if word == "all":
            return {""}
        if word.startswith("`"):
            result.add(word.strip("`"))
        elif word in folders:
            other = folders[word]
            result.add(other)
            if other not in seen:
                result |= {prefix for prefix in allowed(other, seen | {other}) if prefix in outside}
        elif word in libraries:
            result |= libraries[word]
        else:
            sys.exit(f"docs/architecture.md: the table names '{word}', which this test does not know")
    return result


# "only header others include" of the frontend; generated files and what templates include lie below their own folder.
public = set(re.findall(r"`([A-Za-z]+\.h)`", next(line for line in text.splitlines() if line.startswith("| `frontend/` |"))))
problems, seen = [], 0
for path in sorted(source.rglob("*")):
    name = path.relative_to(source).as_posix()
    folder = max((row for row in rows if name.startswith(row)), key=len, default=None)
    if folder is None or path.suffix not in (".h", ".cpp", ".td") or not path.is_file():
        continue
    may = allowed(folder, {folder})
    for number, line in enumerate(path.read_text().splitlines(), 1):
        match = re.match(r'\s*#?\s*include\s+["<]([^">]+)[">]', line)
        if not match:
            continue
        seen += 1
        target = match[1]
        ours = any(target.startswith(row) for row in rows)
        library = target in outside or target.split("/")[0] + "/" in outside
        if not ours and not library:
            # The C and C++ libraries, generated .inc files, and the templates' own "common/...".
            if "/" in target and not re.match(r"(sys|linux|common|[a-z_0-9]+/[a-z_0-9]+\.cpu\.h)", target):
                problems.append(f"{name}:{number}: includes {target}, which no row of the table knows")
            continue
        if "" not in may and not any(target.startswith(prefix) for prefix in may):
            problems.append(f"{name}:{number}: {folder} includes {target}; the table allows it {', '.join(rows[folder])}")
        if target.startswith(("google/", "onnx-ml.pb.h")) and not name.startswith("frontend/onnx/"):
            problems.append(f"{name}:{number}: only frontend/onnx/ may see protobuf")
        inner = target.startswith("frontend/") and not target.startswith("frontend/files/")
        if inner and not name.startswith("frontend/") and target.removeprefix("frontend/") not in public:
            problems.append(f"{name}:{number}: includes {target}; of the frontend others include {', '.join(sorted(public))} alone")
if seen < 500:
    problems.append(f"only {seen} includes were found in {source}")
print("\n".join(problems) or f"{seen} includes keep the table")
sys.exit(bool(problems))
