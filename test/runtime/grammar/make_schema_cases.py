#!/usr/bin/env python3
"""Writes schema_cases.json: schemas with texts that jsonschema (PyPI, draft 2020-12, with its format checker) finds valid
or not. Texts are json.dumps of random documents, and of valid ones with one thing changed. `valid` ones are in the form
that grammars write (properties in the schema's order); `invalid` ones must never be accepted.
Usage: make_schema_cases.py OUT.json   (needs: pip install jsonschema)"""
import json, random, sys
import jsonschema

SCHEMAS = [
    {"type": "integer", "minimum": -17, "maximum": 1203},
    {"type": "integer", "exclusiveMinimum": 0, "exclusiveMaximum": 10},
    {"type": "integer", "minimum": 95},
    {"type": "integer", "maximum": -8},
    {"type": "integer", "minimum": 0, "maximum": 500, "multipleOf": 7},
    {"type": "number", "minimum": -1.5, "maximum": 2.25},
    {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
    {"type": "number", "minimum": 99.9},
    {"type": "number", "maximum": 0},
    {"type": "number", "exclusiveMaximum": -0.05, "minimum": -12},
    {"type": "string", "minLength": 2, "maxLength": 4},
    {"type": "string", "pattern": "^[a-c]+$"},
    {"type": "string", "pattern": "b\\d"},
    {"type": "string", "pattern": "^x", "maxLength": 3},
    {"type": "string", "format": "date"},
    {"type": "string", "format": "ipv4"},
    {"type": "string", "format": "uuid"},
    {"enum": ["red", "green", 3, None, {"a": [1, "\n"]}]},
    {"const": {"k": ["v", 1]}},
    {"type": ["string", "null", "boolean"]},
    {"type": "array", "items": {"type": "integer"}, "minItems": 1, "maxItems": 3},
    {"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}], "items": {"type": "null"}},
    {"type": "array", "prefixItems": [{"type": "boolean"}], "items": False},
    {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "string"}, "c": {"type": "null"}},
     "required": ["b"], "additionalProperties": False},
    {"type": "object", "properties": {"a": {"type": "integer"}}, "additionalProperties": {"type": "boolean"}},
    {"type": "object", "additionalProperties": {"type": "integer"}, "maxProperties": 2, "minProperties": 1},
    {"type": "object", "patternProperties": {"^n": {"type": "integer"}, "s$": {"minimum": 5}},
     "additionalProperties": False},
    {"type": "object", "propertyNames": {"pattern": "^[ab]+$"}, "additionalProperties": {"type": "null"}},
    {"type": "object", "properties": {"a": True, "b": True, "c": True}, "additionalProperties": False,
     "minProperties": 2, "maxProperties": 2},
    {"$defs": {"node": {"type": "object", "properties": {"v": {"type": "integer"}, "next": {"anyOf": [
        {"type": "null"}, {"$ref": "#/$defs/node"}]}}, "required": ["v", "next"], "additionalProperties": False}},
     "$ref": "#/$defs/node"},
    {"allOf": [{"type": "integer", "minimum": 3}, {"maximum": 9}, {"multipleOf": 2}]},
    {"anyOf": [{"type": "string", "maxLength": 1}, {"type": "array", "items": {"type": "null"}}]},
    {"oneOf": [{"type": "object", "properties": {"t": {"const": "x"}, "u": {"type": "integer"}},
                "required": ["t", "u"], "additionalProperties": False},
               {"type": "object", "properties": {"t": {"const": "y"}}, "required": ["t"],
                "additionalProperties": False}]},
    {"type": "object", "properties": {"kind": {"enum": ["p", "q"]}}, "required": ["kind"], "additionalProperties": False,
     "anyOf": [{"properties": {"kind": {"const": "p"}}}, {"properties": {"kind": {"const": "r"}}}]},
    {"type": "string", "enum": ["abc", "abcd", "x"], "minLength": 4},
    {},
]
WORDS = ["", "a", "b", "ab", "abc", "x", "xyz", "xyzw", "b7", "ab12", "cab", "red", "\u00e9\u00e8", "\U0001F600", "n", "ns",
         "s", "tab\t", "quote\"", "back\\", "2024-02-29", "2023-02-29", "1999-12-31", "2024-13-01", "127.0.0.1",
         "256.1.1.1", "123e4567-e89b-12d3-a456-426614174000", "123e4567-e89b-12d3-a456-42661417400", "\x01", "t", "y"]


def scalar(r):
    return r.choice([None, True, False, r.randint(-20, 20), r.randint(-2000, 2000), round(r.uniform(-13, 13), r.randint(1, 4)),
                     round(r.uniform(-1, 1), 2), 99.9, 99.8, 100.5, -1.5, 2.25, 2.26, 0.0, r.choice(WORDS), r.choice(WORDS)])


def anything(r, depth):
    kind = r.random()
    if depth == 0 or kind < 0.5:
        return scalar(r)
    if kind < 0.7:
        return [anything(r, depth - 1) for _ in range(r.randint(0, 3))]
    return {r.choice(WORDS): anything(r, depth - 1) for _ in range(r.randint(0, 3))}


def near(r, schema, root, depth=0):
    """Something that looks like the schema, often valid and often not quite."""
    if depth > 5 or r.random() < 0.06 or schema is True or schema == {}:
        return anything(r, 2)
    if schema is False:
        return scalar(r)
    if "$ref" in schema:
        return near(r, root["$defs"]["node"], root, depth + 1)
    for keyword in ("anyOf", "oneOf", "allOf"):
        if keyword in schema and "properties" not in schema:
            return near(r, r.choice(schema[keyword]), root, depth + 1)
    if "enum" in schema:
        return r.choice(schema["enum"])
    if "const" in schema:
        return schema["const"]
    kind = schema.get("type")
    kind = r.choice(kind) if isinstance(kind, list) else kind
    if kind == "integer" or (kind is None and "multipleOf" in schema):
        return r.choice([r.randint(-30, 30), r.randint(0, 10), 7 * r.randint(-1, 80), r.randint(-2000, 2000), 95, 94, 1203, 1204])
    if kind == "number":
        return r.choice([scalar(r), round(r.uniform(-2, 3), r.randint(0, 5)), -0.05, -0.051, 1, 0, 12, -12])
    if kind == "string":
        return r.choice(WORDS)
    if kind == "array":
        items = schema.get("items", True)
        out = [near(r, s, root, depth + 1) for s in schema.get("prefixItems", [])]
        return out[:r.randint(0, 3)] + [near(r, items, root, depth + 1) for _ in range(r.randint(0, 3))]
    if kind == "object":
        out = {k: near(r, s, root, depth + 1) for k, s in schema.get("properties", {}).items()
               if k in schema.get("required", []) and r.random() < 0.95 or r.random() < 0.5}
        if r.random() < 0.5 and "additionalProperties" in schema or "patternProperties" in schema:
            for _ in range(r.randint(0, 2)):
                out[r.choice(WORDS)] = near(r, schema.get("additionalProperties") or {"type": "integer"}, root, depth + 1)
        return out
    return r.choice([None, True, False])


def main():
    r = random.Random(20)
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    cases = []
    for schema in SCHEMAS:
        validator = jsonschema.Draft202012Validator(schema, format_checker=checker)
        valid, invalid = {}, {}
        for _ in range(4000):
            document = near(r, schema, schema)
            style = r.choice([{}, {"indent": 2}, {"indent": "\t"}, {"separators": (",", ":")}])
            text = json.dumps(document, ensure_ascii=False, **style)
            side = valid if validator.is_valid(document) else invalid
            if len(side) < 40 and len(text) < 300:
                side[text] = 1
        cases.append({"schema": schema, "valid": list(valid), "invalid": list(invalid)})
    with open(sys.argv[1], "w") as out:
        json.dump({"made_with": f"make_schema_cases.py, jsonschema {jsonschema.__version__}", "cases": cases}, out,
                  ensure_ascii=True, indent=1)
        out.write("\n")


main()
