"""A codec written in Python, and a handler of errors, which are named where a string is made of bytes, or bytes of a string."""

import codecs
import sys


class Count:
    value = 0


count = Count()
callers = set()


def note():
    count.value += 1
    callers.add(sys._getframe(2).f_code.co_name)


def encode(text, errors="strict"):
    note()
    return b"e" * len(text), len(text)


def decode(data, errors="strict"):
    note()
    return "d" * len(bytes(data)), len(bytes(data))


def handle(error):
    note()
    return "?", error.end


codecs.register(lambda name: codecs.CodecInfo(encode, decode, name=name) if name == "counting" else None)
codecs.register_error("counting", handle)


class Text(str):
    pass


def convert(data, text):
    before = count.value
    a = str(data, encoding="counting")
    first = count.value
    b = bytes(text, encoding="counting")
    second = count.value
    c = bytearray(text, encoding="counting", errors="strict")
    third = count.value
    d = str(b"\xff\xfe", "ascii", errors="counting")
    fourth = count.value
    e = str.__new__(Text, data, "counting")
    return a, b, bytes(c), d, e, first - before, second - first, third - second, fourth - third, count.value - fourth


seen = {}
for i in range(4000):
    found = convert(b"abc", "de")
    seen[found] = seen.get(found, 0) + 1
print(seen)
print(count.value, sorted(callers))
