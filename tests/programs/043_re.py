# Regular expressions.
import re

print(re.match(r"a+", "aab").group(), re.match("b", "aab"), re.search("b", "aab").span(),
    re.fullmatch("a+b", "aab") is not None, re.findall(r"\d+", "1 22 333"), re.findall(r"(\w)(\d)", "a1 b2"),
    re.sub("a", "X", "banana"), re.split(r"[,;]\s*", "a, b;c"))
m = re.match(r"(?P<first>\w+) (?P<second>\w+)(?: (\d+))?", "hello world")
print(m.group(), m.group(1), m[2], m["first"], m.groups(), m.groups("none"), m.groupdict(), m.span("second"),
    m.start(), m.end(2), m.lastindex, m.lastgroup, m.string, m.pos, m.endpos, m.expand(r"\2 \g<first>"), m.span(3),
    m.re.pattern, m.regs)
print(re.sub(r"(\w+) (\w+)", r"\2 \1", "a b c d"), re.sub("x*", "-", "axb"),
    re.sub("b", lambda m: m.group().upper() + str(m.start()), "abcb"), re.subn("a", "", "banana"),
    re.sub("a", "b", "aaa", count=2), re.sub(r"\\", "/", r"a\b"), re.sub("(a)(b)?", r"[\1|\2]", "aab"))
print(re.split("(-)", "a-b-c"), re.split("x*", "axbc"), re.split("-", "a-b-c", maxsplit=1),
    re.split("(a)|b", "xaybz"), [m.span() for m in re.finditer("a|", "ba")], re.findall("", "ab"),
    re.findall("(?=(\\w\\w))", "abcd"))
cases = [
    (r"^abc$", "abc\n"), (r"\Aabc\Z", "abc\n"), (r"a.c", "a\nc"), (r"(?s)a.c", "a\nc"), (r"(?i)ABC",
        "aBc"), (r"(?m)^b$", "a\nb\nc"), (r"(?x) a  b # comment", "ab"), (r"a{2,3}", "aaaa"), (r"a{2,3}?",
        "aaaa"), (r"a{,2}", "aaa"), (r"a{3}", "aa"), (r"a*?b", "aab"), (r"a+?", "aa"), (r"a??b", "ab"),
    (r"[a-c]+", "abcd"), (r"[^a-c]+", "abxyz"), (r"[]a]+", "]a"), (r"[\d-]+", "1-2"), (r"[\]\\]+",
        r"\]"), (r"\bfoo\b", "a foo b"), (r"\Boo", "foo"), (r"(a|b)*c", "ababc"), (r"(a)(b)\2\1",
        "abba"), (r"(?P<q>['\"]).*?(?P=q)", "say 'hi' x"), (r"(?:ab)+", "ababa"), (r"a(?=b)", "ab"), (r"a(?!b)",
        "ac"), (r"(?<=a)b", "ab"), (r"(?<!a)b", "cb"), (r"(?<=\d\d)x", "12x"),
    (r"(a)?b(?(1)c|d)", "abc"), (r"(a)?b(?(1)c|d)", "bd"), (r"\w+\s\W", "ab !"), (r"\D\S", "ab"), (r"\x41\u0042\t",
        "AB\t"), (r"[é-ü]", "ö"), (r"(?a)\w+", "aé"), (r"\w+", "aé_1"), (r"(?i)é", "É"), (r"(?i)straße",
        "STRASSE"), (r"a++b", "aab"), (r"a++a", "aaa"), (r"(?>a+)a", "aaa"), (r"(?i:a)b", "Ab"), (r"(?-i:a)B",
        "AB"), (r"((a)|b)+", "ab"), (r"(a*)*", "aa"), (r"(a*)+$", "aab"), (r"x*", ""), (r"$", "a"), (r"(?:)",
        "z"), (r"\.", "a.b"), (r"[.*+]", "+"), (r"a|ab|abc", "abc"), (r"(?=a)(?=.b)ab", "ab"),
]
for pattern, text in cases:
    m = re.search(pattern, text)
    print(pattern, ascii(text), (m.span(), m.groups()) if m else None)
for pattern in ("(", ")", "[", "*", "a**", "a{2,1}", "(?P<n>a)(?P<n>b)", r"\1", "(?P=x)", "(?<=a*)b", "[b-a]", "(?z)",
        r"\g", "(?P<1>a)", "(?(2)a)", "a(?i)b", "(?P<n", "\\"):
    try:
        re.compile(pattern)
        print("compiles", pattern)
    except re.error as e:
        print(pattern, e.msg, e.pos)
p = re.compile(r"(\d+)-(?P<w>\w+)", re.I | re.M)
print(p.pattern, p.flags & re.I != 0, p.groups, p.groupindex, p.match("12-ab", 0), p.match("xx12-ab", 2).span(),
    p.search("a 1-b 2-c", 5).group(), p.fullmatch("1-a") is not None, repr(p),
    p == re.compile(r"(\d+)-(?P<w>\w+)", re.I | re.M), hash(p) == hash(re.compile(p.pattern, re.I | re.M)),
    p.sub(r"\g<w>\g<1>", "1-a 2-b"), p.split("x1-ay"))
print(repr(re.match("a", "abc")), re.escape("a.b*c[d]-e f"), re.escape("é_1"), bool(re.match("", "")), re.I | re.S,
    repr(re.IGNORECASE), re.compile("a", re.X | re.A).flags)
print(re.findall(rb"\w+", b"ab cd"), re.sub(rb"a", rb"b", b"banana"), re.match(rb"(?P<x>.)", b"\xff")["x"],
    re.search("b", "abcb", re.I).start(), re.compile(b"a").search(bytearray(b"ba")).span())
try:
    re.match("a", b"a")
except TypeError as e:
    print(e)
text = "The rain in Spain stays mainly in the plain, 2023-01-15 and 2024-12-31; call 555-1234 or mail a.b@c.org!"
print(re.findall(r"\b\w*ain\w*\b", text), re.findall(r"(\d{4})-(\d\d)-(\d\d)", text),
    re.findall(r"[\w.]+@[\w.]+", text), re.sub(r"\b(\w)(\w*)", lambda m: m[1].upper() + m[2], text)[:30],
    len(re.split(r"\W+", text)), re.sub(r"(?<!\d)\d{3}-\d{4}", "<phone>", text)[-40:])
tokens = re.compile(r"\s*(?:(?P<num>\d+(?:\.\d*)?)|(?P<name>[a-z_]\w*)|(?P<op>[-+*/()=]))", re.I)
print([(m.lastgroup, m[m.lastgroup]) for m in tokens.finditer("x1 = 3.5*(y - 42)/zed")])
print(re.sub(r"(.)\1", r"<\1\1>", "aabbccd"), re.findall(r"(?m)^(\w+):\s*(.*)$", "a: 1\nb: two\n\nc:3"),
    "".join(re.findall("[aeiou]", "regular expression")), re.sub(r"\s+", " ", "  many   spaces\t\n here ").strip())
print(re.search("(a+)+$", "a" * 20 + "b"), len(re.findall("ab*", "ab" * 500)), re.match("(?:a|aa)+$", "a" * 25).end(),
    re.sub("(?i)cat", "dog", "Cat cAT"), max(re.findall(r"\w+", text), key=len))
scanner = re.Scanner([(r"\d+", lambda s, t: int(t)), (r"[a-z]+", lambda s, t: t), (r"\s+", None)])
print(scanner.scan("12 ab 3!"), re.sub("^", "> ", "a\nb", flags=re.M), re.findall(r"\n", "a\nb\n"),
    re.sub("a", r"\n", "bab"), re.sub("a", r"\\n", "bab"))
for i in range(600):
    re.compile("x%d+" % i)
print(re.match("x599+", "x5999").span(), re.purge())
