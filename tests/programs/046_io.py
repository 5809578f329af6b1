# Files and streams: io classes, text and binary, seeking, encodings, newlines, buffering.
import io
import os
import tempfile

s = io.StringIO("first\nsecond\nthird")
print(s.readline(), s.read(3), s.tell(), s.readlines(), s.read(), s.seek(0), list(s), s.getvalue()[:5], s.seek(2),
    s.write("XX"), s.getvalue(), s.truncate(8), s.getvalue(), s.seekable(), s.readable(), s.writable(), s.closed,
    s.isatty())
s.close()
try:
    s.read()
except ValueError as e:
    print(e)
out = io.StringIO(newline="\r\n")
print("a", "b", sep="|", file=out)
print("no newline", end="", file=out)
print(repr(out.getvalue()), repr(io.StringIO("a\r\nb\rc", newline=None).read()),
    io.StringIO("a\r\nb\rc", newline="").readlines(), io.StringIO("x\ny").readline(1))
b = io.BytesIO(b"0123456789")
print(b.read(3), b.read1(2), b.seek(-2, 2), b.read(), b.tell(), b.seek(0), b.readinto(buf := bytearray(4)), buf,
    b.getvalue(), b.seek(8), b.write(b"ABCD"), b.getvalue(), bytes(b.getbuffer()[:3]), b.truncate(5), b.getvalue(),
    b.readlines(), io.BytesIO(b"a\nb\n").readlines(), list(io.BytesIO(b"x\ny")))
b.seek(8)
b.write(b"!")
print(b.getvalue())
folder = tempfile.mkdtemp()
path = os.path.join(folder, "file.txt")
with open(path, "w", encoding="utf-8") as f:
    print(f.write("line one\n"), f.write("é€😀\n"), f.writelines(["three\n", "four"]), f.tell(), f.mode, f.encoding,
        os.path.basename(f.name), f.closed)
print(f.closed, os.path.getsize(path))
with open(path, encoding="utf-8") as f:
    print(f.readline(), ascii(f.readline()), f.read(2), f.tell() > 0, f.read(), repr(f.read()))
with open(path, "rb") as f:
    print(f.read(4), f.seek(9), f.read(2), f.seek(-4, os.SEEK_END), f.read(), f.tell(), f.seek(0), f.readline(),
        [len(x) for x in f], type(f).__name__, type(f.raw).__name__, f.peek(1))
with open(path, "a", encoding="utf-8") as f:
    f.write("\nappended")
with open(path, "r+", encoding="utf-8") as f:
    f.write("LINE")
    f.seek(0)
    print([ascii(line) for line in f])
    f.seek(0)
    f.truncate(4)
print(open(path).read())
with open(path, "wb") as f:
    f.write(b"a\r\nb\rc\nd")
for newline in (None, "", "\n", "\r", "\r\n"):
    with open(path, newline=newline) as f:
        print(repr(newline), f.readlines(), f.newlines)
with open(path, "w", newline="\r\n") as f:
    f.write("x\ny\n")
print(open(path, "rb").read())
for encoding in ("utf-8", "utf-16", "latin-1", "utf-8-sig"):
    with open(path, "w", encoding=encoding) as f:
        f.write("é\n")
    with open(path, encoding=encoding) as f:
        text = f.read()
    print(encoding, open(path, "rb").read(), ascii(text))
with open(path, "wb") as f:
    f.write(b"ok \xff bad")
for errors in ("strict", "replace", "ignore", "surrogateescape", "backslashreplace"):
    try:
        with open(path, encoding="utf-8", errors=errors) as f:
            print(errors, ascii(f.read()))
    except UnicodeDecodeError as e:
        print(errors, e.start, e.reason)
try:
    with open(path, "w", encoding="ascii") as f:
        f.write("é")
except UnicodeEncodeError as e:
    print(e.encoding, e.start)
with open(path, "x" if not os.path.exists(path) else "w") as f:
    pass
for arguments in ((path, "x"), (os.path.join(folder, "none"), "r"), (folder, "r"), (path, "q"), (path, "rw"),
        (path, "rb", -1, "utf-8"), ("nul\0", "r"), (path, "r", 0)):
    try:
        open(*arguments)
    except (OSError, ValueError) as e:
        print(type(e).__name__, end=" ")
print()
with open(path, "w") as f:
    for name in ("read", "fileno"):
        try:
            print(getattr(f, name)() >= 0)
        except (io.UnsupportedOperation, TypeError) as e:
            print(type(e).__name__, e)
big = "".join(f"line {i}\n" for i in range(20000))
with open(path, "w") as f:
    f.write(big)
with open(path) as f:
    print(sum(len(line) for line in f) == len(big), f.seek(0), f.read(100000) == big[:100000], len(f.readlines()))
with open(path, "rb", buffering=0) as f:
    print(type(f).__name__, f.read(10), f.readall()[:5], f.seek(0), f.readinto(bytearray(5)))
with open(path, "rb+") as f:
    f.seek(5)
    f.write(b"*****")
    f.seek(0)
    print(f.read(20))
r, w = os.pipe()
with os.fdopen(w, "w") as f:
    f.write("through a pipe")
with os.fdopen(r) as f:
    print(f.read())
raw = io.BytesIO()
wrapper = io.TextIOWrapper(raw, encoding="utf-8", write_through=True)
wrapper.write("é\n")
print(raw.getvalue(), wrapper.detach() is raw)
reader = io.BufferedReader(io.BytesIO(b"abcdef"), 2)
print(reader.peek(1)[:1], reader.read(1), reader.read(), io.BufferedWriter(io.BytesIO()).write(b"xyz"),
    io.BufferedRandom(io.BytesIO(b"12")).read(), io.IncrementalNewlineDecoder(None, True).decode("a\r\nb"))


class Upper(io.TextIOBase):
    def __init__(self):
        self.got = []

    def write(self, s):
        self.got.append(s.upper())
        return len(s)


class Raw(io.RawIOBase):
    def __init__(self, data):
        self.data = data

    def readable(self):
        return True

    def readinto(self, b):
        n = min(len(b), len(self.data), 3)
        b[:n] = self.data[:n]
        self.data = self.data[n:]
        return n


u = Upper()
print("shout", 1, file=u)
print(u.got, Raw(b"hello raw").read(), io.BufferedReader(Raw(b"line\nnext")).readline(),
    io.TextIOWrapper(io.BufferedReader(Raw(b"x\ny\n"))).readlines(),
    [issubclass(a, b) for a, b in ((io.StringIO, io.TextIOBase), (io.FileIO, io.RawIOBase),
    (io.BytesIO, io.BufferedIOBase))])
os.mkdir(os.path.join(folder, "sub"))
os.rename(path, os.path.join(folder, "sub", "moved"))
print(sorted(os.listdir(folder)), [(os.path.basename(base), dirs, files) for base, dirs,
    files in os.walk(folder)][1][1:], os.path.exists(path), os.path.isdir(folder),
    os.stat(os.path.join(folder, "sub", "moved")).st_size == os.path.getsize(os.path.join(folder, "sub", "moved")),
    [e.name for e in os.scandir(folder)])
import shutil
shutil.rmtree(folder)
print(os.path.exists(folder), os.path.join("a", "b", "/c"), os.path.splitext("x.tar.gz"), os.path.split("/a/b"),
    os.path.normpath("a/./b/../c"), os.path.relpath("/a/b", "/a/c"), os.path.commonpath(["/a/b", "/a/c"]),
    os.path.isabs("/x"), os.path.basename("/a/b/"), os.path.dirname("/a/b"), os.path.expanduser("x"))
# A file that nobody refers to any more is flushed and closed.
import tempfile
handle, path = tempfile.mkstemp()
os.close(handle)
open(path, "w").write("kept text")
print(open(path).read())
open(path, "wb").write(b"kept bytes")
print(open(path, "rb").read())
os.remove(path)
