"""Syntax trees: their classes, parsing to trees, changing and compiling them, and symbol tables."""

import ast
import copy
import pickle
import symtable

SOURCE = '''
import os.path as p, sys
from .. import a as b

@decorator(1)
class C[T: int](Base, metaclass=M):
    """doc"""
    x: int = 1

    async def method(self, a, /, b=2, *args: int, c, d=4, **kw) -> None:
        async with a as b, c:
            await d
        return [x async for x in y if x]

def g():
    global q
    try:
        q += yield 1
    except* (A, B) as e:
        raise X from e
    else:
        pass
    finally:
        del q[1:2, ::3]

if a < b <= c:
    pass
elif not d or -e and f:
    x = y = lambda *, k=1: k if k else {**m, 1: {2, 3}}
else:
    print(*args, sep='', **kw)

match v:
    case [1, -2.5, *rest] | {'k': K.v, **more} if rest:
        pass
    case Point(0, y=None) as p:
        pass
    case _:
        pass
'''

tree = ast.parse(SOURCE)
print(ast.dump(tree))
for node in tree.body:
    print(type(node).__name__, node.lineno, node.col_offset, node.end_lineno, node.end_col_offset)
print(ast.unparse(tree) == ast.unparse(ast.parse(ast.unparse(tree))))

# Strings: concatenation, formats, debug text, prefixes, columns in bytes.
for text in ["u'a' 'b'", "f'é{x!r:>{w}}y{z=}' 'tail'", "f'{x = !s:}{{}}'", "b'a' b'\\x00'", "f''", "'\\ud800'", "(é, ü)"]:
    print(ascii(ast.dump(ast.parse(text, mode='eval').body, include_attributes=True)))
print(ast.dump(ast.parse('(int, *str) -> List[int]', mode='func_type')))
print(ast.dump(ast.parse('x = 1', mode='single')))
print(ast.dump(ast.parse('for x in y:  # type: int\n    z = 1  # type: str\n', type_comments=True)))

# The classes.
print(ast.BinOp._fields, ast.BinOp._attributes, ast.BinOp.__match_args__, ast.BinOp.__doc__)
print(ast.BinOp.__mro__, ast.Add() is not ast.Add(), isinstance(ast.Add(), ast.operator))
print(ast.arguments._field_types['vararg'], ast.Name.__annotations__['id'])
name = ast.Name('x')
print(type(name.ctx).__name__, sorted(name.__dict__), ast.List().elts, ast.Constant(1).kind)
print(ast.dump(pickle.loads(pickle.dumps(tree))) == ast.dump(tree), ast.dump(copy.deepcopy(tree)) == ast.dump(tree))
for make in [lambda: ast.BinOp(1, 2, 3, 4), lambda: ast.Name('x', id='y'), lambda: ast.Name(1).nothing]:
    try:
        make()
    except (TypeError, AttributeError) as error:
        print(type(error).__name__, error)


class Double(ast.NodeTransformer):
    def visit_Constant(self, node):
        return ast.copy_location(ast.Constant(node.value * 2), node)


changed = Double().visit(ast.parse('print(21, "ab", f"{1:>{2}}")'))
exec(compile(changed, '<changed>', 'exec'))

# Positions of a tree reach the code.
moved = ast.increment_lineno(ast.parse('def f():\n    return 1/0\n'), 40)
namespace = {}
exec(compile(moved, '<moved>', 'exec'), namespace)
try:
    namespace['f']()
except ZeroDivisionError as error:
    frame = error.__traceback__.tb_next
    print(frame.tb_lineno, frame.tb_frame.f_code.co_firstlineno)

# Malformed trees.
at = {'lineno': 1, 'col_offset': 0}


def attempt(body, mode='exec'):
    try:
        root = ast.Module(body, []) if mode == 'exec' else ast.Expression(body)
        compile(root, '<tree>', mode)
        print('compiled')
    except (TypeError, ValueError) as error:
        print(type(error).__name__, error)


attempt([ast.Expr(ast.Name('x', ast.Store(), **at), **at)])
attempt([ast.Expr(ast.Name('None', ast.Load(), **at), **at)])
attempt([ast.Pass()])
attempt([ast.If(ast.Constant(1, **at), [], [], **at)])
attempt([None])
attempt(['x'])
attempt([ast.Expr(None, **at)])
attempt([ast.Pass(lineno=2, col_offset=0, end_lineno=1, end_col_offset=0)])
attempt(ast.Constant([], **at), 'eval')
attempt(ast.BoolOp(ast.And(), [], **at), 'eval')
attempt(ast.Compare(ast.Constant(1, **at), [ast.Is()], [], **at), 'eval')
attempt(ast.Dict([ast.Constant(1, **at)], [], **at), 'eval')
attempt(ast.Call(ast.Name('print', ast.Load(), **at), 1, [], **at), 'eval')
print(eval(compile(ast.Expression(ast.Constant((1, frozenset([2]), -3), **at)), '<tree>', 'eval')))
print(ast.literal_eval("{'a': [1, -2.5, (3+4j)], b'x': {None, ...}}") == {'a': [1, -2.5, 3 + 4j], b'x': {None, ...}})


def show(table, depth):
    symbols = [(s.get_name(), s.is_local(), s.is_global(), s.is_free(), s.is_parameter()) for s in table.get_symbols()]
    print('  ' * depth, table.get_type(), table.get_name(), table.get_lineno(), sorted(symbols))
    for child in table.get_children():
        show(child, depth + 1)


show(symtable.symtable('x = 1\nclass A:\n    f = lambda y: (lambda: (x, y))\n', '<table>', 'exec'), 0)

# What is too deep is an error, and so is what an older grammar lacks.
deep = ast.Constant(1, **at)
for _ in range(20_000):
    deep = ast.UnaryOp(ast.USub(), deep, **at)
attempts = [
    lambda: ast.parse('a' + '.b' * 50_000),
    lambda: compile('a' + '()' * 50_000, '<deep>', 'eval'),
    lambda: compile(ast.Expression(deep), '<deep>', 'eval'),
    lambda: ast.parse('lambda x, /: x', feature_version=(3, 7)),
    lambda: ast.parse('async def f(): pass', feature_version=(3, 4)),
    lambda: ast.parse('x += 1  # type: int', type_comments=True),
    lambda: ast.parse('def f():  # type: () -> int\n  # type: () -> str\n  pass', type_comments=True),
    lambda: ast.parse('type X[*Ts=int] = int', feature_version=(3, 12)),
    lambda: ast.parse('(int, *str, *Any) -> float', mode='func_type'),
]
for make in attempts:
    try:
        make()
    except (RecursionError, SyntaxError) as error:
        print(type(error).__name__, getattr(error, 'msg', ''))
