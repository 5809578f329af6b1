"""Sizes at the edges: arrays of nothing, slices of more than there can be, buffers that have become shorter."""

import csv
import re
from ctypes import POINTER, Structure, c_char, c_int, c_wchar, cast, create_string_buffer, sizeof


def failure(function, *args, **kwargs):
    try:
        return function(*args, **kwargs)
    except Exception as e:
        return type(e).__name__


class Empty(Structure):
    _fields_ = []


print("-- arrays of nothing")
many = Empty * 2**61
print(many._length_, sizeof(many), len(many()))
print(failure(lambda: many()[:]), len(many()[:3]))

print("-- slices of pointers")
buffer = create_string_buffer(b"text")
for kind in c_char, c_wchar, c_int:
    pointer = cast(buffer, POINTER(kind))
    print(failure(lambda: pointer[: 2**60 : 2]), failure(lambda: pointer[2**60 : 0 : -1]))
print(cast(buffer, POINTER(c_char))[:4], cast(buffer, POINTER(c_char))[3:0:-1])

print("-- an array with another class")
numbers = (c_int * 3)(1, 2, 3)
numbers.__class__ = c_int * 1_000_000_000
print(numbers[2], len(numbers), failure(lambda: numbers[3]), failure(lambda: numbers[900_000_000]))

print("-- a match in a buffer that has become shorter")
text = bytearray(b"hello world")
match = re.match(rb"(\w+) (\w+)", text)
del text[3:]
print(match.group(), match.groups(), match.expand(rb"\1-\2"), match.expand(rb"\2\1\2"))

print("-- numbers of csv")
print(failure(csv.reader, [], quoting=2**40), failure(csv.reader, [], quoting=-(2**31) - 1))
old = csv.field_size_limit(-5)
try:
    print(list(csv.reader(["a,b"])))
except csv.Error as e:
    print(e)
print(csv.field_size_limit(old), list(csv.reader(["a,b"])))
