"""Strings that grow in compiled loops: in place where nobody else has them, and nobody sees it where somebody does."""


def grows(n):
    s = ""
    for i in range(n):
        s += "ab"
        if i % 100 == 99:
            s = s[:3]
    return s


def is_held(n):
    s, held = "x", []
    for i in range(n):
        if i % 7 == 0:
            held.append(s)
        s += "y"
        if len(s) > 20:
            s = "x" + str(i % 10)
    return len(held), held[-3:], s


def has_alias(n):
    out = 0
    for i in range(n):
        a = "x"
        a += str(i % 3)
        b = a
        a += "z"
        out += len(a) * 10 + len(b)
        assert b == "x" + str(i % 3) and a == b + "z"
    return out


def adds(text, more):
    before = text
    text += more
    text += "!"
    return before, text


def parameters(n):
    total, name = 0, "name"
    for i in range(n):
        before, after = adds(name, "é" if i % 50 == 49 else "e")
        assert before == "name" and after in ("namee!", "nameé!")
        total += len(after)
    return total


def widens(n):
    s = ""
    for i in range(n):
        s += chr(60 + i)
    return len(s), s[-1], hash(s) == hash("".join(chr(60 + i) for i in range(n)))


def as_keys(n):
    seen, s = {}, "k"
    for i in range(n):
        seen[s] = i
        s += "k"
        if s in seen:
            s = "other" + str(i)
        if i % 40 == 0:
            s = "k"
    return len(seen), seen["k"], sum(map(len, seen))


def itself(n):
    s = "a"
    for i in range(n):
        s += s
        if len(s) > 1000:
            s = "b"
    return s


def of_others(n):
    class Text(str):
        def __add__(self, other):
            return Text(str(self) + "-" + other)

    out = 0
    for i in range(n):
        s = Text("t") if i % 5 == 4 else "t"
        s += "u"
        out += len(s)
    return out


def tokens(text):
    words, word = [], ""
    for c in text:
        if c == " ":
            if word:
                words.append(word)
            word = ""
        else:
            word += c
    return words


N = 600
print(grows(N))
print(is_held(N))
print(has_alias(N))
print(parameters(N))
print(widens(N))
print(as_keys(N))
print(itself(N))
print(of_others(N))
print(tokens("the quick brown  fox " * 60)[-5:])
