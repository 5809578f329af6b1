# Unicode: categories, normalization, case, identifiers, width, surrogates, sorting.
import unicodedata

for c in "aÉß1½Ⅷ€😀\u0301\u200d漢あ\xad ":
    print(ascii(c), unicodedata.name(c, "no name"), unicodedata.category(c), unicodedata.combining(c),
        unicodedata.bidirectional(c), unicodedata.east_asian_width(c), unicodedata.mirrored(c),
        unicodedata.decimal(c, None), unicodedata.digit(c, None), unicodedata.numeric(c, None),
        unicodedata.decomposition(c))
for form in ("NFC", "NFD", "NFKC", "NFKD"):
    print(form, [ascii(unicodedata.normalize(form, s)) for s in ("é", "e\u0301", "ﬁ", "Å", "한", "²", "\u1e9b\u0323")],
        unicodedata.is_normalized(form, "é"))
print(unicodedata.lookup("GREEK SMALL LETTER OMEGA"), "\N{LATIN SMALL LETTER E WITH ACUTE}" == "é")
try:
    unicodedata.lookup("NO SUCH THING")
except KeyError:
    print("KeyError")
print("ǆ".upper(), "ǆ".title(), "İ".lower().encode("unicode_escape"), "ŉ".upper(), "ﬀ".upper(), "Σ".lower(),
    "ΑΣ".lower(), "ΑΣΑ".lower(), "ß".casefold(), "ſ".upper(), "K".lower(), "ΐ".upper(), "straße".title(),
    "ŒUVRE".capitalize(), "o'neil's 3rd".title())
print([c.isidentifier() for c in ("é", "变量", "1a", "a-b", "_", "ª", "a·b", "²")], [c.isdigit() for c in "1²½٣Ⅷ"],
    [c.isdecimal() for c in "1²½٣"], [c.isnumeric() for c in "1²½٣Ⅷ一"], [c.isalpha() for c in "aé漢ª1_"],
    [c.isspace() for c in " \u00a0\u2003\u200b\x1c"], [c.isprintable() for c in "a\u00a0\u200b\xad😀"],
    [c.isupper() for c in "AÉaǅⅧ"], [c.istitle() for c in ("Ab", "AB", "ǅ", "A b")])
naïve, 变量, ª = 1, 2, 3
print(naïve + 变量 + ª, globals()["a"], [n for n in ("naïve", "变量") if n in globals()])
s = "a\u0301b漢😀"
print(len(s), [len(c.encode()) for c in s], s.encode("utf-16-le").hex(), s[::-1].encode("unicode_escape"),
    s.index("漢"), s.split("b"), list(s) == [*s], s.find("😀"), s.replace("😀", ":)"), "😀" in s, s.center(9, "·"),
    sorted("éeèzaÀ"), max("a漢"), "é" < "z", "😀" > "漢")
surrogate = "\ud83d"
print(len(surrogate), ascii(surrogate + "\ude00"),
    (surrogate + "\ude00").encode("utf-16", "surrogatepass").decode("utf-16"), surrogate.isprintable())
try:
    surrogate.encode()
except UnicodeEncodeError as e:
    print(e)
try:
    b"\xff\xfea".decode("utf-16")
except UnicodeDecodeError as e:
    print(e.reason)
print(int("٣٤"), int("１２"), float("١.٥"), "٣".isdigit(), f"{'漢':>4}|", "%5s|" % "é", "漢字".ljust(5, "*"),
    "tab\u3000wide".split(), "a\x85b\u2029c".splitlines(), "x\u00a0y".split())
for width in ("a" * 10, "é" * 10, "漢" * 10, "😀" * 10):
    text = width + "a"
    print(len(text), text[0] == width[0], text[-1], text.count(width[0]),
        text.find("a") == (0 if width[0] == "a" else 10), hash(text) == hash(width + "a"), text.upper()[-1],
        (text * 3)[11] == width[0], text[3:5] == width[:2], text.encode().decode() == text,
        "".join(reversed(text))[0], text.partition("a")[1], text == text[:5] + text[5:])
print("a" + "é" + "漢" + "😀", "".join(["a", "é", "漢"]), "aé"[0] * 3, ("é" + "a")[1:] == "a", "漢a"[1] + "b" == "ab",
    {"a": 1}["漢a"[1]], "%s%s" % ("é", "😀"), f"{'é'}{'a'}", "é".join("ab"), "aéa".strip("a"),
    "xéx".translate({233: "漢", 120: None}))
print("".join(chr(i) for i in range(0x370, 0x380)).encode("ascii", "backslashreplace"), sum(ord(c) for c in "δοκιμή"),
    [hex(ord(c)) for c in "ĀāĂ"], chr(0x10FFFF).encode("unicode_escape"), repr("\U000e0001\u0378"),
    ascii("\U0001F1E9"))
