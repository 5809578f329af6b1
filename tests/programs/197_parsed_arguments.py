"""`PyArg_ParseTuple` and its relatives, called through ctypes."""
import ctypes

C = ctypes.PyDLL(None)
# Large enough for a `Py_buffer`.
places = [ctypes.create_string_buffer(128) for _ in range(4)]


def refused(error):
    return f"{type(error).__name__}: {error}"


def parse(function, values, count, read=ctypes.c_int):
    """What a function stores in the first places, or its exception."""
    for place in places:
        ctypes.memset(place, 0, 128)
    function = C[function]
    function.restype = ctypes.c_int
    try:
        assert function(*values, *map(ctypes.byref, places)) == 1
    except Exception as error:
        return refused(error)
    return [read.from_buffer(place).value for place in places[:count]]


def positional(format, args, count=0, read=ctypes.c_int):
    values = ctypes.py_object(args), ctypes.c_char_p(format)
    print(format.decode(), args, "->", parse("PyArg_ParseTuple", values, count, read))


def one(format, arg, count=1):
    print(format.decode(), arg, "->", parse("PyArg_Parse", (ctypes.py_object(arg), ctypes.c_char_p(format)), count))


def by_keyword(format, args, kwargs, *names, count=0):
    array = (ctypes.c_char_p * (len(names) + 1))(*map(str.encode, names), None)
    values = ctypes.py_object(args), ctypes.py_object(kwargs), ctypes.c_char_p(format), array
    print(format.decode(), args, kwargs, names, "->", parse("PyArg_ParseTupleAndKeywords", values, count))


for format in b"b", b"B", b"h", b"H", b"i", b"I", b"n", b"l", b"L", b"p":
    for value in 1, -1, 2**7, 2**16, 2**31, 2**64, 1.5, "a", None:
        positional(format, (value,), 1, ctypes.c_longlong if format in (b"n", b"l", b"L") else ctypes.c_uint8)
for format in b"f", b"d":
    for value in 1, 1.5, "a":
        positional(format, (value,), 1, ctypes.c_float if format == b"f" else ctypes.c_double)
for format in b"s", b"z", b"y", b"S", b"Y", b"U", b"s#", b"y#", b"w*", b"c", b"C":
    for value in "a", "a\0", b"a\0", bytearray(b"ab"), 5:
        if not (format in (b"c", b"C") and not isinstance(value, int) and len(value) == 2):
            positional(format, (value,))
for format, value in (b"s#", memoryview(bytearray(4))[::2]), (b"y#", memoryview(b"ab")), (b"y*", memoryview(b"abcd")[::2]):
    print(format.decode(), "->", parse("PyArg_ParseTuple", (ctypes.py_object((value,)), ctypes.c_char_p(format)), 0))
for format, args in (
    (b"", (1,)), (b"ii", (1,)), (b"ii", (1, 2, 3)), (b"i|i", ()), (b"i|i", (1, 2, 3)), (b"i:name", ()), (b"i:name", ("x",)),
    (b"i;in words", ("x",)), (b"i;in words", ()), (b"(ii)", ((1,),)), (b"(ii)", (5,)), (b"(ii)", (b"ab",)), (b"(i(ii)):f", ((1, (2, "x")),)),
    (b"q", (1,)), (b"q:name", (1,)), (b"q;in words", (1,)),
):
    positional(format, args)
positional(b"i|i", (1,), 2)
positional(b"(ii)i", ((1, 2), 3), 3)
for format, arg in (b"i", 5), (b"i:n", "x"), (b"", 5), (b"ii", (1, 2)), (b"|i", 5):
    one(format, arg)
for format, args, kwargs in (
    (b"iii", (1,), {"b": 2, "c": 3}), (b"iii", (1,), {"b": 2}), (b"iii", (1, 2, 3), {"c": 3}), (b"i|ii", (), {}), (b"i|ii", (), {"d": 1}),
    (b"i|ii", (1,), {"d": 1}), (b"i|ii:f", (1,), {"bb": 1}), (b"i|ii:f", (1,), {"b": "x"}), (b"i|ii", (1,), {5: 1}), (b"i|i$i", (1, 2, 3), {}),
    (b"i|i$i", (1, 2), {"c": 3}), (b"|$iii:g", (1,), {}), (b"ii", (1, 2), {}), (b"iii", (1,), {"a": 5}), (b"iii:f", (1,), {"a": 5, "b": 1}),
    (b"i|ii:f", (1,), {"a": 5}), (b"i|ii", (1,), {"a": 5, "c": 6}), (b"i|ii", (1,), {}),
):
    by_keyword(format, args, kwargs, "a", "b", "c", count=3)
by_keyword(b"iii", (1, 2), {}, "a", "b")
by_keyword(b"i|ii:f", (1,), {"max_split": 1}, "a", "maxsplit", "c")
by_keyword(b"iii", (1,), {"": 2}, "", "b", "c")
by_keyword(b"iii", (), {"b": 2, "c": 2}, "", "b", "c")
by_keyword(b"ii|i:h", (1,), {}, "", "", "c")
by_keyword(b"iii", (1, 2), {}, "", "", "")
by_keyword(b"i|i", (), {"b": 2}, "", "b")

CONVERTER = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.py_object, ctypes.c_void_p)
converter = CONVERTER(lambda value, place: value)
for value in 0, 1:
    print(parse("PyArg_ParseTuple", (ctypes.py_object((value,)), ctypes.c_char_p(b"O&:f"), converter), 0))
