"""ops.py SOURCE: every op of the llm dialect has a summary, a description with an example, a reference implementation and number tests."""
import pathlib
import re
import sys

source = pathlib.Path(sys.argv[1])
reference = "\n".join(path.read_text() for path in sorted((source / "ir/reference").glob("*.cpp")))
problems, count = [], 0
for family in sorted((source / "ir/llm").glob("*Ops.td")):
    text = family.read_text()
    starts = list(re.finditer(r'^def Llm_(\w+Op)\s*:\s*Llm_\w*Op<"(\w+)"', text, re.M))
    for start, end in zip(starts, starts[1:] + [None]):
        name, mnemonic = start[1], start[2]
        body = text[start.start():end.start() if end else len(text)]
        count += 1
        where = f"{family.relative_to(source)}: {mnemonic}"
        if not re.search(r'let summary = "[^"]+"', body):
            problems.append(f"{where} has no summary")
        description = re.search(r"let description = \[\{(.*?)\}\]", body, re.S)
        if not description or f"llm.{mnemonic}" not in description[1]:
            problems.append(f"{where} has no description with an example")
        if not re.search(rf"\b{name}\b", reference):
            problems.append(f"{where} has no reference implementation in ir/reference")
        test = source / "test/ops" / f"{mnemonic}.mlir"
        if not test.exists():
            problems.append(f"{where} has no number test {test.relative_to(source)}")
        elif not re.search(rf"(llm|check)\.{mnemonic}\b", test.read_text()) or "check.almost_equal" not in test.read_text() and "check.equal" not in test.read_text():
            problems.append(f"{where}: {test.relative_to(source)} does not check it")
if count < 40:
    problems.append(f"only {count} ops were found")
print("\n".join(problems) or f"{count} ops")
sys.exit(bool(problems))
