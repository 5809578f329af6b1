# pathlib, tempfile, glob, shutil, zipfile, tarfile.
import glob
import io
import os
import shutil
import tarfile
import tempfile
import zipfile
from pathlib import Path, PurePosixPath, PureWindowsPath

p = PurePosixPath("/a/b/c.tar.gz")
print(p, p.name, p.stem, p.suffix, p.suffixes, p.parent, list(p.parents), p.parts, p.anchor, p / "x" / "/abs",
    p.with_name("n"), p.with_suffix(".x"), p.with_stem("s"), p.relative_to("/a"), p.is_relative_to("/z"),
    p.match("*.gz"), p.as_posix(), p.joinpath("..", "d"), PurePosixPath("a//b/./c"), PurePosixPath("."), repr(p),
    p == PurePosixPath("/a/b/c.tar.gz"), p < PurePosixPath("/b"), hash(p) == hash(PurePosixPath(str(p))),
    PureWindowsPath("C:\\x\\y.txt").drive, PureWindowsPath("C:/x").parts, p.full_match("/a/**/*.gz"),
    "up" / PurePosixPath("down"))
for bad in (lambda: p.relative_to("/z"), lambda: p.with_name(""), lambda: PurePosixPath(5), lambda: p + "x"):
    try:
        print(bad())
    except (ValueError, TypeError) as e:
        print(type(e).__name__, end=" ")
print()
with tempfile.TemporaryDirectory() as folder:
    root = Path(folder)
    (root / "sub" / "deep").mkdir(parents=True)
    (root / "one.txt").write_text("line 1\nline 2\n", encoding="utf-8")
    (root / "two.bin").write_bytes(b"\x00\x01\x02")
    (root / "sub" / "three.txt").write_text("3")
    (root / "sub" / "deep" / "four.py").touch()
    print(sorted(x.name for x in root.iterdir()), sorted(str(x.relative_to(root)) for x in root.rglob("*")),
        sorted(x.name for x in root.glob("**/*.txt")), [x.name for x in root.glob("*.bin")])
    one = root / "one.txt"
    print(one.exists(), one.is_file(), root.is_dir(), one.stat().st_size, one.read_text().splitlines(),
        (root / "two.bin").read_bytes(), (root / "none").exists(), one.resolve() == one.absolute().resolve(),
        one.samefile(str(one)))
    with one.open("a") as f:
        f.write("line 3\n")
    moved = one.rename(root / "renamed.txt")
    print(moved.name, one.exists(), moved.read_text().count("line"))
    link = root / "link"
    link.symlink_to(moved)
    print(link.is_symlink(), link.read_text()[:6], os.readlink(link) == str(moved), link.lstat().st_size > 0)
    link.unlink()
    for bad in (lambda: one.read_text(), lambda: (root / "sub").rmdir(), lambda: root.mkdir(),
            lambda: (root / "sub").read_text(), lambda: one.unlink()):
        try:
            bad()
        except OSError as e:
            print(type(e).__name__, end=" ")
    one.unlink(missing_ok=True)
    print([sorted(d) + sorted(f) for _, d, f in root.walk()])
    print(sorted(os.path.relpath(x, folder) for x in glob.glob(folder + "/**", recursive=True) if x != folder + "/"),
        glob.glob("*.txt", root_dir=folder))
    shutil.copytree(root / "sub", root / "copy")
    shutil.copy(moved, root / "copied.txt")
    shutil.move(root / "copied.txt", root / "copy")
    print(sorted(x.name for x in (root / "copy").iterdir()), shutil.which("no-such-program"))
    archive = shutil.make_archive(str(root / "arch"), "zip", root / "copy")
    with zipfile.ZipFile(archive) as z:
        print(sorted(z.namelist()), z.testzip())
    old = os.getcwd()
    os.chdir(folder)
    print(Path("renamed.txt").exists(), Path.cwd().samefile(folder), os.path.exists("sub"))
    os.chdir(old)
    with tempfile.NamedTemporaryFile("w+", dir=folder, suffix=".tmp") as t:
        t.write("temp")
        t.seek(0)
        print(t.read(), os.path.exists(t.name), t.name.endswith(".tmp"))
    print(len([x for x in root.iterdir() if x.suffix == ".tmp"]), os.access(folder, os.W_OK))
    os.environ["RPY_TEST_VARIABLE"] = "set"
    print(os.environ["RPY_TEST_VARIABLE"], os.getenv("RPY_NOT_SET", "default"),
        os.path.expandvars("$RPY_TEST_VARIABLE/x"), "RPY_NOT_SET" in os.environ)
print(os.path.exists(folder))
buffer = io.BytesIO()
with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as z:
    z.writestr("a.txt", "text " * 100)
    z.writestr(zipfile.ZipInfo("d/b.bin", (2020, 1, 2, 3, 4, 6)), b"\x00" * 50)
    with z.open("c.txt", "w") as f:
        f.write(b"streamed")
with zipfile.ZipFile(buffer) as z:
    print(z.namelist(), z.read("a.txt")[:10], z.getinfo("a.txt").file_size, z.getinfo("a.txt").compress_size < 100,
        z.getinfo("d/b.bin").date_time, z.open("c.txt").read(), zipfile.is_zipfile(buffer), z.getinfo("c.txt").CRC)
    try:
        z.read("none")
    except KeyError:
        print("no such member")
try:
    zipfile.ZipFile(io.BytesIO(b"not a zip"))
except zipfile.BadZipFile as e:
    print(e)
for mode in ("", "gz"):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:" + mode) as t:
        for name, data in (("x.txt", b"tar text"), ("dir/y", b"y" * 1000)):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            info.mtime = 86400
            t.addfile(info, io.BytesIO(data))
    buffer.seek(0)
    with tarfile.open(fileobj=buffer) as t:
        print(t.getnames(), t.extractfile("x.txt").read(), t.getmember("dir/y").size, t.getmember("x.txt").mtime,
            [m.isfile() for m in t])
