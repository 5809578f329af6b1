# Chinese, Japanese and Korean encodings: all of their tables (by checksums), errors, states, streams.
import codecs
import io
import random
import zlib

DOUBLE = (
    "gb2312 gbk gb18030 hz big5 cp950 big5hkscs euc_kr cp949 johab shift_jis cp932 euc_jp "
    "shift_jis_2004"
).split()
ISO = "iso2022_jp iso2022_jp_1 iso2022_jp_2 iso2022_jp_2004 iso2022_jp_3 iso2022_jp_ext iso2022_kr".split()

everything = "\n".join(chr(c) for c in range(0x30000) if not 0xD800 <= c < 0xE000)
pairs = b"\n".join(bytes([a, b]) for a in range(0x80, 0x100) for b in range(0x21, 0x100))
singles = b"\n".join(bytes([a]) for a in range(256))
triples = b"\n".join(bytes([0x8F, a, b]) for a in range(0xA1, 0xFF) for b in range(0xA1, 0xFF))
fours = b"\n".join(bytes([a, b, c, d]) for a in (0x81, 0x82, 0x84, 0x90, 0xE3) for b in range(0x30, 0x3A)
    for c in range(0x81, 0xFF, 5) for d in range(0x30, 0x3A))


def check(text):
    return zlib.crc32(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))


for name in DOUBLE:
    print(name, check(everything.encode(name, "ignore")), check(pairs.decode(name, "replace")),
        check(singles.decode(name, "replace")), check(triples.decode(name, "replace")), check(fours.decode(name, "replace")))
sets = [b"(B", b"(J", b"(I", b"$@", b"$B", b"$A", b"$(C", b"$)C", b"$(D", b"$(O", b"$(P", b"$(Q", b".A", b".F", b"&@\x1b$B"]
for name in ISO:
    print(name, check(everything.encode(name, "ignore")), end="")
    for code in sets:
        data = b"\x1b" + code
        data += b"".join(b"\x1bN" + bytes([a]) for a in range(0x20, 0x80)) if code[:1] == b"." else b""
        data += b"\x0e" if code == b"$)C" else b""
        data += b"".join(bytes([a, b]) for a in range(0x21, 0x7F) for b in range(0x21, 0x7F))
        print("", check(data.decode(name, "replace")), end="")
    print()

# What is not well-formed, under each way of dealing with it, at once and bit by bit.
rnd = random.Random(1)
pieces = [b"a", b"~", b"~{", b"~}", b"\x1b", b"\x1b$B", b"\x1b(B", b"\x1b$)C", b"\x0e", b"\x0f", b"\n", b"0!", b"\xa4\xd4", b"\x81", b"\x8e",
    b"\x8f", b"\xa1", b"\xb0\xa1", b"\xff", b"\x80", b"\x30", b"\xfe", b"\x88\x62", b"\xab\xc4", b"\x1b.A", b"\x1bN", b"\x1b&@"]
for name in DOUBLE + ["iso2022_kr"]:
    result = []
    for _ in range(300):
        data = b"".join(rnd.choice(pieces) for _ in range(rnd.randint(1, 8)))
        for errors in "strict", "ignore", "replace", "backslashreplace":
            try:
                result.append(data.decode(name, errors))
            except UnicodeDecodeError as e:
                result.append(f"{e.start} {e.end} {e.reason}")
        decoder = codecs.getincrementaldecoder(name)("replace")
        try:
            result.append("".join(decoder.decode(data[i : i + 1], i + 1 == len(data)) for i in range(len(data))))
        except UnicodeDecodeError as e:
            result.append(f"{e.start} {e.end} {e.reason} {decoder.getstate()[0]}")
        result.append(codecs.getreader(name)(io.BytesIO(data), "ignore").read())
    texts = ["\xca\u0304", "\xe6\u0300", "\u304b", "\u304b\u309a", "a", "\n", "\uac02", "\u4e00", "\ud800", "\U0001f600", "~", "\xa5", "\ufffd"]
    for _ in range(200):
        text = "".join(rnd.choice(texts) for _ in range(rnd.randint(1, 6)))
        for errors in "strict", "ignore", "replace", "xmlcharrefreplace":
            try:
                result.append(str(text.encode(name, errors)))
            except UnicodeEncodeError as e:
                result.append(f"{e.start} {e.end} {e.reason}")
        encoder = codecs.getincrementalencoder(name)("ignore")
        result.append(str([encoder.encode(c) for c in text] + [encoder.encode("", True)]))
        out = io.BytesIO()
        writer = codecs.getwriter(name)(out, "replace")
        writer.writelines([text, "x"])
        writer.reset()
        result.append(str(out.getvalue()))
    print(name, check("\n".join(result)))

# A few in the open.
print("\u6c49\u5b57".encode("gbk"), b"\xba\xba\xd7\xd6".decode("gb2312"), "\ud55c\uae00".encode("euc_kr"), "\u65e5\u672c".encode("iso2022_jp"))
for call in [lambda: b"\x81".decode("gbk"), lambda: "\u20ac".encode("big5"), lambda: b"\xff\xff".decode("euc_jp")]:
    try:
        call()
    except UnicodeError as e:
        print(type(e).__name__, e)
reader = codecs.getreader("shift_jis")(io.BytesIO("\u3042\n\u3044\n".encode("shift_jis")))
print(ascii(reader.readline()), ascii(reader.readlines()), reader.errors)
encoder = codecs.getincrementalencoder("euc_jis_2004")()
print(encoder.encode("\xe6"), encoder.getstate(), encoder.encode("\u0300"), encoder.getstate())
decoder = codecs.getincrementaldecoder("gb18030")()
print(ascii(decoder.decode(b"\x81\x30\x81")), decoder.getstate(), ascii(decoder.decode(b"\x30")), decoder.getstate())
text = io.TextIOWrapper(io.BytesIO("\u4e2d\u6587\nx\n".encode("gb18030")), "gb18030")
print(ascii(text.readline()), ascii(text.read()))
