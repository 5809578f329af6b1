"""`PyUnicode_FromFormat` and other formatting and reading of text, called through ctypes."""
import ctypes

C = ctypes.PyDLL(None)
NULL = ctypes.c_void_p(None)


def call(name, result, *args):
    function = C[name]
    function.restype = result
    try:
        return ascii(function(*args))
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def text(format, *args, shown=()):
    print(ascii(format), *shown, "->", call("PyUnicode_FromFormat", ctypes.py_object, ctypes.c_char_p(format), *args))


letters = "é€x".encode()
for format in b"%s", b"%.1s", b"%.2s", b"%.3s", b"%5s|", b"%-5s|", b"%10.3s|", b"%.0s|":
    for value in letters, b"a\xffb", b"":
        text(format, ctypes.c_char_p(value), shown=[value])
for format in (
    b"%d", b"%5d|", b"%-5d|", b"%05d|", b"%.3d|", b"%5.3d|", b"%05.3d|", b"%-05d|", b"%i", b"%u", b"%x", b"%X", b"%o", b"%+d", b"% d", b"%hd",
    b"%c", b"%5c|", b"%-5c|", b"%.1c",
):
    for value in 65, -65:
        text(format, ctypes.c_int(value), shown=[value])
for format in b"%ld", b"%lu", b"%lx", b"%lld", b"%zd", b"%zu", b"%td", b"%jd", b"%10ld|", b"%010ld|", b"%lc", b"%qd":
    for value in 2**40, -1:
        text(format, ctypes.c_longlong(value), shown=[value])


class Odd:
    def __repr__(self):
        return 1 / 0


for format in b"%S", b"%R", b"%A", b"%T", b"%#T", b"%-8R|", b"%.3A", b"%5.1S|":
    for value in "aé", 5, Odd, None:
        text(format, ctypes.py_object(value))
text(b"%R", ctypes.py_object(Odd()))
for format in b"%S", b"%R", b"%A":
    text(format, NULL)
text(b"%U %5U|%-5U|%.1U", *[ctypes.py_object("aé")] * 4)
text(b"%V", ctypes.py_object("x"), ctypes.c_char_p(b"y"))
text(b"%V %.1V", NULL, ctypes.c_char_p(b"y\xff"), NULL, ctypes.c_char_p(b"yz"))
text(b"%ls %.2ls %6ls|", *[ctypes.c_wchar_p("wide")] * 3)
for format in b"", b"%", b"%%", b"100%", b"%y", b"\xc3\xa9", b"%5", b"%.", b"%5%", b"%l", b"%lU", b"%5.2%", b"a%nb":
    text(format, ctypes.py_object("q"))
for format in b"%99999999999999999999d", b"%.99999999999999999999d":
    text(format, ctypes.c_int(1))
text(b"%*d|%*d|", ctypes.c_int(5), ctypes.c_int(3), ctypes.c_int(-5), ctypes.c_int(3))
text(b"%.*s|%.*s|", ctypes.c_int(2), ctypes.c_char_p(b"abc"), ctypes.c_int(-1), ctypes.c_char_p(b"abc"))
for code in 0x110000, -1:
    text(b"%c", ctypes.c_int(code))
for format in b"%d", b"%i", b"%u", b"%x", b"%c", b"%5d", b"%", b"%%", b"%q %d", b"a%":
    print(format, call("PyBytes_FromFormat", ctypes.py_object, ctypes.c_char_p(format), ctypes.c_int(65)))
print(call("PyErr_Format", ctypes.py_object, ctypes.py_object(ValueError), ctypes.c_char_p(b"%R %d"), ctypes.py_object("a"), ctypes.c_int(5)))
print(call("PyErr_Format", ctypes.py_object, ctypes.py_object(ValueError), ctypes.c_char_p(b"%R"), ctypes.py_object(Odd())))

for source, base in (
    (b"12", 10), (b" 12 ", 10), (b"0x1f", 0), (b"0x1f", 16), (b"1f", 16), (b"0b11", 0), (b"0b11", 2), (b"0o17", 0), (b"017", 0), (b"000 x", 0),
    (b"0xg", 0), (b"z", 36), (b"-5", 10), (b"+5", 10), (b"-0x10", 0), (b"99999999999999999999z", 10), (b"-9223372036854775808", 10),
    (b"-9223372036854775809", 10), (b"18446744073709551615", 10), (b"", 10), (b"12", 1), (b"12", 37), (b"1_0", 10),
):
    results = []
    for name, result in ("PyOS_strtol", ctypes.c_long), ("PyOS_strtoul", ctypes.c_ulong):
        end = ctypes.c_char_p()
        results += [call(name, result, ctypes.c_char_p(source), ctypes.byref(end), ctypes.c_int(base)), end.value]
    print(source, base, *results)
