# textwrap, string, pprint, difflib, csv, configparser, shlex, html, urllib.parse, fnmatch.
import configparser
import csv
import difflib
import fnmatch
import html
import io
import pprint
import shlex
import string
import textwrap
from urllib.parse import parse_qs, quote, quote_plus, unquote, urlencode, urljoin, urlsplit, urlunsplit

text = "The quick brown fox jumps over the lazy dog, and then it sleeps for a very long time in the warm sun."
print(textwrap.fill(text, 30))
print(textwrap.wrap(text, 40, initial_indent="* ", subsequent_indent="  ")[:2], textwrap.shorten(text, 30),
    repr(textwrap.dedent("  a\n    b\n  c")), repr(textwrap.indent("a\n\nb", "> ")),
    textwrap.wrap("averyverylongwordindeed", 8))
t = string.Template("$name owes ${amount}$$ to $$$other")
print(t.substitute(name="A", amount=5, other="B"), t.safe_substitute(name="A"), string.ascii_lowercase, string.digits,
    string.punctuation, string.capwords("hello big world"), string.hexdigits)
try:
    t.substitute(name="A")
except KeyError as e:
    print("KeyError", e)
f = string.Formatter()
print(f.format("{0} {a!r}", 1, a="x"), list(f.parse("a{b:c}d{e!r}")))
data = {"name": "x" * 30, "list": list(range(25)),
    "nested": {"deep": {"deeper": ["a" * 20, "b" * 20, {"k": (1, 2)}]}}, "short": None, "set": {3, 1, 2}}
pprint.pprint(data, width=60)
pprint.pprint([1, 2, [3, [4, [5]]]], depth=2)
print(pprint.pformat({"b": 1, "a": 2}), pprint.pformat({"b": 1, "a": 2}, sort_dicts=False),
    pprint.pformat("long text " * 10, width=40), pprint.saferepr([1]))
a, b = "one two three four".split(), "one 2 three five four".split()
print(list(difflib.ndiff(a, b)), list(difflib.unified_diff(a, b, "a", "b", lineterm="", n=1)),
    difflib.SequenceMatcher(None, "abcd", "bcde").ratio(),
    difflib.get_close_matches("appel", ["ape", "apple", "peach"]), difflib.SequenceMatcher(None, a, b).get_opcodes())
out = io.StringIO()
w = csv.writer(out)
w.writerows([["a", 1, 2.5, None], ['quo"te', "com,ma", "new\nline", ""], ["é", True, " sp ", "x"]])
print(repr(out.getvalue()), list(csv.reader(io.StringIO(out.getvalue()))))
d = csv.DictWriter(out := io.StringIO(), ["x", "y"], restval="-", extrasaction="ignore", quoting=csv.QUOTE_ALL,
    lineterminator="\n")
d.writeheader()
d.writerow({"x": 1, "z": 2})
print(out.getvalue(), list(csv.DictReader(io.StringIO("n,v\na,1\nb,2,extra\nc\n"))),
    list(csv.reader(["a;'b;c';d"], delimiter=";", quotechar="'")), csv.Sniffer().sniff("a;b\n1;2\n").delimiter,
    list(csv.reader(["a\\,b,c"], escapechar="\\")))
c = configparser.ConfigParser()
c.read_string("[DEFAULT]\nbase = /x\n[one]\npath = %(base)s/y\nn = 5\nflag = yes\nmulti = a\n  b\n; comment\n[two]\nf = 1.5\n")
print(c.sections(), c["one"]["path"], c.getint("one", "n"), c.getboolean("one", "flag"), repr(c["one"]["multi"]),
    c.getfloat("two", "f"), c.get("two", "none", fallback="fb"), c.has_option("two", "base"), dict(c["two"]))
c["three"] = {"k": "v"}
c.write(out := io.StringIO())
print(out.getvalue())
for bad in ("[a\n", "k = v\n", "[a]\n[a]\n", "[a]\nk=1\nk=2\n", "[a]\n  = x\n"):
    try:
        configparser.ConfigParser().read_string(bad)
        print("accepted")
    except configparser.Error as e:
        print(type(e).__name__, end=" ")
print()
print(shlex.split("a 'b c' \"d e\" f\\ g # no"), shlex.quote("it's"), shlex.join(["a b", "c"]),
    list(shlex.shlex("x=1;y", punctuation_chars=True)), shlex.split("a # c", comments=True))
print(html.escape("<a href='x'>&\"</a>"), html.unescape("&lt;&eacute;&#65;&#x42;&amp;&nosuch;"))
u = urlsplit("https://user:pw@host.example:8080/a/b;p?q=1&r=a%20b#frag")
print(u, u.hostname, u.port, u.username, urlunsplit(u), parse_qs(u.query), quote("a b/é&"), quote_plus("a b"),
    unquote("a%20b%C3%A9"), urlencode({"a": 1, "b": "x y", "c": [1, 2]}, doseq=True),
    [urljoin("http://h/a/b", r) for r in ("c", "/c", "../c", "?q", "http://o/")])
print(fnmatch.filter(["a.py", "b.txt", "c.PY", "d1.py"], "*.py"), fnmatch.fnmatchcase("a1", "[a-c][!0]"),
    fnmatch.translate("a*.?")[:5])
print("{:<10}|{:^10}|{:>10}".format("left", "mid", "right"), "tab\tbed".expandtabs(4), "%-10s|%+5d" % ("x", 7),
    "a,b;c d".translate(str.maketrans(",; ", "   ")).split())
import locale
print(locale.localeconv()["decimal_point"], f"{1234567:n}",
    locale.getlocale(locale.LC_NUMERIC)[0] in (None, "en_US", "C"))
