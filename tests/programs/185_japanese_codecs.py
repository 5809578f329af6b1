"""Japanese encodings at their edges: bytes that begin nothing, characters of an older set, of a later edition."""

import codecs


def decoded(data, encoding):
    try:
        return ascii(data.decode(encoding))
    except UnicodeDecodeError as e:
        return e.start, e.end, e.reason


def encoded(text, encoding):
    try:
        return text.encode(encoding)
    except UnicodeEncodeError as e:
        return e.start, e.end


print("-- first bytes")
for encoding in "shift_jis", "cp932", "shift_jisx0213", "shift_jis_2004", "euc_jp", "euc_jis_2004":
    kinds = []
    for byte in range(0x80, 0x100):
        try:
            text = codecs.getincrementaldecoder(encoding)().decode(bytes([byte]))
            kinds.append("o" if text else ".")
        except UnicodeDecodeError:
            kinds.append("x")
    print(encoding, "".join(kinds))
print(decoded(b"a\xf8", "shift_jis"), decoded(b"a\xeaA", "shift_jis"), b"\xf8\xa4".decode("shift_jis", "replace") == "\ufffd\uff64")

print("-- a set in G2")
for data in b"\x1bNa", b"\x1bN\x1b$B", b"\x1b.A\x1bNa", b"\x1b.F\x1bNa", b"\x1bN\xff", b"\x1bN":
    print(data, decoded(data, "iso2022_jp_2"))

print("-- what only JIS X 0212 has")
for text in "\u010a", "\u9117\u8dc3", "\u0110", "\u7e6b", "\u7626", "\u9b1c", "\u9b1d", "\u304b\u309a", "\ubd58":
    print(ascii(text), *(encoded(text, encoding) for encoding in ("euc_jis_2004", "euc_jisx0213", "euc_jp")))
print(encoded("\u010a", "shift_jis_2004"), encoded("\u010a", "iso2022_jp_3"))

print("-- codes of the later edition")
for code in b"\xae\xa1", b"\xf4\xa7", b"\xfe\xfe", b"\xaf\xfe", b"\xfd\xa1":
    print(code, decoded(code, "euc_jisx0213"), decoded(code, "euc_jis_2004"))
for code in b"\xef\xfc", b"\xef\xf8", b"\xef\xfd", b"\x87\x9f":
    print(code, decoded(code, "shift_jisx0213"), decoded(code, "shift_jis_2004"))
