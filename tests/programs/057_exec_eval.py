# exec, eval, compile, code objects, namespaces, ast, globals and locals.
import ast

x = 10
print(eval("x + 1"), eval("x * y", {"x": 2, "y": 3}), eval("[i for i in range(n)]", {"n": 3}),
    eval("x", {}, {"x": "local wins"}), eval(" 1 +\t2 "), eval(b"3 * 4"), eval(compile("x", "s", "eval")))
space = {}
exec("a = 1\ndef f(n): return n + a\nclass C:\n    v = f(5)\nfor i in range(3): pass", space)
print(space["f"](10), space["C"].v, space["i"], "__builtins__" in space,
    sorted(k for k in space if k != "__builtins__"))
g, l = {"base": 1}, {}
exec("z = base + 1\nglobal w\nw = 5", g, l)
print(l, g["w"])


class Mapping(dict):
    def __missing__(self, key):
        return key.upper()


print(eval("a + b", {"__builtins__": {}}, Mapping()))
try:
    eval("len([])", {"__builtins__": {}})
except NameError as e:
    print(e)


def in_function():
    y = 5
    exec("y = 6; made = 7")
    inside = eval("y + 1")
    return y, inside, "made" in locals()


print(in_function())


def snapshot():
    a = 1
    before = locals()
    b = 2
    return sorted(before), sorted(locals()), before is not locals()


print(snapshot())
for mode, source in (("exec", "q = 1\nq += 1"), ("eval", "1 + 1"), ("single", "5 * 5")):
    code = compile(source, "<test>", mode)
    print(mode, code.co_filename, code.co_name, eval(code))
for source in ("x =", "1 +", "def", "(", "for", "a b", "return 1", "yield", "break", "continue", "x = 1 = 2",
        "f() = 1", "lambda: (yield)", "del f()", "nonlocal q", "*a", "a, b += 1", "None = 1", "class", "import", "'a",
        "1__0", "0777", "\tx\n        y", "if 1:\npass", "  x", "async x", "await x", "def f(a, a): pass",
        "def f(a=1, b): pass", "f(a=1, a=2)", "f(**k, *a)", "f(a=1, 2)", "{**a for a in b}", "[*a for a in b]",
        "x: int: str", "with a as 1: pass", "try: pass", "try:\n  pass\nexcept:\n  pass\nexcept E:\n  pass",
        "def f():\n  x = 1\n  global x", "from __future__ import nothing", "f'{'", "f'{}'", "f'{a!x}'", "\\", "a\\ b",
        "match x:\n  case 1", "(x := 1) = 2", "x := 1", "def f():\n\tx\n        y", "'\\N{nope}'", "b'é'", "é$"):
    try:
        compile(source, "s", "exec")
        print("ok", repr(source), end="; ")
    except SyntaxError as e:
        print(type(e).__name__[0], end="")
    except ValueError as e:
        print("ValueError", repr(source))
print()
tree = ast.parse("def f(a, b=2):\n    return a + b * 3\nprint(f(1))")
print(type(tree).__name__, [type(n).__name__ for n in tree.body],
    ast.dump(ast.parse("x = 1 + y", mode="exec").body[0].value), ast.literal_eval("{'a': [1, (2, None)], 'b': -1.5}"),
    ast.unparse(tree.body[0]))


class Doubler(ast.NodeTransformer):
    def visit_Constant(self, node):
        return ast.copy_location(ast.Constant(node.value * 2), node) if isinstance(node.value, int) else node


exec(compile(ast.fix_missing_locations(Doubler().visit(tree)), "<ast>", "exec"))


class Names(ast.NodeVisitor):
    def __init__(self):
        self.names = []

    def visit_Name(self, node):
        self.names.append((node.id, type(node.ctx).__name__))


v = Names()
v.visit(ast.parse("a = b + c.d\nfor e in f: del g"))
print(v.names)
made = ast.Expression(ast.BinOp(ast.Constant(6), ast.Mult(), ast.Constant(7)))
print(eval(compile(ast.fix_missing_locations(made), "<made>", "eval")), len(list(ast.walk(tree))) > 10,
    ast.get_docstring(ast.parse("'doc'")))
for source in ("x", "1 + 1", "[f() for _ in 'a']", "{'a': open}", "__import__('os')"):
    try:
        ast.literal_eval(source)
        print("accepted", source)
    except ValueError:
        print("refused", end=" ")
print()
for source in ("a if b else c", "lambda x, *y, z=1, **k: x", "[i for i in x if i]", "f'{a!r:>{w}}'", "a[1:2, ...]",
        "not (a and b) or c", "-a ** b", "(yield)", "x = y = (1,)", "async def f():\n    await g()",
        "@d\nclass A(B, m=C):\n    pass", "try:\n    pass\nexcept* E as e:\n    raise X from e",
        "match a:\n    case [1, *_] | {'k': v} if v:\n        pass", "with a as b, c:\n    pass",
        "def f[T: int](a, /, b, *, c) -> int:\n    ...", "x: int = 5", "global a, b", "assert a, b", "a @= b",
        "print(*a, **b)", "type X[T] = list[T]"):
    print(ast.unparse(ast.parse(source)).replace("\n", "\\n"), end=" ;; ")
print()
code = compile("def outer():\n    n = 1\n    def inner(): return n\n    return inner", "<c>", "exec")
exec(code)
print(outer()(), outer.__code__.co_cellvars, outer().__code__.co_freevars, outer().__closure__[0].cell_contents)
import types
inner_code = next(c for c in compile("lambda a, b: (a, b, c)", "<l>", "eval").co_consts if isinstance(c,
    types.CodeType))
f = types.FunctionType(inner_code, {"c": 3}, "made", (9,))
print(f(1), f.__name__, f.__globals__["c"])
exec("print('with globals', __name__ == 'custom')", {"__name__": "custom"})
print([eval(f"{a} {op} {b}") for a, op, b in ((7, "//", 2), (7, "%", 4), (1, "<<", 5))], eval("(lambda: x)()"),
    eval("[x for _ in 'ab']"), eval("(y := 3) + y"))
import dis
print([i.opname for i in dis.get_instructions(compile("a", "s", "eval"))][-1], callable(dis.dis))
globals()["dynamic"] = 99
print(dynamic, vars() is globals(), "x" in vars(), dir(type("D", (), {"z": 1}))[-1])
