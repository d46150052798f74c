"""constrained.py [--first N] COMMAND...: runs COMMAND (lathe run MODEL, lathe-run x.lathe) with 60 JSON schemas, five
texts each, and holds every text against its schema: with PyPI's jsonschema where Python has it, otherwise that it is JSON
of the schema's type. Prints the texts that fail; exit status 1 if there are any. --first N takes the first N schemas."""
import json
import subprocess
import sys

try:
    import jsonschema
except ImportError:
    jsonschema = None

WORD = {"type": "string", "maxLength": 12}
NAME = {"type": "string", "pattern": "^[A-Z][a-z]{1,10}$"}
INT = {"type": "integer", "minimum": 0, "maximum": 100}


def obj(properties, required=None, **more):
    return {"type": "object", "properties": properties, "additionalProperties": False,
            "required": list(properties) if required is None else required, **more}


def arr(items, least=0, most=3, **more):
    return {"type": "array", "items": items, "minItems": least, "maxItems": most, **more}


def string(**more):
    return {"type": "string", **more}


TREE = {"$defs": {"t": obj({"v": INT, "kids": arr({"$ref": "#/$defs/t"}, 0, 2)}, ["v"])}, "$ref": "#/$defs/t"}
LIST = {"$defs": {"n": obj({"v": {"type": "boolean"}, "next": {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/n"}]}})},
        "$ref": "#/$defs/n"}
SCHEMAS = [
    obj({"name": WORD, "age": INT}), obj({"name": NAME, "age": INT, "email": string(maxLength=20)}, ["name"]),
    INT, {"type": "integer", "minimum": -50, "maximum": -3}, {"type": "integer", "exclusiveMinimum": 999, "maximum": 1001},
    {"type": "integer", "minimum": 0, "maximum": 1000, "multipleOf": 25}, {"type": "number", "minimum": -1, "maximum": 1},
    {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}, {"type": "number", "minimum": 36.5, "maximum": 41.25},
    {"type": "number", "minimum": 1000}, {"type": "number", "maximum": -0.5}, {"type": "boolean"}, {"type": "null"},
    {"enum": ["red", "green", "blue"]}, {"enum": [1, 2.5, None, "x", True]}, {"const": {"a": [1, 2, {"b": "c\n"}]}},
    string(format="date"), string(format="time"), string(format="date-time"), string(format="uuid"), string(format="ipv4"),
    string(format="email", maxLength=40), string(pattern="^[a-z]{3,8}$"), string(pattern="^\\d{3}-\\d{4}$"),
    string(pattern="^(cat|dog|bird)s?$"), string(minLength=5, maxLength=15), string(pattern="x", maxLength=10),
    string(pattern="^[^\"]*$", minLength=3, maxLength=9), string(pattern="^\\p{Lu}\\w+$", maxLength=8),
    arr(INT), arr(WORD, 2, 4), arr({"enum": ["a", "b"]}, 5, 5), arr(arr(INT, 1, 2), 1, 2), arr({"type": ["null", "boolean"]}),
    {"type": "array", "prefixItems": [WORD, INT, {"type": "boolean"}], "items": False, "minItems": 3},
    {"type": "array", "prefixItems": [NAME], "items": INT, "maxItems": 4}, arr(obj({"x": INT, "y": INT}), 1, 3),
    obj({"a": INT, "b": INT, "c": INT}, []), obj({"a": INT, "b": INT, "c": INT}, ["b"]),
    obj({"a": INT, "b": INT, "c": INT, "d": INT}, [], minProperties=2, maxProperties=3), obj({}, []),
    {"type": "object", "additionalProperties": INT, "propertyNames": {"maxLength": 5}, "maxProperties": 3},
    {"type": "object", "properties": {"id": INT}, "required": ["id"], "additionalProperties": {"type": "boolean"},
     "propertyNames": {"pattern": "^[a-z]{1,4}$"}, "maxProperties": 3},
    {"type": "object", "patternProperties": {"^n_[a-z]{1,3}$": INT, "^s_[a-z]{1,3}$": WORD}, "additionalProperties": False,
     "maxProperties": 3},
    TREE, LIST, obj({"tree": {"$ref": "#/$defs/t"}, "note": WORD}, **{"$defs": TREE["$defs"]}),
    {"anyOf": [INT, NAME, {"type": "null"}]}, {"oneOf": [obj({"kind": {"const": "circle"}, "r": INT}),
                                                        obj({"kind": {"const": "box"}, "w": INT, "h": INT})]},
    {"allOf": [{"type": "integer"}, {"minimum": 10}, {"maximum": 20}, {"multipleOf": 3}]},
    {"allOf": [obj({"a": INT, "b": WORD}, ["a"]), {"properties": {"a": {"minimum": 90}}}]},
    obj({"shape": {"anyOf": [obj({"r": INT}), arr(INT, 1, 2)]}, "ok": {"type": "boolean"}}),
    obj({"user": obj({"name": NAME, "tags": arr({"enum": ["new", "old", "vip"]}, 0, 2)}), "score": {"type": "number",
         "minimum": 0, "maximum": 10}}),
    obj({"date": string(format="date"), "city": NAME, "celsius": {"type": "integer", "minimum": -40, "maximum": 50}}),
    obj({"a\"b": INT, "c\\d": INT, "\u00e9": WORD}), obj({"level1": obj({"level2": obj({"level3": obj({"v": INT})})})}),
    obj({"title": string(minLength=1, maxLength=25), "year": {"type": "integer", "minimum": 1900, "maximum": 2030},
         "isbn": string(pattern="^97[89]-\\d{10}$")}, ["title", "isbn"]),
    obj({"answer": {"enum": ["yes", "no"]}, "reason": string(maxLength=60)}), obj({"x": {"type": ["integer", "null"],
         "minimum": 5, "maximum": 7}}), arr(string(format="uuid"), 1, 2),
]


def holds(schema, value):
    if jsonschema:
        checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
        return jsonschema.Draft202012Validator(schema, format_checker=checker).is_valid(value)
    kind = schema.get("type")
    types = {"object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "boolean": bool}
    return kind not in types or isinstance(value, types[kind])


arguments = sys.argv[1:]
count = len(SCHEMAS)
if arguments[0] == "--first":
    count, arguments = int(arguments[1]), arguments[2:]
assert len(SCHEMAS) == 60, len(SCHEMAS)
failed = texts = 0
for number, schema in enumerate(SCHEMAS[:count]):
    if jsonschema and "\\p" in json.dumps(schema):  # Python's re has no properties: the same for what it has
        judged = json.loads(json.dumps(schema).replace("\\\\p{Lu}", "[^\\\\W\\\\d_a-z]"))
    else:
        judged = schema
    # A small model nests for ever where it may: in recursive schemas, draws are nearly even, so that texts end.
    even = ["--temp", "3", "--top-k", "0", "--top-p", "1", "--min-p", "0"] if "$ref" in json.dumps(schema) else []
    run = subprocess.run(arguments + even + ["-q", "--json", "-n", "400", "-s", str(number), "--num-return", "5", "-p",
                                      "Some data as JSON:\n", "--json-schema", json.dumps(schema)],
                         capture_output=True, text=True)
    if run.returncode != 0:
        sys.exit(f"schema {number}: exit status {run.returncode}: {run.stderr}")
    for sequence in json.loads(run.stdout)["sequences"]:
        texts += 1
        try:
            good = sequence["finish_reason"] == "stop" and holds(judged, json.loads(sequence["text"]))
        except ValueError:
            good = False
        if not good:
            failed += 1
            print(f"schema {number} {json.dumps(schema)}:\n  {sequence['finish_reason']} {sequence['text']!r}")
judge = "jsonschema" if jsonschema else "a plain look"
print(f"{texts - failed} of {texts} texts satisfy their schemas, says {judge}")
sys.exit(1 if failed or not texts else 0)
