# hashlib, hmac, base64, binascii, zlib, gzip, codecs, uuid, secrets in what is deterministic.
import base64
import binascii
import codecs
import gzip
import hashlib
import hmac
import io
import uuid
import zlib

for name in ("md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3_256", "sha3_512", "blake2b", "blake2s"):
    h = hashlib.new(name, b"hello ")
    h.update(b"world")
    print(name, h.hexdigest()[:32], h.digest_size, h.block_size, h.name, getattr(hashlib, name)(b"").hexdigest()[:16])
h = hashlib.sha256()
for i in range(1000):
    h.update(b"%d," % i)
copy = h.copy()
h.update(b"more")
print(h.hexdigest(), copy.hexdigest() == hashlib.sha256(b"".join(b"%d," % i for i in range(1000))).hexdigest(),
    hashlib.shake_128(b"x").hexdigest(10), hashlib.blake2b(b"x", digest_size=8, key=b"k", person=b"p").hexdigest(),
    hashlib.md5(bytearray(b"ab")).hexdigest(), hashlib.pbkdf2_hmac("sha256", b"pw", b"salt", 10).hex()[:20])
print(hmac.new(b"key", b"message", "sha256").hexdigest(), hmac.digest(b"k", b"m", "md5").hex(),
    hmac.compare_digest("a", "a"), hmac.compare_digest(b"a", b"b"))
for bad in (lambda: hashlib.new("nope"), lambda: hashlib.md5("text"), lambda: hmac.new(b"k", b"m")):
    try:
        bad()
    except (ValueError, TypeError) as e:
        print(type(e).__name__, end=" ")
print()
data = bytes(range(256)) * 3
for encode, decode in ((base64.b64encode, base64.b64decode), (base64.b32encode, base64.b32decode),
        (base64.b16encode, base64.b16decode), (base64.urlsafe_b64encode, base64.urlsafe_b64decode),
        (base64.b85encode, base64.b85decode), (base64.a85encode, base64.a85decode),
        (base64.encodebytes, base64.decodebytes), (binascii.hexlify, binascii.unhexlify),
        (lambda d: zlib.compress(d, 9), zlib.decompress), (lambda d: gzip.compress(d, mtime=0), gzip.decompress)):
    encoded = encode(data)
    print(encoded[:12] if encode.__name__ != "<lambda>" else len(encoded) < len(data), decode(encoded) == data,
        [decode(encode(b"abcde"[:n])) == b"abcde"[:n] for n in range(6)])
for bad in (lambda: base64.b64decode("a"), lambda: base64.b64decode("ab!=", validate=True),
        lambda: binascii.unhexlify("abc"), lambda: base64.b32decode("1"), lambda: zlib.decompress(b"junk"),
        lambda: gzip.decompress(b"junk"), lambda: base64.b85decode("~~~~~")):
    try:
        bad()
        print("accepted", end=" ")
    except (ValueError, zlib.error, OSError) as e:
        print(type(e).__name__, end=" ")
print()
print(zlib.crc32(b"hello"), zlib.adler32(b"hello"), binascii.crc32(b"hello", 5),
    zlib.crc32(b"lo", zlib.crc32(b"hel")) == zlib.crc32(b"hello"), binascii.b2a_qp(b"a=\xe9"),
    binascii.a2b_qp(b"a=3D=E9"), binascii.crc_hqx(b"x", 0), binascii.hexlify(b"\x01\xff", "-"))
c = zlib.compressobj(6)
packed = b"".join(c.compress(b"line %d\n" % i) for i in range(500)) + c.flush()
d = zlib.decompressobj()
out = b"".join(d.decompress(packed[i:i + 50]) for i in range(0, len(packed), 50)) + d.flush()
print(len(out), out.count(b"\n"), d.eof, d.unused_data, zlib.decompressobj().decompress(packed, 10),
    zlib.decompress(zlib.compress(b""), bufsize=1), zlib.decompressobj(-15).decompress(zlib.compress(b"raw")[2:-4]))
with gzip.open(buffer := io.BytesIO(), "wt", encoding="utf-8") as f:
    f.write("zipped é\n" * 3)
buffer.seek(0)
with gzip.open(buffer, "rt", encoding="utf-8") as f:
    print(f.readline(), len(f.readlines()))
print(codecs.encode("Hello", "rot13"), codecs.encode(b"ab", "hex"), codecs.decode("6162", "hex"),
    codecs.encode(b"x" * 3, "base64"), codecs.lookup("UTF8").name, codecs.lookup("latin1").name, codecs.BOM_UTF8,
    codecs.getencoder("utf-8")("é"), list(codecs.iterdecode([b"\xc3", b"\xa9"], "utf-8")),
    codecs.getincrementaldecoder("utf-8")().decode(b"a\xe2\x82"), codecs.escape_decode(rb"a\n\x41")[0])
codecs.register_error("test.stars", lambda e: ("*" * (e.end - e.start), e.end))
print("aéèb".encode("ascii", "test.stars"), b"a\xff\xfeb".decode("ascii", "test.stars"),
    codecs.lookup_error("strict") is not None)
try:
    "x".encode("no-such-codec")
except LookupError as e:
    print(e)
reader = codecs.getreader("utf-16")(io.BytesIO("línea\nzwei".encode("utf-16")))
print(reader.readlines())
u = uuid.UUID("12345678-1234-5678-1234-567812345678")
print(u, u.hex, u.int, u.bytes[:4], uuid.uuid5(uuid.NAMESPACE_DNS, "example.org"),
    uuid.uuid3(uuid.NAMESPACE_URL, "x"), u == uuid.UUID(int=u.int), uuid.uuid4().version, len(str(uuid.uuid4())))
