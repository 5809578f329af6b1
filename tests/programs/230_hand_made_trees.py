"""Syntax trees that no parser makes: None where a node has to be, and nodes without their places."""

import ast

PLACE = dict(lineno=1, col_offset=0, end_lineno=1, end_col_offset=0)


def name(text="x", context=ast.Load()):
    return ast.Name(text, context, **PLACE)


def arguments(**given):
    lists = dict.fromkeys(("posonlyargs", "args", "kwonlyargs", "kw_defaults", "defaults"), [])
    return ast.arguments(**{**lists, "vararg": None, "kwarg": None, **given})


def compiled(tree, mode="exec"):
    try:
        compile(tree, "x", mode)
    except Exception as e:
        return f"{type(e).__name__}: {e}"
    return "compiled"


body = [ast.Pass(**PLACE)]
anything = ast.MatchAs(None, None, **PLACE)


def match(pattern):
    return ast.Match(name(), [ast.match_case(pattern, None, body)], **PLACE)


print("expressions")
for tree in (
    ast.GeneratorExp(name(), [None], **PLACE),
    ast.ListComp(name(), [None], **PLACE),
    ast.Compare(name(), [None], [name()], **PLACE),
    ast.BinOp(name(), None, name(), **PLACE),
    ast.BoolOp(None, [name(), name()], **PLACE),
    ast.UnaryOp(None, name(), **PLACE),
    ast.Name("x", None, **PLACE),
    ast.Call(name(), [None], [], **PLACE),
    ast.Call(name(), [], [None], **PLACE),
    ast.Call(name(), [], [ast.keyword("a", name())], **PLACE),
    ast.Lambda(None, name(), **PLACE),
    ast.Lambda(arguments(args=[None]), name(), **PLACE),
    ast.Lambda(arguments(args=[ast.arg("a")]), name(), **PLACE),
    ast.Lambda(arguments(vararg=5), name(), **PLACE),
):
    print(compiled(ast.Expression(tree), "eval"))

print("statements")
for tree in (
    None,
    ast.With([None], body, None, **PLACE),
    ast.Match(name(), [None], **PLACE),
    ast.Import([None], **PLACE),
    ast.AugAssign(name("x", ast.Store()), None, name(), **PLACE),
    ast.FunctionDef("f", None, body, [], None, None, [], **PLACE),
    # Here CPython 3.14 goes by a null pointer.
    ast.Try(body, [None], [], [], **PLACE),
    ast.FunctionDef("f", arguments(), body, [], None, None, [None], **PLACE),
    match(ast.MatchSequence([None], **PLACE)),
    match(ast.MatchMapping([None], [anything], None, **PLACE)),
    match(ast.MatchOr([None, None], **PLACE)),
    # `except*` without a type.
    ast.TryStar(body, [ast.ExceptHandler(None, None, body, **PLACE)], [], [], **PLACE),
    ast.Try(body, [ast.ExceptHandler(None, None, body, **PLACE)], [], [], **PLACE),
):
    print(compiled(ast.Module([tree], [])))
