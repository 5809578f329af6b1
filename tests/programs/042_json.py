# json: both ways, formatting, errors, hooks, strings.
import io
import json

data = {"s": "text", "i": 1, "neg": -5, "f": 1.5, "big": 10 ** 25, "t": True, "n": None, "l": [1, [2, []], {}],
    "u": "é€😀\u2028", "esc": "\"\\/\b\f\n\r\t\x01", "e": 1e100, "nested": {"a": {"b": []}}}
text = json.dumps(data)
print(text)
print(json.loads(text) == data)
print(json.dumps(data, ensure_ascii=False))
print(json.dumps(data, indent=2, sort_keys=True))
print(json.dumps([1, [2, {"a": 3}], []], indent="--"), json.dumps([1, 2], separators=(",", ":")),
    json.dumps({"a": 1, "b": 2}, separators=(", ", "=")), json.dumps([], indent=2), json.dumps({}, indent=2))
print(json.dumps({1: "int", 2.5: "float", True: "bool", None: "none", "s": "str"}), json.dumps((1, 2)),
    json.dumps("x"), json.dumps(5), json.dumps(None), json.dumps(float("inf")),
    json.dumps([float("nan"), -float("inf")]), json.dumps(-0.0), json.dumps(1e16), json.dumps(0.1))
for text in ("[]", "{}", " [1 , 2 ] ", '{"a" : [true, false, null]}', "-0", "-0.0", "1e5", "1E-2", "1.5e+3",
        '"\\u00e9\\ud83d\\ude00\\n\\/"', "NaN", "-Infinity", "123456789012345678901234567890", '"\\ud800"',
        '{"a":1,"a":2}', "[[[[]]]]", '"\u007f"'):
    print(ascii(json.loads(text)), end="; ")
print()
for text in ("", "[", "[1,]", "{", '{"a"}', '{"a":}', "{'a': 1}", "{1: 2}", "tru", "01", "1.", "+1", ".5",
        '"unterminated', '"bad \\x"', '"tab\t"', "[1 2]", "[1] x", '{"a":1,}', "nul", '"\\u12"', "\ufeff[]", "--1",
        "[1}"):
    try:
        print(json.loads(text))
    except json.JSONDecodeError as e:
        print(ascii(text), e.pos, e.lineno, e.colno)
try:
    json.loads('{\n  "a": 1,\n  "b" 2\n}')
except json.JSONDecodeError as e:
    print(e, isinstance(e, ValueError))
for bad in ({1, 2}, object, b"bytes", 1j, {(1, 2): 3}):
    try:
        json.dumps(bad)
    except TypeError:
        print("TypeError", end=" ")
loop = []
loop.append(loop)
try:
    json.dumps(loop)
except ValueError as e:
    print("loop", end=" ")
try:
    json.dumps([float("nan")], allow_nan=False)
except ValueError as e:
    print("nan")
print(json.dumps({(1,): 1, "a": 2}, skipkeys=True), json.dumps({1, 2}, default=sorted),
    json.dumps({"z": 1 + 2j}, default=lambda o: {"re": o.real, "im": o.imag}))


class Encoder(json.JSONEncoder):
    def default(self, o):
        if hasattr(o, "__iter__"):
            return list(o)
        return super().default(o)


print(json.dumps({"r": range(3), "g": (x for x in "ab")}, cls=Encoder),
    list(json.JSONEncoder().iterencode([1, {"a": 2}]))[:4], Encoder(indent=1).encode([range(2)]))
print(json.loads('{"a": {"__complex__": true, "re": 1, "im": 2}}',
    object_hook=lambda d: complex(d["re"], d["im"]) if "__complex__" in d else d))
print(json.loads('{"b": 1, "a": 2}', object_pairs_hook=list),
    json.loads("[1.5, 2]", parse_float=str, parse_int=lambda s: int(s) * 10),
    json.loads("[NaN]", parse_constant=lambda c: "const " + c), json.loads(b'{"bytes": "\xc3\xa9"}'),
    json.loads(bytearray(b"[1]")), json.loads("[1]".encode("utf-16")))
out = io.StringIO()
json.dump({"to": "file"}, out)
out.write("\n")
json.dump([1], out, indent=1)
print(out.getvalue(), json.load(io.StringIO('{"from": "file"}')), json.load(io.BytesIO(b"[1, 2]")))
print(json.JSONDecoder().raw_decode('[1] trailing'), json.loads('"' + "\\u0041" * 3 + '"'),
    json.loads(json.dumps("\ud83d\ude00")) == "\ud83d\ude00")


class MyStr(str):
    pass


class MyInt(int):
    def __repr__(self):
        return "never"


class MyDict(dict):
    pass


import collections
import enum


class E(enum.IntEnum):
    A = 5


print(json.dumps([MyStr("s"), MyInt(7), MyDict(a=1), collections.OrderedDict(z=1), E.A,
    collections.namedtuple("N", "a b")(1, 2), True]))
deep = "[" * 500 + "]" * 500
value, depth = json.loads(deep), 0
while value:
    value, depth = value[0], depth + 1
print(depth, len(json.dumps(json.loads(deep))))
big = [{"id": i, "name": f"n{i}", "v": [i, i / 2, None]} for i in range(500)]
print(json.loads(json.dumps(big)) == big, len(json.dumps(big)), json.loads(json.dumps(big, indent=1))[250])
