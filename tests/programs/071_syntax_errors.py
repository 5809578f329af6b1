# What is said about source that is wrong, and where.


def show(source, mode="exec"):
    try:
        compile(source, "<source>", mode)
    except SyntaxError as e:
        print(type(e).__name__, repr(e.msg), e.lineno, e.offset, e.end_lineno, e.end_offset, repr(e.text))
    else:
        print("no error")


for source in [
    # Tokens and brackets.
    "f(a b", "a b", "(1,]", "x = [\n1,\n2)", "x = (1,\n y", "'abc", "'''abc\nd", "0777", "1_", "0b12", "0o8", "1abc",
    "\xa0x", "x = \u201cabc\u201d", "\\ x", "x = \\", "a = $", "x = '''\n'''abc'''\n", "é = é b c", "]",
    # Indentation.
    "  x", "if x:\ny", "if x:\n    y\n  z", "if x:\n\ty\n        z", "x = 1\n  y = 2", "def f():\nx", "class A:\n\nx",
    "for x in y:\nz", "while 1:\nz", "with a:\nb", "try:\nx", "try:\n x\nexcept:\ny", "try:\n x\nfinally:\ny",
    "match x:\ny", "match x:\n case 1:\n y",
    # Missing parts.
    "if x\n  y", "class A\n  pass", "def f\n", "def f()\n x", "try:\n  x\n", "x = 1 +", "else: pass", "f(", "while x\n y",
    "x = 5 if y", "import", "from a import", "from x import a,", "import a from b", "x = {1:2, 3}", "x = {1:}", "f(*)",
    "[x for x y in z]", "lambda x=1, y: 1", "def f(a=1, b): pass", "def f(*): pass", "def f(**a, b): pass",
    # Targets.
    "1 = x", "f() = 1", "a + 1 = 2", "None = 1", "for 1 in x: pass", "del f()", "with x as f(): pass", "(a, b): int",
    "a, b += 1", "not x = 1", "[a, 1] = x", "(a := 1 = 2)", "if x = 3:\n pass", "f'{x}' = 1", "{a: b} = 1", "*a = b = 1 = c",
    # Calls.
    "f(a=1, 2)", "f(**a, 2)", "f(x for x in y, 1)", "f(a, b c)", "f(a.b=1)", "f(None=1)", "f(**a, *b)", "print x", "exec 'a'",
    "foo(a, b for b in c, d)", "f(a=)", "f(a for a in b, c for c in d)",
    # Strings.
    "f'{}'", "f'{a b}'", "f'{x!z}'", "f'{x'", "f'{x!r:y'", "f'}'", "f'{lambda x: 1}'", "f'{*a}'", "f'{x:{y:{z:{w}}}}'",
    "'\\x1'", "'\\N{no such name}'", "'\\U00110000'", "b'\\x1'", "b'é'", "'a' b'b'", "f'{a!}'", "f'{=}'",
    # Others.
    "(*a)", "(**a)", "[*a for a in b]", "{**a for a in b}", "match x:\n  case 1 as _: pass", "x: int: str", "a := 1",
    "[a, b for a in b]", "try: pass\nexcept A: pass\nexcept* B: pass", "class C[]: pass", "x = not y not z", "1 + not x",
]:
    show(source)

for source in ["", "x y", "x=1", "1\n2"]:
    show(source, "eval")
for source in ["", "x=1\ny=2", "if x:\n  pass", "if x: pass", "x; y"]:
    show(source, "single")
show("(" * 201)
show("".join(" " * i + "if x:\n" for i in range(101)) + " " * 101 + "x")

# Nothing is wrong with these.
show("from os import (  # everything *\n    path)\n")
show("match x:\n    case {'a': b, **rest} | [b, *rest]: pass\n")
