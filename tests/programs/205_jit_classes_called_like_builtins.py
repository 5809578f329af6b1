"""Classes written in Python that are called like built-in ones, in hot loops: what they do is their own."""

import builtins
import sys

names = set()


class Count:
    value = 0


count = Count()


def note():
    count.value += 1
    names.add(sys._getframe(2).f_code.co_name)


class list(builtins.list):
    def __init__(self, items=()):
        super().__init__(items)
        note()


class tuple(builtins.tuple):
    def __new__(cls, items=()):
        note()
        return super().__new__(cls, items)


class int(builtins.int):
    def __new__(cls, value=0):
        note()
        return super().__new__(cls, value)


class float(builtins.float):
    def __new__(cls, value=0):
        note()
        return super().__new__(cls, value)


class str(builtins.str):
    def __new__(cls, value=""):
        note()
        return super().__new__(cls, value)


class bytes(builtins.bytes):
    def __new__(cls, value=b""):
        note()
        return super().__new__(cls, value)


class set(builtins.set):
    def __init__(self, items=()):
        super().__init__(items)
        note()


class dict(builtins.dict):
    def __init__(self, *args):
        super().__init__(*args)
        note()


class range:
    def __init__(self, *args):
        note()


class slice:
    __slots__ = ("start",)

    def __getattr__(self, name):
        note()
        return 1


class ValueError(builtins.ValueError):
    def __init__(self, *args):
        note()


class KeyError(Exception):
    def __new__(cls, *args):
        note()
        return super().__new__(cls)


EXPRESSIONS = """list([1])  list()  tuple([1])  int("5")  int(5)  float("1")  float(5)  str("a")  str(5)  bytes(b"a")
set([1])  dict()  dict([(1, 2)])  range(5)  ValueError("x")  KeyError(1)  int.from_bytes(b"a", "big")  dict.fromkeys([1, 2])
bytes.fromhex("61")  float.fromhex("1")  slice().start  list(items=[1])  str(value="a")""".replace("\n", "  ")

FUNCTIONS = """
def inner(i):
    before = count.value
    x = {0}
    return count.value - before

def outer(numbers):
    noted = 0
    for i in numbers:
        before = count.value
        inner(i)
        x = {0}
        noted += (count.value - before) * 10 + inner(i)
    return noted
"""

for expression in EXPRESSIONS.split("  "):
    namespace = builtins.dict(globals())
    exec(FUNCTIONS.format(expression), namespace)
    names.clear()
    print(expression, namespace["outer"](builtins.range(2500)), sorted(names))
