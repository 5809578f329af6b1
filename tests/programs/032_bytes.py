# bytes and bytearray: literals, methods, conversion, mutation, formatting.
b = b"hello world"
print(b, b[0], b[-1:], b[::2], len(b), b"lo" in b, 104 in b, b + b"!", b * 2, b[1:4], list(b[:3]), b"\x00\xff\n'\"")
print(bytes(3), bytes([65, 66]), bytes("é", "utf-8"), bytes(b"copy"), bytes(range(5)), bytes(),
    bytes((x for x in [1, 2])), bytes(bytearray(b"x")))
print(b.upper(), b.title(), b.capitalize(), b.swapcase(), b.split(), b.split(b"o"), b.split(b" ", 1),
    b.rsplit(b"o", 1), b.partition(b" "), b.replace(b"l", b"L", 2))
print(b.find(b"o"), b.rfind(b"o"), b.find(111), b.index(b"w"), b.count(b"l"), b.startswith((b"x", b"he")),
    b.endswith(b"d"), b"".join([b"a", b"b"]), b", ".join([b"x", bytearray(b"y")]))
print(b"  x ".strip(), b"xxaxx".strip(b"x"), b"ab".center(6, b"*"), b"ab".ljust(4) + b"|", b"ab".rjust(4),
    b"42".zfill(5), b"a\tb".expandtabs(4), b"a\nb\r\nc".splitlines())
print(b"abc".hex(), b"abc".hex(":"), b"abcdef".hex("-", 2), bytes.fromhex("61 62 63"), b"abc".decode(),
    b"\xc3\xa9".decode(), b"\xff".decode("latin-1"), b"\xffa".decode("utf-8", "replace"),
    b"\xffa".decode("ascii", "ignore"))
print(b"a" < b"b", b"a" == bytearray(b"a"), b"a" == "a", b"ab" > b"a", hash(b"a") == hash(bytes([97])),
    b"" == bytes(), {b"k": 1}[b"k"], sorted([b"b", b"a"]))
print(b"abc".isalpha(), b"123".isdigit(), b"a1".isalnum(), b" \n".isspace(), b"AB".isupper(), b"ab".islower(),
    b"\x80".isascii(), b"Ab Cd".istitle())
print(b"abc".translate(bytes.maketrans(b"ab", b"xy")), b"abcabc".translate(None, b"b"),
    b"prefix-x".removeprefix(b"prefix-"), b"x.py".removesuffix(b".py"))
print(b"%s|%5d|%-5s|%x|%c|%%|%b|%a" % (b"s", 42, b"ab", 255, 65, b"bb", "é"), b"%(k)s" % {b"k": b"v"},
    b"%.2f" % 3.14159)
a = bytearray(b"abc")
a.append(100)
a.extend(b"ef")
a += b"gh"
a[0] = 65
a[1:3] = b"XYZ"
del a[-1]
a.insert(1, 33)
print(a, len(a), a.pop(), a.pop(0), a, a[::-1], a.reverse(), a, a.copy() == a)
a.remove(33)
a[::2] = b"***"
print(a, a * 2, a.find(b"*"), bytes(a), a == b"x", a.clear(), a, bytearray(4), bytearray("é", "latin-1"))
c = bytearray(range(10))
c[2:8:2] = b"\xff\xff\xff"
del c[::3]
print(list(c), c.index(255), c.count(255), bytearray(b"x").hex(), bytearray.fromhex("ff00"), type(c[1:3]).__name__,
    bytearray(b"a,b").split(b","), bytearray(b"Ab").lower())
for operation in (lambda: b"abc"[5], lambda: bytes([256]), lambda: bytes([-1]), lambda: bytes("x"),
        lambda: b"a" + "b", lambda: b"abc".find("a"), lambda: bytes(-1), lambda: b"\xff".decode(),
        lambda: bytearray(b"a").append(300), lambda: b"".join(["a"]), lambda: bytes.fromhex("6g"),
        lambda: b"a".index(b"z"), lambda: bytearray(b"").pop(), lambda: hash(bytearray()), lambda: b"abc".__setitem__,
        lambda: b"%d" % "x", lambda: int(b"x")):
    try:
        print(operation())
    except (IndexError, ValueError, TypeError, AttributeError) as e:
        print(type(e).__name__, end=" ")
print()
for i, ch in enumerate(b"ab"):
    print(i, ch, end=" ")
print(int(b"42"), int(b"ff", 16), float(b"1.5"), str(b"abc"), repr(bytearray(b"\x01")), f"{b'x'}", b"a" b"b",
    ascii(b"\xe9"))


class MyBytes(bytes):
    def __repr__(self):
        return "MyBytes"


m = MyBytes(b"abc")
print(m, m == b"abc", m[1:], m + b"d", isinstance(m, bytes), len(m), m.decode())


class HasBytes:
    def __bytes__(self):
        return b"from __bytes__"


print(bytes(HasBytes()), b"".join([b"x"] * 3), b"x" * 0, max(b"abc"), min(b"abc"), sum(b"abc"),
    bytes(reversed(b"abc")), bytes(sorted(b"cab")))
data = bytearray()
for i in range(1000):
    data.append(i * 7 % 256)
print(len(data), sum(data), data[:5], data.find(b"\x0e\x15"), data.count(7), bytes(data[-3:]))
text = "héllo wörld €"
for codec in ("utf-8", "utf-16", "utf-16-be", "utf-32-le", "latin-1", "cp1252", "ascii", "utf-8-sig", "utf-7",
        "unicode_escape", "raw_unicode_escape", "punycode"):
    try:
        encoded = text.encode(codec)
        print(codec, encoded[:24], encoded.decode(codec) == text)
    except UnicodeError as e:
        print(codec, type(e).__name__)
for bad in (b"\x80", b"\xc3", b"\xc3\x28", b"\xe2\x82", b"\xf0\x9f\x98", b"\xed\xa0\x80", b"\xf8\x88", b"ok\xffok"):
    out = [bad.decode("utf-8", how) for how in ("replace", "ignore", "backslashreplace")]
    try:
        bad.decode()
    except UnicodeDecodeError as e:
        print(bad, out, e.start, e.end, e.reason)
print("a\ud800b".encode("utf-8", "surrogatepass"),
    b"\xff".decode("utf-8", "surrogateescape").encode("utf-8", "surrogateescape"),
    b"a\xed\xa0\x80b".decode("utf-8", "surrogatepass") == "a\ud800b")
