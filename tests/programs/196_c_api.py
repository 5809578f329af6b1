"""The C API called through ctypes: what its functions answer, and how they refuse."""
import ctypes
import io
import sys
import types

NULL = ctypes.c_void_p(None)
C_TYPES = {"o": ctypes.py_object, "i": ctypes.c_int, "n": ctypes.c_ssize_t, "s": ctypes.c_char_p, "c": ctypes.c_char, "p": ctypes.c_void_p}
OBJECT, INT, SIZE, TEXT = ctypes.py_object, ctypes.c_int, ctypes.c_ssize_t, ctypes.c_char_p


def call(result, name, signature, *args):
    """The answer of a function, or its exception in words."""
    function = ctypes.PyDLL(None)[name]
    function.restype = result
    values = [arg if arg is NULL else C_TYPES[code](arg) for code, arg in zip(signature, args, strict=True)]
    try:
        return function(*values)
    except Exception as error:
        message = str(error)
        if isinstance(error, SystemError):
            # CPython puts the place in its source in front.
            message = message.rpartition(": ")[2]
        return f"{type(error).__name__}: {message}"


def show(*arguments):
    shown = [ascii(arg) for arg in arguments[3:] if isinstance(arg, (int, str, bytes))]
    result = call(*arguments)
    print(arguments[1], *shown, "->", result if isinstance(result, str) and result.isascii() else ascii(result))


class Length:
    def __len__(self):
        return 3


# Sequences that cannot be changed, and such as have their operators elsewhere.
for value in (1, 2), "ab", b"ab", range(2), 5, {1: 2}:
    print(value)
    for function, signature, *args in (
        ("PySequence_SetItem", "ono", value, 0, 1),
        ("PySequence_DelItem", "on", value, 0),
        ("PyObject_SetItem", "ooo", value, "key", 1),
        ("PyObject_DelItem", "oo", value, 0),
    ):
        if value != {1: 2} or function.startswith("PySequence"):
            show(INT, function, signature, *args)
    for function in "PySequence_Repeat", "PySequence_InPlaceRepeat":
        show(OBJECT, function, "on", value, 2)
    for function in "PySequence_Concat", "PySequence_InPlaceConcat":
        show(OBJECT, function, "oo", value, range(1))


class Added(list):
    def __add__(self, other):
        return "added"

    def __mul__(self, count):
        return NotImplemented


show(OBJECT, "PySequence_Concat", "oo", Added(), Added())
show(OBJECT, "PySequence_Repeat", "on", Added([1]), 2)
for value in {1}, [1], {1: 2}, Length(), 5:
    print([call(SIZE, name, "o", value) for name in ("PyObject_Size", "PySequence_Size", "PyMapping_Size")])


def delete(value):
    del value[0]


for value in (1,), "a", {1}, 5, None:
    try:
        delete(value)
    except TypeError as error:
        print(error)

# Dicts and lists.
show(INT, "PyDict_Update", "oo", {}, NULL)
show(INT, "PyDict_Merge", "ooi", {}, NULL, 1)
show(INT, "PyDict_Merge", "ooi", [], {}, 1)
numbers = [1, 2, 3]
show(INT, "PyList_SetSlice", "onno", numbers, 0, 1, 5)
show(INT, "PyList_SetSlice", "onno", numbers, 0, 1, "ab")
print(numbers)


# Parts of functions.
def function(a=1, *, b=2):
    pass


show(INT, "PyFunction_SetDefaults", "oo", function, 5)
show(INT, "PyFunction_SetDefaults", "oo", len, (1,))
show(INT, "PyFunction_SetKwDefaults", "oo", function, (1,))
show(INT, "PyFunction_SetAnnotations", "oo", function, 5)
show(INT, "PyFunction_SetDefaults", "oo", function, (7,))
show(INT, "PyFunction_SetKwDefaults", "oo", function, None)
print(function.__defaults__, function.__kwdefaults__)
show(OBJECT, "PyFunction_GetAnnotations", "o", 5)

# Importing by any name.
for name in 5, "os.path", "\ud800", "":
    result = call(OBJECT, "PyImport_Import", "o", name)
    print(getattr(result, "__name__", result))
show(OBJECT, "PyImport_ImportModuleLevelObject", "ooooi", 5, NULL, NULL, NULL, 0)
show(OBJECT, "PyImport_ImportModuleLevelObject", "ooooi", NULL, NULL, NULL, NULL, 0)
show(OBJECT, "PyImport_ImportModuleLevelObject", "ooooi", "sys", NULL, NULL, NULL, -1)
show(ctypes.c_void_p, "PyCapsule_Import", "si", b"sys.nothing_of_this_name", 0)

# Contiguous memory.
rows = memoryview(bytes(range(12))).cast("B", [3, 4])


class Pair(ctypes.Structure):
    _fields_ = [("number", ctypes.c_int), ("text", ctypes.c_char)]


pairs = memoryview((Pair * 3)((1, b"a"), (2, b"b"), (3, b"c")))[::2]
for view, order in (rows, b"C"), (rows, b"F"), (rows, b"A"), (memoryview(b"abcdef")[::-2], b"C"), (pairs, b"C"), (pairs, b"F"):
    result = call(OBJECT, "PyMemoryView_GetContiguous", "oic", view, 0x100, order)
    print(result.tobytes(), result.shape, result.strides, len(result.format), result.readonly, result.c_contiguous, result.f_contiguous)
print(call(OBJECT, "PyMemoryView_GetContiguous", "oic", rows, 0x100, b"F").tolist())
show(OBJECT, "PyMemoryView_GetContiguous", "oic", rows, 0x200, b"C")
show(OBJECT, "PyMemoryView_GetContiguous", "oic", memoryview(bytearray(4))[::2], 0x200, b"C")

# Text of the C library, bytes and numbers.
show(OBJECT, "PyUnicode_EncodeLocale", "os", "a\0b", b"strict")
show(OBJECT, "PyUnicode_EncodeLocale", "os", "é\udcff", b"surrogateescape")
show(OBJECT, "PyUnicode_DecodeLocale", "ss", b"\xc3\xa9", b"ignore")
show(OBJECT, "PyUnicode_DecodeLocaleAndSize", "sns", b"a\0b", 3, b"strict")
print(ascii(call(OBJECT, "PyUnicode_DecodeLocale", "ss", b"a\xff", b"surrogateescape")))
show(OBJECT, "PyUnicode_EncodeFSDefault", "o", 5)
show(INT, "PyUnicode_WriteChar", "onn", 5, 0, 65)
show(OBJECT, "PyByteArray_Concat", "oo", [], b"")
show(OBJECT, "PyByteArray_Concat", "oo", b"a", bytearray(b"b"))
show(ctypes.c_void_p, "PyLong_AsVoidPtr", "o", 2**64)
show(ctypes.c_void_p, "PyLong_AsVoidPtr", "o", -(2**64))
show(OBJECT, "PyLong_FromString", "spi", b"1", None, 1)

# Frames and tracebacks.
frame = sys._getframe()
show(OBJECT, "PyFrame_GetVar", "oo", frame, 5)
show(OBJECT, "PyFrame_GetVarString", "os", frame, b"nothing_of_this_name")
try:
    1 / 0
except ZeroDivisionError as error:
    file = io.StringIO()
    print(call(INT, "PyTraceBack_Print", "oo", error.__traceback__, file), file.getvalue().splitlines()[0])
show(INT, "PyTraceBack_Print", "oo", 5, file)
show(INT, "PyTraceBack_Print", "oo", NULL, file)
for value in function, len, [].append, types.MethodType(function, 1), 5, int:
    print(call(TEXT, "PyEval_GetFuncName", "o", value), call(TEXT, "PyEval_GetFuncDesc", "o", value))

# Running text; audit events of C code.
heard = []


def hook(event, args):
    if event.startswith("c_api"):
        print(event, args)
    elif event in ("compile", "exec") and heard is not None:
        heard.append((event, args[0] if event == "compile" else args[0].co_filename))


sys.addaudithook(hook)
show(OBJECT, "PyRun_String", "sioo", b"# coding: latin-1\n'\xe9'", 258, {}, {})
print(call(OBJECT, "PyRun_String", "sioo", b"'\xe9'", 258, {}, {}).partition(":")[0])
print(heard)
heard = None
show(INT, "PySys_AuditTuple", "so", b"c_api.tuple", (1, 2))
show(INT, "PySys_AuditTuple", "so", b"c_api.tuple", 5)
show(INT, "PySys_Audit", "sso", b"c_api.none", b"O", None)
show(INT, "PySys_Audit", "ss", b"c_api.empty", b"")
show(INT, "PySys_Audit", "ssii", b"c_api.numbers", b"ii", 1, 2)
show(OBJECT, "PyFile_GetLine", "oi", types.SimpleNamespace(readline=lambda *n: 5), 0)
