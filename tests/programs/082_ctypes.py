# ctypes: C types, calls of C functions, callbacks.
import ctypes
import gc
import pickle
import threading
from ctypes import *

libc = CDLL(None, use_errno=True)


def attempt(function, *args):
    try:
        print("no error:", function(*args))
    except Exception as e:
        print(type(e).__name__ + ":", e)


# Simple types
for ty in (c_byte, c_ubyte, c_short, c_ushort, c_int, c_uint, c_long, c_ulong, c_longlong, c_ulonglong):
    print(ty.__name__, sizeof(ty), ty(-1).value, ty(1 << 70 | 5).value)
print(c_float(0.1).value, c_double(0.1).value, c_longdouble(0.1).value, sizeof(c_longdouble), c_bool([1]).value)
print(c_char(b"x"), c_wchar("é"), c_char_p(b"abc").value, c_wchar_p("añb").value, c_void_p(5), c_void_p(None).value)
print(py_object([1]).value, c_int.__ctype_be__(1).value, bytes(c_int.__ctype_be__(1)), bool(c_int(0)), bool(c_int(2)))
attempt(c_int, "x")
attempt(c_int, 1, 2)
attempt(c_char_p, 1.5)
attempt(hash, c_int(1))


# Structures, unions, bit fields, byte order
class Point(Structure):
    _fields_ = [("x", c_int), ("y", c_double)]


class Bits(Structure):
    _fields_ = [("a", c_uint, 3), ("b", c_int, 5), ("c", c_ubyte), ("d", c_longlong, 40)]


class Big(BigEndianStructure):
    _fields_ = [("n", c_uint16), ("m", c_uint32)]


class Either(Union):
    _fields_ = [("i", c_uint32), ("b", c_ubyte * 4), ("f", c_float)]


class Outer(Structure):
    _anonymous_ = ["u"]
    _fields_ = [("tag", c_char), ("u", Either), ("p", Point * 2), ("name", c_char * 6), ("wide", c_wchar * 3)]


class Derived(Point):
    _fields_ = [("z", c_short)]


p = Point(1, y=2.5)
print(p.x, p.y, sizeof(p), alignment(p), Point.y.offset, Point.y.size)
b = Bits(9, -3, 255, -5)
print(b.a, b.b, b.c, b.d, sizeof(b), Bits.d.offset)
big = Big(0x102, 0x3040506)
print(bytes(big), big.n, big.m)
o = Outer(b"t", name=b"abcd", wide="xy")
o.f = 1.0
o.p[1].x = 7
print(hex(o.i), o.b[:], o.p[1].x, o.name, o.wide, Outer.i.offset, sizeof(o))
d = Derived(1, 2, 3)
print(d.x, d.y, d.z, sizeof(d))
attempt(Point, 1, 2, 3)
attempt(setattr, Point, "_fields_", [])
attempt(setattr, o, "name", b"too long for it")
attempt(setattr, p, "x", "no int")
attempt(lambda: type("Wrong", (Structure,), {"_fields_": [("a", int)]}))
print(pickle.loads(pickle.dumps(p)).y, Point.from_buffer_copy(bytes(p)).y)
memory = bytearray(bytes(p))
shared = Point.from_buffer(memory)
shared.x = 99
print(memory[0], shared._b_needsfree_, p._b_needsfree_)
attempt(Point.from_buffer, b"123")
attempt(Point.from_buffer_copy, b"123")

# Arrays and pointers
a = (c_int * 4)(1, 2, 3)
print(len(a), a[:], a[::-2], a[-1], type(a).__name__, (c_int * 4) is type(a))
a[1:3] = [20, 30]
print(list(a), memoryview(a).format, memoryview(a).shape, memoryview((c_short * 2 * 3)()).shape)
attempt(lambda: a[4])
attempt(lambda: c_int * -1)
q = pointer(a)
print(q.contents[1], q[0][2], cast(a, POINTER(c_int))[2], cast(a, POINTER(c_int))[0:3], POINTER(c_int) is POINTER(c_int))
i = c_int(5)
r = pointer(i)
r[0] = 6
r.contents.value += 1
print(i.value, bool(r), bool(POINTER(c_int)()))
attempt(lambda: POINTER(c_int)().contents)
s = create_string_buffer(b"hello", 10)
print(s.raw, s.value, sizeof(s), s[1:3], create_unicode_buffer("hé").value)
s.value = b"x"
print(s.raw, string_at(s), string_at(addressof(s), 3), wstring_at("wide", 2))
print(memoryview(p).format, memoryview(big).format)
resize(i, 16)
print(sizeof(i))

# Objects that are kept alive
x = (c_char_p * 2)(b"one", b"two")
print(x._objects, r._objects["1"] is i)

# Calls
libc.strlen.restype = c_size_t
print(libc.strlen(b"12345"), libc.abs(-7), libc.toupper(ord("a")))
libc.strtod.restype = c_double
libc.strtod.argtypes = [c_char_p, POINTER(c_char_p)]
end = c_char_p()
print(libc.strtod(b"1.5rest", byref(end)), end.value)
libc.snprintf.argtypes = [c_char_p, c_size_t, c_char_p]
out = create_string_buffer(64)
print(libc.snprintf(out, 64, b"%d %s %.2f %c", 5, b"str", c_double(2.5), ord("z")), out.value)
labs = CFUNCTYPE(c_long, c_long)(("labs", libc))
print(labs(-5))
attempt(labs)
attempt(labs, "x")
attempt(libc.strlen, 1.5)
print(hasattr(libc, "no_such_function_at_all"))
set_errno(0)
print(libc.close(-1), get_errno())
named = CFUNCTYPE(c_int, c_int, POINTER(c_int))(
    ("abs", libc), ((1, "value", -3), (2, "ignored")))
print(named.argtypes == (c_int, POINTER(c_int)), named(value=4).__class__)


def check(result, function, arguments):
    print("errcheck", result, arguments)
    return result * 2


checked = libc["abs"]
checked.errcheck = check
print(checked(-8))


class DivT(Structure):
    _fields_ = [("quot", c_int), ("rem", c_int)]


class LDivT(Structure):
    _fields_ = [("quot", c_long), ("rem", c_long)]


libc.div.restype = DivT
libc.ldiv.restype = LDivT
libc.ldiv.argtypes = [c_long, c_long]
print([(v.quot, v.rem) for v in (libc.div(17, 5), libc.ldiv(-17, 5))])


class Wrapper:
    _as_parameter_ = c_int(-12)


print(libc.abs(Wrapper()))

# Callbacks, structures by value through them
compare = CFUNCTYPE(c_int, POINTER(c_int), POINTER(c_int))
numbers = (c_int * 6)(5, 1, 4, 9, 2, 6)
libc.qsort(numbers, len(numbers), sizeof(c_int), compare(lambda l, r: l[0] - r[0]))
print(numbers[:])


def by_value(*fields):
    struct = type("S", (Structure,), {"_fields_": [(f"f{n}", ty) for n, ty in enumerate(fields)]})
    seen = []
    function = CFUNCTYPE(c_int, struct, c_int)(
        lambda s, n: seen.append([getattr(s, f[0]) for f in s._fields_] + [n]) or 1)
    as_function = CFUNCTYPE(c_int, struct, c_int)(cast(function, c_void_p).value)
    as_function(struct(*range(1, len(fields) + 1)), 77)
    return seen[0]


for fields in [(c_int, c_float), (c_float, c_float), (c_double, c_int), (c_byte, c_byte, c_byte), (c_float,) * 3,
               (c_long, c_double), (c_double,) * 3, (c_short, c_byte, c_float), (c_longdouble,)]:
    print([ty.__name__ for ty in fields], by_value(*fields))
print(CFUNCTYPE(c_double, c_double, c_float)(lambda x, y: x + y)(1.5, 2.25))
results = []
tick = CFUNCTYPE(None)(lambda: results.append(threading.current_thread() is threading.main_thread()))
thread = threading.Thread(target=tick)
thread.start()
thread.join()
tick()
print(results)

# Python's own C functions
pythonapi.PyNumber_Add.restype = py_object
pythonapi.PyNumber_Add.argtypes = [py_object, py_object]
print(pythonapi.PyNumber_Add(3, 4))
attempt(pythonapi.PyNumber_Add, 3, "x")

# Types go away when nobody uses them. (Compiled code may keep some.)
def structures():
    ctypes._reset_cache()
    gc.collect()
    return len([o for o in gc.get_objects() if isinstance(o, type(Structure))])


before = structures()
for _ in range(20):
    by_value(c_int)
print(structures() - before < 15)
