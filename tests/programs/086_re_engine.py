# The matching engine: what its shortcuts must not change.
import re
import signal
import _sre


def show(pattern, *texts, flags=0):
    compiled = re.compile(pattern, flags)
    for text in texts:
        print(ascii(pattern), ascii(text), [(m.span(), m.regs[1:], m.lastindex) for m in compiled.finditer(text)])


# Characters of all widths, literal and in sets, in text of all widths.
for c in "a\xe9\u0130\u0131\u03a3\U00010428":
    show(c, "xax\xe9", "\u0130\u0131a", "\u03a3x\u03c2\u03c3", "\U00010400\U00010428a")
    show(c + "+", "aa\xe9\xe9", "\u0131\u0131\u0130\u0130", flags=re.I)
    show("[^" + c + "]{1,2}", "xax\xe9y", "a\u0130\u0131\u03a3", "\U00010400\U00010428")
show("[a-\u0250]+\\b", "ab \u0100\u0251 \u00ff", flags=re.I)
show("(?i)k\u017f", "KS ks \u212as \u212a\u017f", "KS")
show("(?i)[\U00010400-\U00010427]+", "\U00010428\U00010400a")
show("(?a)\\w+", "ab\xe9\u0430_1")
show("\\w+\\s", "ab\xe9 \u0430\u0431\u2003x", "no")
show("\\d+\\D", "12\u0663\u0664x")

# Repeats that are given back, that are not, and that only seem not to be.
show("\\w+\\b", "ab cd")
show("\\w+(?!c)", "abc")
show("\\w*(?<=a)", "abab")
show("a+(?:b|c)?$", "aab", "aa", "aad")
show("(?:a|b)*?c", "abac", "ab")
show("a.*?b", "a\nb axxb ab a")
show("a[^b]*?b", "acccb", "ac")
show('"(?:[^"\\\\]|\\\\.)*"', r'say "a\"b" and "c" "')
show("(?s).*?$", "ab\ncd")
show(".*x", "abxab\nab\nxa")
show("(.*)y\\1", "abyab", "ab\nxyx")
show(".*+b|c", "aab", "abc")
show("(?:ab?)++b", "abab", "ababb")
show("(?>a|ab)c|abd", "abc", "abd")
show("x{2,3}?y", "xxxxy", "xy")
show("(?:ab){2}|a{3}|b{2,}", "ababaaabbb")

# Groups in loops, and what is left in them.
show("(?:(a)|(b)|c)*", "abc", "ba", "cc")
show("(?:(a)|b)*?c", "abc", "bac")
show("(?:a|b)*+c?", "abbc")
show("(a(b)?)+", "aba", "abab")
show("(?:(a|ab)(c|bcd))(d*)", "abcd")
show("(?=(a+))a*b\\1", "baaabac")
show("(?!(a)b)a(?(1)x|y)", "ab ay ax")
show("(a)?(?(1)b|c)", "ab", "c", "b")
show("(?:(x)|y)+(?(1)z|w)", "xyz", "yyw", "yyz")
show("(?:(?=(\\w))\\w)+", "abc")
show("(a)|b(?=(c))|(?<=(b))d", "abcbd")

# Rounds that match the empty string.
show("(?:a*)*", "aab")
show("(?:a*?)*?b", "aab")
show("(a?){3}", "aa", "aaaa")
show("(a|){2,}?b", "aab")
show("(?:|a)+", "aa")
show("(?:(a)|b*)*", "abba")
show("", "ab")
show("x*", "axb")
show("|a", "aa")
show("a|", "aa")
show("\\B|b", "abc")
print(re.split("x*", "axbc"), re.sub("x*", "-", "axb"), re.sub("(x)|y*", r"<\1>", "xyz"))

# Where searches may start.
show("^a", "aa\na", flags=re.M)
show("^", "a\n\nb", flags=re.M)
show("abc|abd|xyz", "ababdxyabcxyz")
show("[ab]c|d[ef]", "acbdfdc")
show("(?:ab)+c", "ababc")
show("ab+", "aabbab", "\u0430ab", "\U00010000abb")
show("(?<=a)b|(?<!a)c", "abcac")
print(re.compile("^b").search("ab", 1), re.compile("b$").search("abc", 0, 2), re.compile("(?<=a)b").match("ab", 1))
print([re.compile("a*").fullmatch("aab", 0, n) is not None for n in range(4)])
scanner = re.compile("a|").scanner("aab")
print([scanner.match() and scanner.pattern.pattern for _ in range(4)])

# Deep but not recursive; nothing is allocated that is not freed.
long = "ab" * 200_000
print(re.fullmatch("(?:a|b)*", long).end(), re.fullmatch("(?:(a)|(b))*", long).regs, re.match("(?:ab)*?$", long).end())
print(re.match("(?:a|b)*c", long), re.match("((?>ab))*+", long).span(), re.match("(?:(?=a)ab){3,}", long).end())
print(len(re.findall("b", long)), len(re.sub("(a)b", r"\1", long)), re.search("(?:x|y).*?z", long))


# An interrupt is not kept waiting.
class Interrupt(Exception):
    pass


def interrupt(number, frame):
    raise Interrupt


signal.signal(signal.SIGALRM, interrupt)
for pattern in "(?:a|a)*b", "(a*)*b", "(?:a?){40}a{40}b", "((a+)+)+$":
    signal.setitimer(signal.ITIMER_REAL, 0.02)
    try:
        print(re.match(pattern, "a" * 45 + "c"))
    except Interrupt:
        print("interrupted")
print(re.match("(a*)b", "aab").groups())

# Code that no compiler emits.
for words in [
    [], [0], [1, 2], [16], [16, 97], [99, 1], [13, 9, 1], [17, 4, 1], [11, 0, 1], [7, 0, 1], [7, 5, 16, 97, 15, 9, 0, 1],
    [24, 6, 2, 1, 16, 97, 1, 1], [24, 60, 0, 1, 16, 97, 1, 1], [6, 77, 1], [13, 3, 16, 97, 1], [14, 4, 8, 0, 0, 1],
    [4, 3, 0, 1], [23, 5, 0, 1, 16, 97, 1], [12, 0, 3, 16, 97, 1], [13, 4, 10, 1, 0, 1], [15, 2, 1],
]:
    try:
        print(_sre.compile("", 0, words, 1, {}, ()) and "compiles", words)
    except RuntimeError as e:
        print(e, words)
for words in [-1], [1 << 32], [None]:
    try:
        _sre.compile("", 0, words, 0, {}, ())
    except (OverflowError, TypeError) as e:
        print(type(e).__name__)
