"""What programs do again and again leaves nothing behind: neither objects nor memory."""
import contextlib
import copy
import ctypes
import functools
import gc
import importlib
import io
import itertools
import json
import os
import re
import sys
import tempfile
import threading
import types
import weakref


def classes():
    class Base:
        x = 1

        def f(self):
            return super().__repr__()

    class Derived(Base):
        __slots__ = ("a",)

        @property
        def p(self):
            return self.a

        @classmethod
        def make(cls):
            return cls()

    d = Derived.make()
    d.a = [d]
    weakref.ref(d)
    d.p, d.f()
    type("Made", (Base,), {"y": 2})().y
    Base.x = 5


def exceptions():
    def deep(n):
        if n:
            deep(n - 1)
        raise ValueError("deep", n)

    for _ in range(3):
        try:
            deep(20)
        except ValueError as e:
            keep = e
            try:
                raise KeyError from e
            except KeyError as second:
                second.__traceback__.tb_frame.f_locals
        with contextlib.suppress(TypeError):
            1 + ""
    try:
        raise ExceptionGroup("g", [ValueError(1), TypeError(2)])
    except* ValueError as group:
        group.exceptions
    except* TypeError:
        pass
    del keep


def generators():
    def g(n):
        try:
            for i in range(n):
                yield i
        finally:
            n = None

    next(g(5))
    a = g(5)
    next(a)
    a.close()
    b = g(5)
    next(b)
    with contextlib.suppress(ZeroDivisionError):
        b.throw(ZeroDivisionError)
    list(itertools.islice((x * y for x in range(3) for y in range(3)), 4))

    async def c():
        return [i async for i in agen()]

    async def agen():
        yield 1

    try:
        c().send(None)
    except StopIteration:
        pass
    c().close()
    cycle = g(3)
    next(cycle)
    cell = [cycle]
    cell.append(cell)


def closures():
    def outer(x):
        def inner(y):
            nonlocal x
            x += y
            return inner

        return inner

    f = outer(1)
    f(2)(3)
    functools.partial(f, 1)()
    functools.lru_cache(maxsize=4)(lambda n: n)(3)
    self_ref = lambda: self_ref
    self_ref()


def cycles():
    a, b = [], {}
    a.append(b)
    b["a"] = a
    s = types.SimpleNamespace()
    s.me = s

    class Node:
        pass

    n = Node()
    n.n = Node()
    n.n.n = n
    n.method = n.__init__

    class Final:
        def __del__(self):
            self.x = self

    Final()


def numbers():
    x = 3**2000
    str(x), int(str(x)), x * x // (x + 1), x >> 7, -x % 13, pow(x, 5, 10**9)
    float(10**20), complex(1, 2) ** 2, round(2.567, 2), hash(x), x.to_bytes(500, "little")


def strings():
    s = "äöü" * 10 + "x" * 100
    s.encode().decode(), s.upper(), s.split("x"), s.replace("x", "yy"), s[3:50:2], s.partition("x")
    f"{s!r:>200}{3.5:.3f}{10**30:,}", "%s %r %d" % (s, s, 5), s.translate({120: "z"}), sys.intern(s + "interned")
    b = bytearray(b"abc" * 100)
    m = memoryview(b)[3:9]
    m.tobytes(), bytes(m)
    b"abc".hex(), str(b), "".join(reversed(s)), s.casefold(), s.center(500)


def containers():
    d = {i: str(i) for i in range(100)}
    d.update(dict.fromkeys("abc")), d.pop(5), d | {1: 2}, list(d.items())
    t = tuple(d)
    sorted(t, key=str), set(map(str, t)) & {"1"}, frozenset(t), [*t, *t], copy.deepcopy(d)
    zip(t, t), dict(zip(t, t)), list(itertools.groupby(t[:9], lambda i: isinstance(i, int)))
    l = list(range(1000))
    l[10:500] = []
    del l[::2]
    l.sort(reverse=True)


def files():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "x")
        with open(path, "w") as f:
            f.write("a\nb\n" * 10)
        with open(path) as f:
            list(f)
        with open(path, "rb", buffering=0) as f:
            f.read(3)
        os.listdir(folder), os.stat(path)
        with contextlib.suppress(OSError):
            open(os.path.join(folder, "none"))
    io.StringIO("a\nb").readlines(), io.BytesIO(b"ab").read()


def threads():
    results = []
    local = threading.local()

    def work(n):
        local.x = n
        results.append(n)

    all_threads = [threading.Thread(target=work, args=(i,)) for i in range(3)]
    for t in all_threads:
        t.start()
    for t in all_threads:
        t.join()
    with threading.Lock(), threading.Condition():
        pass


def imports():
    for name in ("colorsys", "this_does_not_exist"):
        sys.modules.pop(name, None)
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    module = types.ModuleType("made")
    exec("def f(): return g\ng = f", module.__dict__)
    eval(compile("[i for i in range(3)]", "<made>", "eval"))


def patterns():
    re.purge()
    p = re.compile(r"(?P<a>\w+)\s(\d+|x)*")
    m = p.match("abc 123")
    m.groups(), m.groupdict(), m.expand(r"\1"), p.sub(lambda m: m[1], "abc 1"), p.split("a 1 b"), list(p.finditer("q 1"))
    with contextlib.suppress(re.error):
        re.compile("(")


def texts():
    data = {"a": [1, 2.5, None, True, "ü"], "b": {"c": "d"}}
    json.loads(json.dumps(data, indent=1))
    with contextlib.suppress(ValueError):
        json.loads("[1, 2")


def recursion():
    def f(n):
        return f(n + 1)

    with contextlib.suppress(RecursionError):
        f(0)
    nested = []
    for _ in range(5000):
        nested = [nested]
    with contextlib.suppress(RecursionError):
        repr(nested)


def frames():
    def f():
        return sys._getframe(), locals()

    frame, names = f()
    frame.f_back.f_code, frame.f_globals
    events = []
    sys.settrace(lambda *a: events.append(a[1]))
    try:
        f()
    finally:
        sys.settrace(None)
    frame.clear()


def c_types():
    class Point(ctypes.Structure):
        _fields_ = [("x", ctypes.c_int), ("name", ctypes.c_char_p), ("wide", ctypes.c_wchar_p)]

    class Both(ctypes.Union):
        _anonymous_ = ["p"]
        _fields_ = [("p", Point), ("raw", ctypes.c_ubyte * 24)]

    class Node(ctypes.Structure):
        pass

    Node._fields_ = [("next", ctypes.POINTER(Node)), ("value", ctypes.py_object), ("both", Both * 3)]
    a, b = Node(), Node(value=[1])
    a.next, b.next = ctypes.pointer(b), ctypes.pointer(a)
    a.both[1].name, a.both[2].wide, a.self = b"bytes", "text", a
    a.next.contents.next[0].both[1].name
    ctypes.cast(ctypes.byref(a), ctypes.c_void_p).value
    memoryview(a.both).format, bytes(b)
    view = (ctypes.c_char * 1000).from_buffer(bytearray(1000))
    ctypes.resize(view.__class__(), 5000)
    type("Number", (ctypes.c_int,), {})(5)


def c_functions():
    libc = ctypes.CDLL(None)
    libc.strlen.argtypes, libc.strlen.restype = [ctypes.c_char_p], ctypes.c_size_t
    for _ in range(5):
        libc.strlen(b"x" * 100), libc.wcslen("wide" * 50)
        with contextlib.suppress(ctypes.ArgumentError):
            libc.strlen(1.5)

    class Pair(ctypes.Structure):
        _fields_ = [("a", ctypes.c_long), ("b", ctypes.py_object), ("c", ctypes.c_long)]

    prototype = ctypes.PYFUNCTYPE(ctypes.py_object, Pair, ctypes.py_object)
    function = prototype(lambda pair, x: [pair.b, x])
    function.itself = function
    prototype(ctypes.cast(function, ctypes.c_void_p).value)(Pair(1, [2], 3), [4])
    thread = threading.Thread(target=ctypes.CFUNCTYPE(None)(lambda: None))
    thread.start()
    thread.join()
    ctypes._reset_cache()


def measure():
    gc.collect()
    gc.collect()
    return len(gc.get_objects()), sys.getallocatedblocks()


def rss():
    with open("/proc/self/statm") as f:
        return int(f.read().split()[1]) * os.sysconf("SC_PAGESIZE") >> 10


TASKS = [
    classes, exceptions, generators, closures, cycles, numbers, strings, containers, files, threads, imports, patterns, texts,
    recursion, frames, c_types, c_functions,
]
ROUNDS = 30
only = sys.argv[1:]


def growth(task):
    """Objects, blocks and KB that are left after so many rounds."""
    (objects, blocks), size = measure(), rss()
    for _ in range(ROUNDS):
        task()
    objects_after, blocks_after = measure()
    return objects_after - objects, blocks_after - blocks, rss() - size


# A compiler at work needs memory, now and then, and keeps what its code refers to.
jit = getattr(sys, "_jit", None)
OBJECTS, BLOCKS = (ROUNDS * 2, ROUNDS * 100) if jit and jit.is_enabled() else (ROUNDS // 2, ROUNDS * 8)


def is_flat(objects, blocks, kilobytes):
    return objects < OBJECTS and blocks < BLOCKS and kilobytes < 2000


for task in TASKS:
    if only and task.__name__ not in only:
        continue
    for _ in range(20):
        task()
    # What caches (and compiled code) hold after a while is no leak: that would grow every time.
    batches = []
    while len(batches) < 15:
        batches.append(growth(task))
        if is_flat(*batches[-1]):
            break
    print(task.__name__, "flat" if is_flat(*batches[-1]) else f"grows by {batches}")
