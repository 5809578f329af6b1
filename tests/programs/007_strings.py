# String methods, indexing, iteration, comparison.
s = "Hello, World"
print(len(s), s[0], s[-1], s[7:], s[:5], s[::2], s[::-1], s[3:100], s[-5:-2], s[5:2], s[10:0:-3])
print(s.upper(), s.lower(), s.title(), s.swapcase(), s.capitalize(), s.casefold(), "ǅ".lower(), "ß".upper(),
    "straße".casefold())
print(s.find("o"), s.find("o", 5), s.find("z"), s.rfind("o"), s.index("W"), s.rindex("l"), s.count("l"),
    s.count("l", 4), "aaaa".count("aa"), "abc".count(""))
print(s.replace("l", "L"), s.replace("l", "L", 2), s.replace("", "-", 3), "aaa".replace("aa", "b"),
    "abc".replace("x", "y"))
print(s.startswith("He"), s.startswith(("x", "H")), s.endswith("d"), s.startswith("W", 7), s.endswith("o", 0, 5),
    "".startswith(""))
print("a,b,,c".split(","), "a,b,,c".split(",", 2), " a  b c ".split(), " a  b c ".split(None, 1), "".split(),
    "".split(","), "a--b-c".split("--"))
print("a,b,c".rsplit(",", 1), " a b c ".rsplit(None, 1), "x\ny\r\nz\n".splitlines(), "x\ny\n".splitlines(True),
    "a\x0bb\x1cc\u2028d".splitlines())
print("k=v=w".partition("="), "k=v=w".rpartition("="), "none".partition("="), "none".rpartition("="))
print("[" + "  x y ".strip() + "]", "xxaxbxx".strip("x"), "xxaxx".lstrip("x"), "xxaxx".rstrip("x"),
    "abcba".strip("ab"), "\t\n x\r".strip())
print("ab".center(7, "*") + "|" + "ab".ljust(5) + "|" + "ab".rjust(5) + "|" + "ab".center(1) + "|" + "-42".zfill(6) + "|" + "+x".zfill(5))
print("-".join(["a", "b", "c"]), "".join([]), ",".join("xyz"), " ".join(str(i) for i in range(4)), "x".join(["only"]))
for name in ("isalpha", "isdigit", "isalnum", "isspace", "isupper", "islower", "istitle", "isdecimal", "isnumeric",
        "isidentifier", "isprintable", "isascii"):
    print(name,
        [getattr(text, name)() for text in ("abc", "ABC", "a1", "12", " \t", "Title Case", "", "½", "²", "_x1", "1x",
        "é", "a\n", "٣")])
print("a\tb\tc".expandtabs(), "a\tb".expandtabs(4), "abc".translate({97: "1", 98: None, 99: 0x43}),
    "hello".translate(str.maketrans("el", "ip", "o")))
print("prefix-body".removeprefix("prefix-"), "body.txt".removesuffix(".txt"), "body".removeprefix("x"),
    str.maketrans({"a": "b"}))
print("abc" < "abd", "abc" < "abcd", "Z" < "a", "" < "a", "é" > "z", "a" == "a", max("hello"), min("hello"),
    sorted("hello"))
print("a" in "abc", "bc" in "abc", "" in "", "ac" not in "abc", "x" * 0, "ab" * 3, 2 * "xy", "a" "b")
print(ord("a"), chr(97), chr(8364), ord("€"), chr(0x1F600), ord("😀"), len("😀"), [c for c in "a€😀"], "😀b"[1],
    "a€😀"[::-1])
print(repr("\x00\x1f\x7f\x80\xa0\xadé\u200b\ud800😀"), ascii("é€😀\n"), "\N{GREEK SMALL LETTER ALPHA}\u03b2\U0001F600")
print(str(b"abc", "utf-8"), str(), str(3.5), str(None), str([1, "a"]), str({"k": 'v"'}), str((1,)))
print("abc".encode(), "é".encode("latin-1"), "é€".encode("utf-8"), "a".encode("utf-16-le"),
    "é".encode("ascii", "replace"), "é".encode("ascii", "ignore"), "é€".encode("ascii", "xmlcharrefreplace"),
    "é".encode("ascii", "backslashreplace"))
print(hash("abc") == hash("ab" + "c"), "".join(reversed("abc")), list(enumerate("ab")), dict(zip("ab", "cd")))
for operation in (lambda: "abc"[5], lambda: "abc".index("z"), lambda: "a" + 1, lambda: "a" * "b",
    lambda: "é".encode("ascii"), lambda: b"\xff".decode(),
                  lambda: "abc".split(""), lambda: ",".join([1]), lambda: chr(-1), lambda: chr(0x110000), lambda: ord("ab"), lambda: "abc"["x"], lambda: int("٣") + 1,
                  lambda: "a".center(5, "xy"), lambda: "ab".replace("a")):
    try:
        print(operation())
    except (IndexError, ValueError, TypeError, OverflowError) as e:
        print(type(e).__name__, e if not isinstance(e, TypeError) else "")
text = ""
for i in range(300):
    text += chr(65 + i % 26)
print(len(text), text[:30], text.count("ABC"))


class Tag(str):
    def upper(self):
        return Tag("<" + str.upper(self) + ">")


t = Tag("x")
print(t, t.upper(), type(t.upper()).__name__, t + "y", type(t + "y").__name__, t == "x", {"x": 1}[t],
    "x".join([t, t]), isinstance(t, str))
print("multi \
line", "a\\b", "\x41\101\u0041", r"\x41", len("\
"))
print("%s|%5s|%-5s|%.2s|%c|%c|%%|%r|%a" % ("abc", "ab", "ab", "abcdef", "x", 120, "q'", "é"))
print("%(a)s-%(b)03d" % {"a": 1, "b": 2}, "%s" % (("t",),), "%s %s" % ("x", [1]),
    "%*d|%-*d|%.*f" % (5, 42, 5, 42, 2, 3.14159))
print("%d %i %u %o %x %X %#x %#o %+d % d %05d %-5d|%5d" % (10, 10, 10, 10, 255, 255, 255, 8, 5, 5, 42, 42, -42))
