"""Runs under the interpreter under test: writes valid inputs of a format to the standard output, each behind its length.

Usage: seeds.py FORMAT SEED
"""

import ast
import os
import random
import re
import struct
import sys

LIBRARY = os.path.dirname(os.__file__)
# What the pieces of library files may measure.
LONGEST = 2500

# Rare syntax, which the library's files have too little of.
RARE = [
    "match x:\n    case [1, *_, {'a': y, **rest}] if y > 1: pass\n    case C(1, b=2) | None as z: pass\n    case -1 | 1+2j | 'a' 'b' | a.b: pass\n",
    "def f[T: (int, str) = int, *Ts = *tuple[int], **P = [int]](x: T, /, y: int = 1, *args: *Ts, z, **kw: P.kwargs) -> T: return x\n",
    "class A[T](B, metaclass=C, **kw):\n    x: int = 1\n    y: 'str'\n    def __init__(self): super().__init__(); __class__\n",
    "type X[T, *U, **V] = dict[T, X]\n",
    "async def f():\n    async with a as b, c as (d, e): await g()\n    async for x in y: pass\n    else: return\n    return [i async for i in z if await i]\n",
    "try: pass\nexcept* (A, B) as e: raise\nelse: pass\nfinally: pass\n",
    "x = f'{a!r:>{width}.{precision}} {b=} {c:{d!s:{e}}} {{}} {\"q\"} {lambda_ := 1}'\ny = t'{a!r} {b:x}' t'c'\n",
    "with (open('a') as f, open('b') as g,): pass\n",
    "lambda x, /, y=1, *z, w, **k: (yield)\n",
    "x = [a := 1, *b, *(c for c in d if c if not c)]\ny = {**a, 'b': 1, **c}\nz = {i: j for i, j in k}\n",
    "def f():\n    nonlocal_ = 1\n    def g():\n        nonlocal nonlocal_\n        global h\n        nonlocal_ = h = 2\n        del nonlocal_\n",
    "@a.b[c](d)\n@e\nclass F: pass\n",
    "x[1:2, ::3, ..., *y] = a, *b = c = d\n",
    "0x_ff + 0b1_0 + 0o17 + 1_000.5e-1_0j - 'a' f'b' r'' if x else not y is not z not in w\n",
    "while True:\n    if a: break\n    elif b: continue\n    else: assert c, d\nelse:\n    pass\nfor *x, y in z: pass\n",
    "from . import a\nfrom .b.c import (d as e, f,)\nfrom g import *\nimport h.i, j as k\n",
    "# -*- coding: latin-1 -*-\nx = 'é'\n", "\ufeffx = 1\n", "if 1:\n\tx\n\tif 2:\n\t\ty\n", "x = '''a\n\\\nb\\N{EM DASH}\\x41\\u1234\\U0001F600\\101'''\n",
    "def f(a, b):\n    '''doc'''\n    try:\n        return a / b\n    except ZeroDivisionError as e:\n        raise ValueError from e\n    finally:\n        with a: yield b\n",
    "(-1) ** 0.5; 2 ** 100; 'a' * 10; (1, 2)[0]; 1 // 0; 1 << 10; not 1; 3 // 1.5; 5 % -3; -7 // 2.0; ~5; 'abc'[1]; 1 if 0 else 2\n",
]  # fmt: skip


def library_files(rng, count, ending=".py"):
    """Some files of the library, as bytes."""
    paths = []
    for folder in ("", "asyncio", "collections", "email", "importlib", "json", "concurrent/futures", "unittest", "urllib", "xml/etree"):
        where = os.path.join(LIBRARY, folder)
        if os.path.isdir(where):
            paths += [os.path.join(where, name) for name in sorted(os.listdir(where)) if name.endswith(ending)]
    for path in rng.sample(paths, min(count, len(paths))):
        with open(path, "rb") as file:
            yield file.read()


def pieces(rng, files, each):
    """Statements out of files."""
    for data in library_files(rng, files):
        lines = data.splitlines(keepends=True)
        body = [b"".join(lines[node.lineno - 1 : node.end_lineno]) for node in ast.parse(data).body]
        body = [piece for piece in body if len(piece) < LONGEST]
        yield from rng.sample(body, min(each, len(body)))


def source(rng):
    yield from (text.encode() for text in RARE)
    yield from pieces(rng, 60, 3)


def pyc(rng):
    from importlib._bootstrap_external import _code_to_timestamp_pyc

    for piece in [text.encode() for text in RARE[:11]] + list(pieces(rng, 30, 2)):
        yield bytes(_code_to_timestamp_pyc(compile(piece, "x.py", "exec")))


def values():
    """Objects of all kinds that are written by marshal and pickle."""
    shared = [1, "shared"]
    cyclic = []
    cyclic.append(cyclic)
    return [
        None, True, ..., 0, -1, 255, 1 << 31, -(1 << 31), 1 << 64, -(1 << 100), 1.5, float("inf"), float("nan"), 1j, "", "a", "é", "€" * 300,
        "\U0001f600", "\ud800", "name", b"", b"abc", b"x" * 300, (), (1,), (1, "a", None), tuple(range(300)), [], [1, [2, [3]]], {}, {"a": 1, 2: [3]},
        set(), {1, 2}, frozenset({1, "a"}), [shared, shared], {"k": shared, "l": (shared,)}, [1.5, {"a": {"b": {"c": ()}}}], StopIteration,
        slice(1, 2, 3), bytearray(b"abc"), cyclic,
    ]  # fmt: skip


def marshal(rng):
    import marshal

    for value in values()[:-4]:
        for version in (0, 2, 4, 5):
            try:
                yield marshal.dumps(value, version)
            except ValueError:
                pass
    for piece in [text.encode() for text in RARE[:11]] + list(pieces(rng, 20, 1)):
        yield marshal.dumps(compile(piece, "x.py", "exec"), 5)


def pickle(rng):
    import array
    import collections
    import datetime
    import decimal
    import fractions
    import pickle

    more = [
        collections.OrderedDict(a=1), collections.deque([1, 2], 5), collections.Counter("abca"), collections.defaultdict(list, a=[1]), range(5),
        datetime.datetime(2024, 2, 29, 12, tzinfo=datetime.timezone.utc), datetime.timedelta(1, 2, 3), datetime.time(1, 2, fold=1), datetime.date(1, 1, 1),
        decimal.Decimal("1.50"), fractions.Fraction(3, 4), array.array("d", [1.5]), array.array("w", "aé"), int, len, iter([1, 2]), iter({1: 2}), reversed([1]), zip([1]),
        enumerate("ab"), map(len, ["a"]), ValueError("x"), OSError(2, "no", "file"), memoryview, object(), property, complex, re.compile("a(b)"),
        ExceptionGroup("g", [ValueError(1)]), iter(bytearray(b"ab")), iter("ab"), iter(range(3)), iter(range(1 << 70)), pickle.PickleBuffer,
    ]  # fmt: skip
    for value in values() + more:
        for protocol in range(6):
            try:
                yield pickle.dumps(value, protocol)
            except Exception:
                pass


def struct_(rng):
    for format in ("bBhHiIlLqQ?fd", "@nNPs", "<3s10p", ">ie", "!2h4x8Q", "=0i", "c?x", "100s", "F", "D", "<" + "i" * 40, "256p", "e", "3c2x5d", "@ciqh0q"):
        yield format.encode() + b"|" + rng.randbytes(32)


def re_(rng):
    literal = re.compile(rb"""re\.\w+\(\s*(?:br?|r)?(['"])(.{3,120}?)\1""")
    found = set()
    for data in library_files(rng, 200):
        found.update(match[2] for match in literal.finditer(data))
    own = r"(a|b)*?c (?P<n>\d+)(?P=n) (?<=ab)c(?!d) [^\W\d_]+ (?i:x)(?-i:y) (?>a+)b a*+b (?(1)a|b) ^\s*$ \bfoo\b .{2,5}? (?s:.)* ((a)|(b))\2? x{0} (?:(?:a{1,3}){2,}) [a-c[] (?=(a))\1 (?x) \N{DASH}".split()
    for pattern in sorted(found)[:150] + [pattern.encode() for pattern in own]:
        yield pattern + b"\x01abc aab foo 1212 xY\n"


def sre(rng):
    """The code as 32-bit words, and a subject behind them."""
    from re import _compiler, _parser

    patterns = [data.split(b"\x01")[0].decode("latin-1") for data in re_(rng)]
    for pattern in rng.sample(patterns, min(60, len(patterns))):
        try:
            tree = _parser.parse(pattern)
        except (re.error, OverflowError):
            continue
        code = _compiler._code(tree, tree.state.flags)
        yield struct.pack(f"<H{len(code)}I", tree.state.groups - 1, *code)


def json(rng):
    import json

    for value in ({"a": [1, -2.5e10, True, None, "é\n\u20ac"]}, [], {}, "", 0, [[[]]], {"a": {"b": {"c": {}}}}, ["\ud800", "\U0001f600"], list(range(50)), [1e-7, 123456789012345678901234567890]):
        for indent in (None, 2):
            for ascii in (True, False):
                yield json.dumps(value, indent=indent, ensure_ascii=ascii).encode("utf-8", "surrogatepass")
    yield json.dumps({"a": "b"}).encode("utf-16")
    yield json.dumps(["c"]).encode("utf-32-be")


def zipimport(rng):
    import importlib._bootstrap_external as external
    import io
    import zipfile

    code = compile("x = 1", "m.py", "exec")
    for compression in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        for comment in (b"", b"comment"):
            out = io.BytesIO()
            with zipfile.ZipFile(out, "w", compression) as archive:
                archive.comment = comment
                archive.writestr("m.py", "x = 1\n")
                archive.writestr("p/__init__.py", "y = 2\n" * 20)
                archive.writestr("p/q.pyc", external._code_to_timestamp_pyc(code))
                archive.writestr("caf\u00e9/d.txt", "data" * 50)
            yield out.getvalue()
            yield b"#!/bin/sh\n" + out.getvalue()
            with zipfile.ZipFile(out, "a") as archive:
                with archive.open("z64.py", "w", force_zip64=True) as file:
                    file.write(b"z = 3\n")
            yield out.getvalue()


def compressed(rng):
    """The first byte says which decompressor."""
    import bz2
    import gzip
    import lzma
    import zlib
    from compression import zstd

    for text in (b"", b"abc" * 100, bytes(range(256)), rng.randbytes(500), b"a" * 5000):
        yield b"\0" + zlib.compress(text)
        yield b"\1" + gzip.compress(text)
        yield b"\2" + bz2.compress(text)
        yield b"\3" + lzma.compress(text)
        yield b"\4" + lzma.compress(text, format=lzma.FORMAT_ALONE)
        yield b"\5" + zstd.compress(text)
        yield b"\6" + zlib.compressobj(9, zlib.DEFLATED, -15).compress(text) + b"\0"


def codecs(rng):
    """The first byte says which codec: see `target.py`."""
    texts = ["abc é € \U0001f600", "日本語テキスト", "\\N{EM DASH}\\x41\\u1234", "xn--bcher-kva.example", "+AGE-", "a" * 200, "\ud800", "한국어", "begin 666 x\n#86)C\nend\n", "=E9=\n"]
    for codec in range(0, 256, 3):
        yield bytes([codec]) + rng.choice(texts).encode("utf-8", "surrogatepass")
        yield bytes([codec]) + rng.choice(texts).encode("utf-16-le", "surrogatepass")


def literals(rng):
    texts = "1 -12_3 0x1F 1.5e-10 inf nan 1+2j (3-4j) 0x1.8p3 2024-02-29 2024-02-29T12:30:45.123456+01:30 2024-W05-3 20240229T120000Z 12:30 >10.3f +,d _x #o %5.2f%s {:>10}{0} {a.b[0]!r:^{w}} %(a)s%-5d 0.1e5% 1e5 007 \\x41\\n $a ${b} 1.5E+3 -Infinity sNaN12 3/4 1_0/2_0 %Y-%m-%d".split()
    return (text.encode() for text in texts)


def tables(rng):
    yield b'a,b,"c ""d"""\r\n1,2,3\n'
    yield b"a;b\\;c;'d'\n\n;;\n"
    yield b"<?xml version='1.0' encoding='utf-8'?><!DOCTYPE a [<!ENTITY b 'c'>]><a x='1' xmlns:n='u'><n:b>&b;&lt;</n:b><!-- c --><![CDATA[d]]><?p q?></a>"
    yield b"<a><b/><c>text</c>tail</a>"


def main():
    format, seed = sys.argv[1:]
    makers = {"struct": struct_, "re": re_}
    maker = makers.get(format) or globals()[format]
    out = sys.stdout.buffer
    for data in maker(random.Random(int(seed))):
        out.write(struct.pack("<I", len(data)) + data)


if __name__ == "__main__":
    main()
