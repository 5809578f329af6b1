# Memory that is a file: reading, writing, searching, resizing, modes of access, errors.
import mmap
import os
import re
import sys
import tempfile

with tempfile.TemporaryFile() as file:
    file.write(b"0123456789" * 1000)
    file.flush()
    with mmap.mmap(file.fileno(), 0) as m:
        print(len(m), m[:5], m[-3:], m[3], m[0:20:3], m.size(), m.closed)
        m[2:5] = b"abc"
        m[9] = ord("z")
        print(m.read(12), m.tell(), m.readline()[:3], m.read_byte() if m.tell() < len(m) else "end")
        print(m.find(b"abc"), m.find(b"abc", 3), m.rfind(b"789"), m.find(b"45", -20, -10), b"bc" in m, m.find(b""))
        m.seek(0)
        print(m.write(b"XY"), m.tell(), m[:4], m.seek(-1, os.SEEK_END), m.seek(5, os.SEEK_CUR) if False else m.read())
        m.move(100, 0, 4)
        print(m[100:104], re.search(rb"[a-z]+", m).group(), bytes(memoryview(m)[:3]), m.flush())
        os.lseek(file.fileno(), 0, os.SEEK_SET)
        print(os.read(file.fileno(), 10))
        m.resize(20000)
        print(len(m), m.size(), m[10000], m[:3])
        m.resize(5)
        print(m[:], bytearray(m), list(m)[:2], [m[i : i + 1] for i in range(2)])
        m.seek(0)
        m.write_byte(65)
        print(m.readline(), m.read())
        view = memoryview(m)
        for call in (m.close, lambda: m.resize(10)):
            try:
                call()
            except BufferError as e:
                print(e)
        view.release()
        for call in (
            lambda: m[5],
            lambda: m["x"],
            lambda: m.__setitem__(0, 256),
            lambda: m.__setitem__(0, b"x"),
            lambda: m.__setitem__(slice(0, 2), b"abc"),
            lambda: m.__delitem__(0),
            lambda: m.seek(100),
            lambda: m.seek(0, 7),
            lambda: m.write(b"123456"),
            lambda: m.move(0, 3, 10),
            lambda: m.read_byte() and m.read_byte(),
        ):
            try:
                call()
            except Exception as e:
                print(type(e).__name__, e)
    for call in (lambda: m[0], m.read, lambda: len(m), m.flush):
        try:
            call()
        except ValueError as e:
            print(e)
    print(m.closed, m.close())
    with mmap.mmap(file.fileno(), 3, access=mmap.ACCESS_READ) as m:
        for call in (lambda: m.__setitem__(0, 1), lambda: m.write(b"x"), lambda: m.resize(2)):
            try:
                call()
            except TypeError as e:
                print(e)
        print(memoryview(m).readonly)
    with mmap.mmap(file.fileno(), 3, access=mmap.ACCESS_COPY) as m:
        m[0] = 33
        print(m[:], os.pread(file.fileno(), 3, 0))
    for arguments in ((file.fileno(), 100), (file.fileno(), -1), (9999, 1), (file.fileno(), 0, 0, 0, 9)):
        try:
            mmap.mmap(*arguments)
        except Exception as e:
            print(type(e).__name__)
anonymous = mmap.mmap(-1, 3 * mmap.PAGESIZE)
read, write = os.pipe()
if os.fork() == 0:
    anonymous[:5] = b"child"
    os._exit(0)
os.wait()
print(anonymous[:5], anonymous[5:7], repr(anonymous).startswith("<mmap.mmap closed=False, access=ACCESS_DEFAULT"))
anonymous.madvise(mmap.MADV_DONTNEED, mmap.PAGESIZE)
print(mmap.ACCESS_READ, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE, mmap.ALLOCATIONGRANULARITY == mmap.PAGESIZE)
