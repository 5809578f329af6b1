# Pattern matching: every kind of pattern, guards, captures, classes, mappings, sequences.
from dataclasses import dataclass
from enum import Enum


@dataclass
class Point:
    x: int
    y: int


class Color(Enum):
    RED = 1
    BLUE = 2


class Custom:
    __match_args__ = ("first", "second")

    def __init__(self, first, second):
        self.first, self.second = first, second


def classify(v):
    match v:
        case 0:
            return "zero"
        case -1 | -2:
            return "small negative"
        case 1.5:
            return "float literal"
        case 3 + 4j:
            return "complex literal"
        case True:
            return "true"
        case None:
            return "none"
        case "hello" | "hi":
            return "greeting"
        case b"x":
            return "bytes"
        case Color.RED:
            return "red"
        case []:
            return "empty sequence"
        case [x]:
            return f"one {x}"
        case [1, *rest]:
            return f"starts with one, then {rest}"
        case [first, *_, last] if first == last:
            return f"same ends {first}"
        case (a, b):
            return f"pair {a} {b}"
        case [_, [_, inner], *_]:
            return f"nested {inner}"
        case {"type": "circle", "r": r}:
            return f"circle {r}"
        case {"type": kind, **rest}:
            return f"{kind} with {rest}"
        case {}:
            return "some mapping"
        case Point(0, y=0):
            return "origin"
        case Point(x=0) | Point(y=0):
            return "on an axis"
        case Point(x, y) if x == y:
            return f"diagonal {x}"
        case Point() as p:
            return f"point {p.x},{p.y}"
        case Custom(int(n), str() as s):
            return f"custom {n} {s}"
        case Custom(first=[*items]):
            return f"custom with list {items}"
        case int(n) if n > 1000:
            return f"big {n}"
        case int() | float():
            return "number"
        case str(s):
            return f"string {s}"
        case Exception(args=[message]):
            return f"exception {message}"
        case _:
            return "other"


for v in (0, False, -1, -2, 1.5, 3 + 4j, True, 1, None, "hi", "other", b"x", b"y", Color.RED, Color.BLUE, [], (), [5],
    [1, 2, 3], [7, 8, 7], [7, 8], (7, 8), [0, [1, 2], 3], range(3), [1, 2, 3, 4],
          {"type": "circle", "r": 2, "z": 1}, {"type": "square", "side": 3}, {"x": 1}, {}, Point(0, 0), Point(0,
              5), Point(3, 3), Point(1, 2),
          Custom(1, "s"), Custom([1, 2], 0), Custom(1, 2), 5000, 50, 2.5, ValueError("bad"), ValueError(1,
                  2), object, {1, 2}, iter([1])):
    print(repr(v).split(" object at")[0], "->", classify(v))


def parse(command):
    match command.split():
        case ["go", ("north" | "south") as direction]:
            return "go", direction
        case ["get", item, *more]:
            return "get", item, more
        case [("quit" | "exit")]:
            return "leave"
        case [verb, *args] if len(args) > 2:
            return "many", verb
        case _:
            return "?"


for c in ("go north", "go west", "get a b c", "quit", "do a b c", "x", ""):
    print(repr(c), parse(c))


def captures(v):
    match v:
        case [a, (b, c), {"k": d, **e}, *f]:
            return a, b, c, d, e, f
        case (str() as a) | (int() as a):
            return "either", a
        case {"a": {"b": [_, x]}}:
            return x
        case (x, y) | {"x": x, "y": y}:
            return x, y


print(captures([1, (2, 3), {"k": 4, "l": 5}, 6, 7]), captures("s"), captures(5), captures({"a": {"b": [0, "deep"]}}),
    captures((1, 2)), captures({"x": 3, "y": 4}), captures(2.5))


class Loud:
    def __eq__(self, other):
        print("compared with", other, end="; ")
        return other == 2


match Loud():
    case 1:
        print("one")
    case 2:
        print("two")


class Map(dict):
    def __missing__(self, key):
        return "made up"


match Map(a=1):
    case {"b": b}:
        print("missing is not asked")
    case {"a": a}:
        print("found", a)


def side_effects(log):
    match log.append("subject") or [1, 2, 3]:
        case [1, x, 4] if log.append(("guard 1", x)):
            pass
        case [1, x, 3] if log.append(("guard 2", x)):
            pass
        case [1, x, y]:
            log.append((x, y))
    return log


print(side_effects([]))
match = 5
case = match + 1
print(match, case)
match (match, case):
    case (5, case):
        print("soft keywords", case)
match 1, 2:
    case 1, x:
        print("open tuple", x)
for v in ("abc", b"abc", bytearray(b"abc"), "a"):
    match v:
        case [_, _, _]:
            print("a sequence?")
        case _:
            print("text is no sequence", end=" ")
print()


def walk(tree):
    match tree:
        case ("+", left, right):
            return walk(left) + walk(right)
        case ("*", left, right):
            return walk(left) * walk(right)
        case ("neg", x):
            return -walk(x)
        case int(n) | float(n):
            return n
        case _:
            raise ValueError(tree)


print(walk(("+", 1, ("*", ("neg", 2), ("+", 3, 4.5)))))
for bad in (lambda: classify_bad(1),):
    try:
        exec("match 1:\n  case int(1, 2): pass")
    except TypeError as e:
        print("TypeError", e)
try:
    exec("match Custom(1, 2):\n  case Custom(1, 2, 3): pass")
except TypeError as e:
    print("TypeError", e)
for source in ("match 1:\n  case x: pass\n  case 2: pass", "match 1:\n  case [a, a]: pass",
        "match 1:\n  case a | 1: pass", "match 1:\n  case {**r, 'a': 1}: pass", "match 1:\n  case C(a=1, a=2): pass",
        "match 1:\n  case [*a, *b]: pass"):
    try:
        compile(source, "s", "exec")
        print("compiles")
    except SyntaxError as e:
        print("SyntaxError")
