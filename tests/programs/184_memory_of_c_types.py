"""C types that are asked for more memory than there is. CPython reads or writes elsewhere, or crashes: the expected output is ours."""

import gc
from ctypes import CDLL, CFUNCTYPE, Array, Structure, c_byte, c_char, c_char_p, c_int, c_longdouble, c_short, sizeof


def failure(function, *args, **kwargs):
    try:
        return function(*args, **kwargs)
    except Exception as e:
        return type(e).__name__


LARGE = c_char * (1 << 26)

print("-- the buffer of an instance stays as long as the instance")
buffer = bytearray(8)
text = c_char_p.from_buffer(buffer)
text.value = b"text" * 100
print(failure(buffer.extend, bytes(100_000)), text.value == b"text" * 100)
text.value = b"other"
print(failure(buffer.extend, bytes(100_000)), text.value, len(buffer))
del text
buffer.extend(b"x")
print(len(buffer))

print("-- instances whose class has been assigned to")


class Small(Structure):
    _fields_ = [("a", c_int)]


class Large(Structure):
    _fields_ = [("a", LARGE), ("b", c_int)]


print(failure(Large.b.__get__, Small()), failure(Large.b.__set__, Small(), 1), Large.b.__get__(Large()))
small = Small(7)
small.__class__ = Large
print(failure(lambda: small.b), failure(setattr, small, "b", 1), failure(lambda: small.a), failure(CDLL(None).abs, small))
numbers = (c_int * 3)(1, 2, 3)
numbers.__class__ = c_int * 1_000_000_000
print(failure(numbers.__setitem__, 900_000_000, 1), failure(memoryview, numbers), numbers[:])


class Byte(c_byte):
    pass


class Wide(c_longdouble):
    pass


class Text(c_char_p):
    pass


class Block(Structure):
    _fields_ = [("text", c_char * 1007), ("last", Byte)]


block = Block()
last = block.last
last.__class__ = Wide
print(failure(setattr, last, "value", 1.5), failure(lambda: last.value))
last.__class__ = Text
print(failure(lambda: last.value), failure(setattr, last, "value", b"text"), bool(last))
last.__class__ = Byte
last.value = 5
print(block.last.value)

class Number(c_int):
    pass


numbers = (Number * 3)()
view = memoryview(numbers)
numbers.__class__ = c_short * 3
del Number
gc.collect()
junk = [bytes([65]) * size for size in range(1, 64) for _ in range(200)]
print(view.format, view.shape, memoryview(numbers).format)

print("-- classes that grow while others are made of them")


class Later(Structure):
    pass


Three = Later * 3
Later._fields_ = [("text", LARGE)]
three = Three()
print(sizeof(three), len(three), failure(lambda: three[0]), failure(lambda: three[2]), failure(memoryview, three))


class Outer(Structure):
    pass


class Inner(Structure):
    pass


class GrowsInner(list):
    def __iter__(self):
        yield from super().__iter__()
        if not hasattr(Inner, "_fields_"):
            Inner._fields_ = [("text", LARGE), ("number", c_int)]


Outer._fields_ = GrowsInner([("inner", Inner), ("x", c_int)])
outer = Outer()
print(sizeof(outer), outer.x, failure(lambda: outer.inner))


class Early(Structure):
    pass


made = []


class MakesInstance(list):
    def __iter__(self):
        made.append(Early())
        return super().__iter__()


print(failure(setattr, Early, "_fields_", MakesInstance([("text", LARGE), ("x", c_int)])))
print(failure(lambda: made[0].x))

print("-- classes that contain themselves")


class OfItself(type(Array)):
    _type_ = property(lambda cls: cls)


print(failure(OfItself, "Itself", (Array,), {"_length_": 3}))


class Anonymous(Structure):
    _fields_ = [("x", c_int)]


class Holder(Structure):
    _fields_ = [("a", Anonymous)]
    _anonymous_ = ["a"]


Anonymous._fields_.append(("a", Anonymous))
Anonymous.a = Holder.a
print(failure(type(Structure), "Deep", (Structure,), {"_fields_": [("q", Anonymous)], "_anonymous_": ["q"]}))

print("-- arrays as results and arguments of C functions")
function = CDLL(None).abs
function.restype = c_char * 1_000_000
print(function(-5)[0], any(function(-5)[64:]))
callback = CFUNCTYPE(c_short, LARGE)(lambda array: len(array) >> 20)
print(callback(LARGE()))
