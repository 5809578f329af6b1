"""The formats that are fuzzed, in one table: whether they are text, and words that belong to them."""

import enum
import typing


class Kind(enum.Enum):
    """How a format's inputs are damaged."""

    TEXT = "words and lines"
    BINARY = "bits and fields"


class Format(typing.NamedTuple):
    """One format."""

    kind: Kind
    words: list


SOURCE = (
    r"""( ) [ ] { } : , ; . -> := = == != <= >> ** // @ ~ - + * / % & | ^ ... \ # ' " ''' f" f' t' rb' b' u' f''' {x!r:>{w}} {x=} !
    and as assert async await break class continue def del elif else except except* finally for from global if import in is lambda
    nonlocal not or pass raise return try while with yield match case type _ None True False __class__ __debug__ print x y self
    0 1 0x 0b1 1e9999 1_0 1j 0o7 1e 9999999999999999999999 \N{DASH} \N{ \x \u12 \U0011FFFF """.encode().split()
    + [b"\n", b"\t", b" ", b"\n    ", b"\\\n", b"\0", b"\f", b"\r", b"\r\n", b"\xef\xbb\xbf", b"\xff", b"\xc3\xa9", b"\xe2\x82\xac",
       b"\xf0\x9f\x98\x80", b"# -*- coding: latin-1 -*-\n", b"# coding: utf-16\n", b"# coding: rot13\n", b"yield from ", b"not in ",
       b"is not ", b"async for ", b"async with ", b"lambda: ", b"if x:\n  ", b"x if x else ", b"x for x in ", b"(x:=", b"*x, ",
       b"**x, ", b"def f(x, /, *, y): ", b"class C[T: int = x, *U, **V]:\n ", b"type X[T] = ", b"f'{", b"f'{x:{", b"t'{x!r}'",
       b"except* ", b"case {'a': [x, *_], **y}:", b"case C(x=1) | None as z:", b"from __future__ import annotations\n",
       b"from __future__ import barry_as_FLUFL\n", b"import a.b as c, ", b"global x\n", b"nonlocal x\n", b"9" * 5000, b"1 ** ",
       b"1 << 99999", b"'a' * 9999", b"(1,) * 9999", b"-", b"x.", b"x[", b"x(", b"return\n"]
)  # fmt: skip
BINARY = [b"\0", b"\xff", b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\0\x80", b"\0\0\0\0", b"\x01\0\0\0", b"\xff" * 8]
MARSHAL = BINARY + [
    bytes([code | flag]) for code in b"0NFTS.ifgxyIlrstR()[{}<>ucaAzZ:" for flag in (0, 0x80)
] + [b"r\0\0\0\0", b"r\x01\0\0\0", b"(\x02\0\0\0", b"\xa9\x02", b"<\x01\0\0\0", b"\xe3", b"{N0", b"l\xff\xff\xff\x7f", b"s\xff\xff\xff\x7f", b"[\xff\xff\xff\x7f"]  # fmt: skip
PICKLE = BINARY + [bytes([code]) for code in b"(.012FIJKLMNPQRSTUVXabcdeghijlopqrst}u]" ] + [bytes([code]) for code in range(0x80, 0x99)] + [
    b"cbuiltins\nset\n", b"cbuiltins\ngetattr\n", b"cbuiltins\nrange\n", b"cbuiltins\nbytearray\n", b"ccollections\ndeque\n",
    b"ccollections\nOrderedDict\n", b"ccopyreg\n_reconstructor\n", b"cbuiltins\nobject\n", b"cbuiltins\nlist\n", b"cbuiltins\ndict\n",
    b"(tR", b")R", b"}b", b"\x94", b"h\0", b"q\0", b"r\xff\xff\xff\x7f", b"\x81", b"\x92", b"\x8f(", b"\x91", b"I99999999999999999999\n",
    b"F1e999\n", b"L1L\n", b"S'x'\n", b"V\\u0000\n", b"\x8a\xff", b"\x8b\xff\xff\xff\x7f", b"\x95\xff\0\0\0\0\0\0\0", b"(K\x01K\x02d", b"(l", b"]a", b"Nb",
]  # fmt: skip
RE = (
    r"""( ) [ ] { } | ^ $ . * + ? *? +? ?? *+ ++ ?+ {2} {2,} {,3} {1,2}? {3,4}+ {0} {4294967295} {99999999999} (?: (?P<a> (?P=a) (?= (?!
    (?<= (?<! (?> (?(1) (?(a)x|y) (?i) (?aiLmsux-imsx:  (?i: (?x) (?# \1 \2 \99 \0 \077 \x41 \u20ac \U0001F600 \N{DASH} \d \D \w \W \s \S \b
    \B \A \Z \z \n \\ [^ a-z ] z-a --- && || ~~ [[:alpha:]] [\d-z] \g \Q (?P< (?P> (?<a> (?' a b ab""".encode().split()
    + [b" ", b"#", b"\n", b"\0", b"\xff", b"\xc3\x9f", b"\xc4\xb0", b"\xf0\x9f\x98\x80", b"\x01", b"(a*)*", b"((", b"|" * 50, b"[\\]", b"(?(99999)a)"]
)  # fmt: skip
JSON = (
    """{ } [ ] , : " \\ true false null NaN Infinity -Infinity 0 -0 1e999 -1e-999 1.5 0123 1. .5 1E+ "\\u" "\\ud800" "\\ud83d\\ude00"
    "\\x" "\\/" {"a":1} [[ {"": ' 1e 123456789012345678901234567890""".encode().split()
    + [b" ", b"\n", b"\t", b"\0", b"\xff", b"\xef\xbb\xbf", b"\xff\xfe", b"\xc3\xa9", b"1" * 5000, b'"a":', b"\\", b"[" * 2000, b'{"a":' * 2000]
)  # fmt: skip
STRUCT = (
    "x c b B ? h H i I l L q Q n N f d e s p P F D @ = < > ! 0s 0p 1p 255p 256p 3h 99999999999999999999i 2147483647i 9223372036854775807x "
    "4611686018427387904q 0i n0P 1s 100s".encode().split()
    + [b" ", b"\n", b"\0", b"\xff", b"\xc3\xa9", b"@i" * 10, b"xi" * 40, b"\n|"]
)  # fmt: skip
ZIP = BINARY + [b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07", b"PK\x07\x08", b"\x08\0", b".py", b".pyc", b"/", b"__init__", b"../", b"\x01\0\x10\0"]  # fmt: skip
LITERALS = (
    """0 1 9 _ . e E + - j J inf nan infinity 0x 0b 0o x p 1e400 1e-400 0x1p-1074 0x1.8p1023 1_000 -T:Z W 2024-02-30 24:00 .000001
    +23:59:59.999999 P n b d o x X e f g % s r a ! < > = ^ , # { } [ ] {0} {!r} {:>{}} {a.b[c]} %s %d %*.*f %(a)s %% 99999999999
    .99999 9223372036854775808 %c %a \\ \\N{DASH} \\x \\u \\ud800 \\U00110000""".encode().split()
    + [b" ", b"\n", b"\0", b"\xff", b"\xd9\xa3", b"\xef\xbc\x91", b"\xe2\x88\x92", b"\xf0\x9d\x9f\x97", b"9" * 5000, b"9" * 400, b"{" * 50, b"\xc3\xa9"]
)  # fmt: skip

FORMATS = {
    # compile() in its three modes, ast, tokenize, symtable.
    "source": Format(Kind.TEXT, SOURCE),
    # A compiled file, read as the import system reads it; the code object is looked at, not run.
    "pyc": Format(Kind.BINARY, MARSHAL),
    # marshal.loads and load, and dumps of the result.
    "marshal": Format(Kind.BINARY, MARSHAL),
    # The unpicklers, with harmless globals; pickletools.
    "pickle": Format(Kind.BINARY, PICKLE),
    # A format, and data for it.
    "struct": Format(Kind.TEXT, STRUCT),
    # A pattern, compiled and matched.
    "re": Format(Kind.TEXT, RE),
    # The matcher's code, as `_sre.compile` takes it.
    "sre": Format(Kind.BINARY, BINARY),
    # json.loads, and dumps of the result.
    "json": Format(Kind.TEXT, JSON),
    # An archive on the module path, and under zipfile.
    "zipimport": Format(Kind.BINARY, ZIP),
    # Streams of the decompressors.
    "compressed": Format(Kind.BINARY, BINARY),
    # Bytes for the decoders, and text for the encoders.
    "codecs": Format(Kind.BINARY, BINARY + [b"\x1b$B", b"\x1b(B", b"\x0e", b"+/v8-", b"xn--", b"=?utf-8?q?", b"\xd8\x00", b"\xed\xa0\x80", b"\\N{", b"\\U0011"]),
    # Numbers, dates, format strings and other small languages.
    "literals": Format(Kind.TEXT, LITERALS),
    # csv and ElementTree.
    "tables": Format(Kind.TEXT, [b",", b'"', b"'", b"\n", b"\r", b"\0", b"\t", b";", b"\\", b"<a>", b"</a>", b"<!DOCTYPE a [", b"<!ENTITY b '", b"&b;", b"&#x110000;", b"<![CDATA[", b"]]>", b"<?xml version='1.0' encoding='utf-16'?>", b"\xff", b"x='1'", b"xmlns:a='b'"]),
}  # fmt: skip
