"""Packages of sources.txt at work: prints the same under CPython with the same packages."""

import os
import sys


def bitarray():
    from bitarray import bitarray, util

    bits = bitarray("1011000")
    bits.extend([True, False])
    return bits, bits.count(), bits.tobytes(), util.ba2int(bits), memoryview(bits).nbytes, bits & ~bits


def cffi():
    import tempfile

    import cffi

    ffi = cffi.FFI()
    ffi.cdef(
        "typedef struct { int a; double b; char name[8]; } record; enum color { RED, GREEN = 5 }; double add(double, int);"
        "record make(int a); int each(int (*callback)(int), int n); extern \"Python\" int twice(int); extern int counter;"
    )
    ffi.set_source("_sources_cffi", """
        typedef struct { int a; double b; char name[8]; } record;
        enum color { RED, GREEN = 5 };
        static int counter = 3;
        static double add(double x, int y) { counter++; return x + y; }
        static record make(int a) { record r = {a, a / 2.0, "abc"}; return r; }
        static int each(int (*callback)(int), int n) { int s = 0; for (int i = 0; i < n; i++) s += callback(i); return s; }
    """)
    with tempfile.TemporaryDirectory() as folder:
        sys.path.insert(0, folder)
        ffi.compile(tmpdir=folder)
        from _sources_cffi import ffi, lib

        ffi.def_extern("twice")(lambda x: 2 * x)
        record = lib.make(9)
        return lib.add(1.5, 2), lib.counter, lib.GREEN, record.b, ffi.string(record.name), lib.each(lib.twice, 5)


def greenlet():
    from greenlet import getcurrent, greenlet

    log = []

    def inner(x):
        while x:
            log.append(x)
            x = getcurrent().parent.switch(x * 2)
        raise ValueError("end")

    g = greenlet(inner)
    log += [g.switch(1), g.switch(2)]
    try:
        g.switch(0)
    except ValueError as error:
        log.append(str(error))
    return log, g.dead


def lru():
    from lru import LRU

    cache = LRU(2, callback=lambda key, value: dropped.append(key))
    dropped = []
    for i in range(4):
        cache[i] = i * i
    return cache.items(), dropped, cache.get(0), cache.get_stats()


def markupsafe():
    import markupsafe._speedups
    from markupsafe import Markup, escape

    return escape("<a href='x'>€&😀</a>"), escape(Markup("<b>")), escape(5), Markup("%s") % "<", markupsafe._speedups.__name__


def msgpack():
    import msgpack._cmsgpack

    data = {"a": [1, 2.5, None, True, b"x" * 40], "é": -(2**40)}
    packed = msgpack.packb(data)
    return msgpack.unpackb(packed) == data, len(packed), list(msgpack.Unpacker(__import__("io").BytesIO(packed * 2)))[1]["é"]


def multidict():
    from multidict import CIMultiDict, istr
    from multidict._multidict import MultiDict

    d = MultiDict([("a", 1), ("b", 2), ("a", 3)])
    ci = CIMultiDict(Host="x")
    ci.add("host", "y")
    return d.getall("a"), list(d.items()), d.popone("a"), d, ci.getall("HOST"), istr("x") in ci, type(d.keys()).__name__


def psutil():
    import psutil

    me = psutil.Process()
    return me.pid == os.getpid(), me.memory_info().rss > 0, psutil.cpu_count() > 0, len(me.cmdline()) > 0


def regex():
    import regex

    return (
        regex.findall(r"\p{Lu}\w+", "Ärger und Élan"), regex.search(r"(?:foo){e<=1}", "fxo").fuzzy_counts,
        regex.sub(r"(?<year>\d{4})", lambda m: m["year"][::-1], "in 1984"), regex.split(r"(?V1)(?=b)", "abab"),
    )


def simplejson():
    import simplejson
    from simplejson import _speedups

    text = simplejson.dumps({"a": [1, 2.5, None, "é\n"], "b": {"c": 2**70}}, sort_keys=True)
    return text, simplejson.loads(text)["b"], simplejson.dumps((1, "x"), indent=" "), _speedups.__name__


def wrapt():
    import wrapt
    import wrapt._wrappers

    @wrapt.decorator
    def loud(wrapped, instance, args, kwargs):
        return wrapped(*args, **kwargs).upper()

    class C:
        @loud
        def name(self):
            return "c"

        @loud
        @classmethod
        def cls(cls):
            return cls.__name__ + "!"

    proxy = wrapt.ObjectProxy([1, 2])
    proxy += [3]
    return C().name(), C.cls(), list(proxy), isinstance(proxy, list), len(proxy), proxy == [1, 2, 3]


def zope_interface():
    from zope.interface import Interface, implementer, providedBy
    from zope.interface._zope_interface_coptimizations import SpecificationBase
    from zope.interface.adapter import AdapterRegistry

    class IA(Interface):
        pass

    class IB(IA):
        pass

    @implementer(IB)
    class C:
        pass

    registry = AdapterRegistry()
    registry.register([IA], IB, "", "adapter")
    return IA.providedBy(C()), list(providedBy(C())) == [IB], registry.lookup([IB], IB), SpecificationBase.__name__


SECTIONS = [bitarray, cffi, greenlet, lru, markupsafe, msgpack, multidict, psutil, regex, simplejson, wrapt, zope_interface]

for section in SECTIONS:
    if len(sys.argv) < 2 or section.__name__ in sys.argv[1:]:
        try:
            print(section.__name__, section())
        except Exception as error:
            print(section.__name__, "FAILED", type(error).__name__, error)
