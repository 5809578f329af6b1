"""Makes random programs with loops over numpy's arrays, to compare the JIT's modes with each other.

A program is made from a seed alone. It has arrays of random dtypes, shapes and layouts (views with steps, transposed, read-only,
byte-swapped, misaligned, subclasses), full of ordinary and of extreme numbers, and loops that read and write their elements, compute
with scalars of numpy and numbers of Python, and call ufuncs, under random error states. It prints all values with their types, and
every warning and exception.

Usage: generate.py SEED [SEED ...]    prints the programs
"""

import random
import sys

INTS = ["bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"]
FLOATS = ["float32", "float64"]
COMMON = ["int64", "float64", "float64", "float64", "int64", "float32", "int32"]
RARE = ["complex128", "float16", "object", "longlong", "longdouble"]
PYTHON = ["0", "1", "2", "3", "-1", "7", "100", "255", "-128", "65536", "(1 << 31)", "(1 << 53)", "(1 << 62)", "0.5", "1.0", "-2.5",
          "0.0", "-0.0", "1e300", "1e-300", "1e38", "3.0", "float('inf')", "float('nan')", "True", "False"]
UNARY = ["sin", "cos", "exp", "log", "sqrt", "tanh", "floor", "ceil", "absolute", "negative", "arctan", "log1p", "square", "rint"]
BINARY = ["add", "subtract", "multiply", "divide", "maximum", "minimum", "hypot", "arctan2", "less", "greater_equal", "fmod",
          "copysign", "power", "remainder", "bitwise_and"]

PRELUDE = """
import numpy as np, warnings, math, zlib

class Sub(np.ndarray):
    pass

class Loud(np.ndarray):
    def __getitem__(self, key):
        return super().__getitem__(key) * 1

def fill(dtype, n, kind, seed):
    rng = np.random.default_rng(seed)
    dtype = np.dtype(dtype)
    if dtype.kind == 'b':
        return rng.integers(0, 2, n).astype(bool)
    if dtype.kind in 'iu':
        info = np.iinfo(dtype)
        if kind == 0:
            return rng.integers(max(info.min, -9), min(info.max, 10), n).astype(dtype)
        if kind == 1:
            return rng.integers(info.min, info.max, n, dtype=dtype, endpoint=True)
        return rng.choice(np.array([info.min, info.max, 0, 1, info.max // 2, 3], dtype), n)
    if dtype.kind in 'fc':
        small = rng.integers(-9, 10, n) * 0.25
        if kind == 0:
            return small.astype(dtype)
        if kind == 1:
            return (rng.standard_normal(n) * 10).astype(dtype)
        extreme = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1e300, 1e-300, 1e38, -1.5, 2.0, 5e-324])
        with np.errstate(all='ignore'):
            return rng.choice(extreme, n).astype(dtype)
    return np.array([int(x) for x in rng.integers(-9, 10, n)], dtype)

def layout(a, how):
    n = a.size
    if how == 'step':
        b = np.zeros(2 * n, a.dtype); b[::2] = a.ravel(); return b[::2].reshape(a.shape) if a.ndim == 1 else b[::2].reshape(a.shape)
    if how == 'reversed':
        return a[::-1]
    if how == 'transposed':
        return a.T
    if how == 'fortran':
        return np.asfortranarray(a)
    if how == 'readonly':
        a = a.copy(); a.flags.writeable = False; return a
    if how == 'swapped':
        return a.astype(a.dtype.newbyteorder())
    if how == 'misaligned':
        raw = bytearray(a.nbytes + 1); b = np.frombuffer(raw, np.uint8)[1:].view(a.dtype).reshape(a.shape); b[...] = a; return b
    if how == 'sub':
        return a.view(Sub)
    if how == 'loud':
        return a.view(Loud)
    if how == 'broadcast':
        return np.broadcast_to(a[:1], a.shape)
    return a

def show(x):
    if isinstance(x, np.ndarray):
        items = repr(x.tolist())
        return f"{type(x).__name__} {x.dtype} {x.shape} {items if len(items) < 20000 else zlib.crc32(items.encode())}"
    return f"{type(x).__name__} {x!r}"

def run(f, *args):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always')
        try:
            result = f(*args)
            print(f.__name__, *map(show, result), sep=' | ')
        except Exception as error:
            print(f.__name__, type(error).__name__, error)
        seen = {}
        for w in caught:
            key = f"{w.category.__name__}: {w.message} at {w.lineno}"
            seen[key] = seen.get(key, 0) + 1
        for key, count in seen.items():
            print('   ', key, count)
    for a in args:
        print('   ', show(a))
"""


class Maker:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.lines = []
        self.indent = 0
        self.integers = False

    def line(self, text):
        self.lines.append("    " * self.indent + text)

    def choose(self, *options):
        return self.random.choice(options)

    def chance(self, percent):
        return self.random.randrange(100) < percent

    # ---- expressions ----

    def index(self, array="a"):
        return self.choose("i", "i", "i", f"i % len({array})", "-1", "0", "-(i % len(a)) - 1", "k")

    def element(self):
        name = self.choose("a", "a", "b", "c")
        if name == "c":
            return f"c[{self.choose('i % c.shape[0]', '0', '-1', 'k % 2')}, {self.choose('j % c.shape[1]', 'j', '-1', '1')}]"
        return f"{name}[{self.index(name)}]"

    def number(self, depth=2):
        r = self.random.randrange(100)
        if depth == 0 or r < 25:
            return self.choose("x", "y", "s", "i", self.element())
        if r < 40:
            return self.element()
        if r < 52:
            return self.choose(*PYTHON)
        sub = lambda: self.number(depth - 1)
        if r < 82:
            return f"({sub()} {self.choose('+', '-', '*', '+', '-', '*', '/', '//', '%')} {sub()})"
        return self.choose(
            lambda: f"(-{sub()})",
            lambda: f"abs({sub()})",
            lambda: f"float({sub()})",
            lambda: f"np.{self.choose(*UNARY)}({sub()})",
            lambda: f"np.{self.choose(*BINARY)}({sub()}, {sub()})",
            lambda: f"({sub()} ** 2)",
            lambda: f"({sub()} if {self.condition(depth - 1)} else {sub()})",
            lambda: f"({self.element()} {self.choose('&', '|', '^', '<<', '>>')} {self.choose('1', '3', 'k', self.element())})",
            lambda: f"np.{self.choose(*FLOATS, *INTS)}({self.choose('1', '0', 'k')})",
            lambda: f"len(a)",
            lambda: f"c.shape[{self.choose('0', '1')}]",
            lambda: f"a.size",
            lambda: f"math.sqrt(abs({sub()}))",
            lambda: f"table[{self.choose('i % 3', 'k % 3')}]",
        )()

    def condition(self, depth=1):
        return f"{self.number(depth)} {self.choose('<', '>', '==', '!=', '<=', '>=')} {self.number(depth)}"

    # ---- statements ----

    def statement(self, depth):
        r = self.random.randrange(100)
        if r < 25:
            self.line(f"b[{self.index('b')}] = {self.number()}")
        elif r < 35:
            self.line(f"c[{self.choose('i % c.shape[0]', '0')}, {self.choose('j % c.shape[1]', '-1')}] {self.choose('=', '=', '+=')} {self.number()}")
        elif r < 45:
            self.line(f"b[{self.index('b')}] {self.choose('+=', '-=', '*=')} {self.number(1)}")
        elif r < 65:
            self.line(f"{self.choose('x', 'y', 's')} {self.choose('=', '+=', '-=')} {self.number()}")
            self.line("s = limited(s)")
        elif r < 75 and depth:
            self.line(f"if {self.condition()}:")
            self.block(depth - 1)
            if self.chance(40):
                self.line("else:")
                self.block(depth - 1)
        elif r < 80:
            self.line(f"items.append({self.number(1)})")
        elif r < 84:
            self.line(f"table[{self.choose('0', '1', 'k % 3')}] = {self.number(1)}")
        elif r < 88 and depth:
            self.line(f"for j in range({self.choose('2', '3', 'c.shape[1]')}):")
            self.block(depth - 1)
        elif r < 90:
            self.line(f"if i == {self.random.randrange(60)}:")
            self.line(f"    {self.choose('a, b = b, a', 'a = a[::-1]', 'b = b.copy()', 'x = 1', 'a = list(a)', 'c = c.T', 's = 0', 'a = a.astype(float)')}")
        else:
            self.line(f"{self.choose('x', 'y')} = {self.number()}")

    def block(self, depth):
        self.indent += 1
        for _ in range(self.random.randrange(1, 3)):
            self.statement(depth)
        self.indent -= 1

    def function(self, n):
        self.line(f"def f{n}(a, b, c):")
        self.indent += 1
        self.line(f"x = {self.choose('0', '1.5', 'np.float64(2)', 'np.int32(3)', 'np.float32(0.5)')}")
        self.line(f"y = {self.choose('1', '0.25', 'a[0]')}")
        self.line(f"s = {self.choose('0', '0.0', 'np.int64(0)')}")
        self.line("table = [1, 2.0, np.float64(3)]; items = []; j = k = 0")
        state = self.choose("", "", "", "all='ignore'", "under='warn'", "all='raise'", "over='ignore', divide='raise'", "all='warn'")
        if state:
            self.line(f"with np.errstate({state}):")
            self.indent += 1
        kind = self.random.randrange(6)
        rounds = self.choose("len(a)", "60", "90")
        head = {
            0: f"for i in range(min({rounds}, len(a))):",
            1: f"for i in range({rounds}):",
            2: "for i, x in enumerate(a):",
            3: "for i in range(len(a)):",
            4: "i = 0\n" + "    " * self.indent + "for x in a:",
            5: "i = 0\n" + "    " * self.indent + "for x, y in zip(a, b):",
        }[kind]
        self.line(head)
        if kind == 1:
            self.indent += 1
            self.line("i %= len(a)")
            self.indent -= 1
        self.indent += 1
        self.line("k = i % 4")
        for _ in range(self.random.randrange(1, 5)):
            self.statement(2)
        if kind >= 4:
            self.line("i += 1")
        self.indent -= 1
        if state:
            self.indent -= 1
        self.line("return x, y, s, k, items[:20], table")
        self.indent -= 1

    def array(self, shape):
        dtype = self.choose(*COMMON) if self.chance(60) else self.choose(*INTS, *FLOATS)
        if self.chance(4):
            dtype = self.choose(*RARE)
        count = 1
        for length in shape:
            count *= length
        kind = self.choose(0, 0, 0, 1, 1, 2)
        text = f"fill({dtype!r}, {count}, {kind}, {self.random.randrange(1000)}).reshape({shape})"
        if self.chance(30):
            how = self.choose("step", "reversed", "transposed", "fortran", "readonly", "swapped", "misaligned", "sub", "loud", "broadcast", "step")
            if dtype != "object" or how != "misaligned":
                text = f"layout({text}, {how!r})"
        return text

    def program(self):
        self.line(PRELUDE)
        self.line("def limited(s):")
        self.line("    return s if -1e15 < s < 1e15 else s * 0")
        functions = self.random.randrange(1, 3)
        for n in range(functions):
            self.function(n)
        for n in range(functions):
            for _ in range(self.random.randrange(1, 4)):
                length = self.choose(1, 5, 40, 70, 70)
                rows = self.choose((2, 3), (3, 2), (5, 4), (1, 7))
                self.line(f"run(f{n}, {self.array((length,))}, {self.array((length,))}, {self.array(rows)})")
        return "\n".join(self.lines) + "\n"


class ArrayMaker(Maker):
    """Programs that compute with whole arrays."""

    def helper(self):
        """The function `mixed`, of two values, with or without variables of its own."""
        if self.chance(40):
            self.line(f"def mixed(v, w): return {self.choose('v * w + 1', 'v - w', 'w * 0.5', 'v + v')}")
            return
        self.line("def mixed(v, w):")
        self.indent += 1
        names = ["v", "w"]
        value = lambda: self.choose(*names, *names, *names, "2", "0.5" if not self.integers else "3")
        operator = lambda: self.choose("+", "-", "*", "&" if self.integers else "/")

        def term():
            r = self.random.randrange(20)
            if r < 14:
                return f"{value()} {operator()} {value()}"
            if r < 17:
                return f"({value()} {operator()} {value()}) {operator()} {value()}"
            return self.choose(f"np.where({value()} > {value()}, {value()}, {value()})", f"-{value()}", f"np.abs({value()})", value(),
                               f"({value()} * {value()}).sum()", f"np.maximum({value()}, {value()})", f"same({value()})", f"({value()} + {value()})[1:]")

        for _ in range(self.random.randrange(1, 6)):
            target = self.choose("t", "u", "s", "v", "t", "u")
            if self.chance(10):
                self.line(f"{self.choose(*names)} {self.choose('+=', '*=')} {value()}")
            elif self.chance(5):
                self.line(f"if isinstance({value()}, float): return {value()}")
            else:
                self.line(f"{target} = {term()}")
                names.append(target)
        self.line(f"return {term()}")
        self.indent -= 1

    def value(self, depth=3):
        """An expression of arrays (and, if it so happens, of numbers alone)."""
        if depth == 0 or self.chance(20):
            number = self.choose("2", "3", "-1", "7", "i", "k", "np.int64(3)", "True") if self.integers else self.choose(*PYTHON[:8], *PYTHON[13:19], "x", "np.float32(1.5)")
            rare = self.choose("a[1:]", "a[::2]", "x", "(a > 1)", "c[:1]") if self.chance(4) else "a"
            return self.choose("a", "a", "b", "c", "r", "t", number, number, "one.a", "pair[0]", rare)
        sub = lambda: self.value(depth - 1)
        r = self.random.randrange(100)
        if r < 60:
            operators = ("+", "-", "*", "&", "|", "^", "//", "%") if self.integers else ("+", "-", "*", "/", "+", "-", "*", "/", "//", "**")
            return f"({sub()} {self.choose(*operators[:-2], *operators)} {sub()})"
        if r < 68:
            compared = f"({sub()} {self.choose('<', '>', '==', '!=', '<=', '>=')} {sub()})"
            return compared if self.chance(20) else f"np.where({compared}, {sub()}, {sub()})"
        if r < 72:
            return f"(-{sub()})"
        if r < 83:
            return f"np.{self.choose(*(['absolute', 'negative', 'square'] if self.integers else UNARY))}({sub()})"
        if r < 92:
            return f"np.{self.choose(*(BINARY[:6] if self.integers else BINARY[:-1]))}({sub()}, {sub()})"
        return self.choose(
            lambda: f"np.where({sub()}, {sub()}, {sub()})",
            lambda: f"({sub()}).sum()",
            lambda: f"({sub()}).{self.choose('min', 'max', 'mean', 'any', 'all', 'prod')}()",
            lambda: f"np.{self.choose('sum', 'max', 'min', 'mean', 'minimum.reduce', 'add.reduce')}({sub()})",
            lambda: f"same({sub()})",
            lambda: f"mixed({sub()}, {sub()})",
            lambda: f"abs({sub()})",
            lambda: f"(x := {sub()})",
            lambda: f"({sub()}).astype({self.choose(*FLOATS, *INTS)!r})",
            lambda: f"({sub()} if k % 2 else {sub()})",
            lambda: f"np.{self.choose('sqrt', 'add', 'negative')}({sub()}, {sub()})",
        )()

    def statement(self, depth):
        r = self.random.randrange(100)
        target = self.choose("r", "r", "t", "t", "a", "b", "x")
        if r < 45:
            self.line(f"{target} = {self.value()}")
        elif r < 60:
            operators = ("+=", "-=", "*=", "&=", "|=") if self.integers else ("+=", "-=", "*=", "/=")
            self.line(f"{self.choose('r', 't', 'a', 'b', 'c', 'x')} {self.choose(*operators)} {self.value(2)}")
        elif r < 66:
            self.line(f"{self.choose('r, t', 'a, b', 't, r', 'x, a')} = {self.value(2)}, {self.value(2)}")
        elif r < 72:
            self.line(f"{self.choose('r', 'a', 'b')}[{self.choose(':', '1:', ':-1', '::2', '...')}] {self.choose('=', '+=', '*=')} {self.value(2)}")
        elif r < 78:
            self.line(f"items.append({self.value(2)}); del items[:-3]")
        elif r < 82:
            self.line(f"one.a = {self.value(2)}")
        elif r < 85:
            self.line(f"pair = ({self.value(1)}, {self.value(1)})")
        elif r < 90 and depth:
            self.line(f"if k {self.choose('< 2', '== 0', '> 5')}:")
            self.block(depth - 1)
        elif r < 94:
            self.line(f"if i == {self.random.randrange(60)}:")
            self.line("    " + self.choose("a, b = b, a", "a = a[::-1]", "b = b.copy()", "r = 1", "a = a.astype(float)", "a = a.astype('f4')", "r = a",
                                           "a = list(range(3))", "t = a[1:]", "a = a.view(Sub)", "a = np.zeros(5)", "b = np.ones(5)", "items.append(r)"))
        elif r < 97:
            self.line(f"x = ({self.value(2)}).{self.choose('sum', 'min', 'max', 'mean')}() {self.choose('+', '*')} np.{self.choose('sum', 'min', 'max', 'mean')}({self.value(1)})")
        else:
            self.line(f"t = r; r = {self.value(2)}; x = t")

    def function(self, n):
        self.line("class One: pass")
        self.line("def same(v): return v")
        self.helper()
        self.line(f"def f{n}(a, b, c):")
        self.indent += 1
        self.line("one = One(); one.a = a; pair = (b, a); items = []; r = a; t = b; x = 2.0")
        state = self.choose("", "", "all='ignore'", "all='ignore'", "under='warn'", "all='raise'", "over='ignore', divide='raise'", "invalid='ignore'")
        if state:
            self.line(f"with np.errstate({state}):")
            self.indent += 1
        self.line(f"for i in range({'12' if self.big else self.choose('12', '30', '30', '200')}):")
        self.indent += 1
        self.line("k = i % 7")
        for _ in range(self.random.randrange(1, 5)):
            self.statement(2)
        self.line(f"if i % {self.choose(1, 3, 5)} == 0: a, b, c, r, t = calm(a, b, c, r, t)")
        self.indent -= 1
        if state:
            self.indent -= 1
        self.line("return a, b, c, r, t, x, one.a, pair, items")
        self.indent -= 1

    def program(self):
        self.line(PRELUDE)
        self.line("""
def calm(*all):
    return tuple(v * 0 + 1 if isinstance(v, np.ndarray) and v.dtype.kind in 'fc' and not np.all(np.abs(v) < 1e6) else
                 v & 15 if isinstance(v, np.ndarray) and v.dtype.kind in 'iu' else v for v in all)
""")
        self.integers, self.big = self.chance(30), self.chance(5)
        self.function(0)
        for _ in range(self.random.randrange(1, 4)):
            shape = self.choose((4,), (4,), (1,), (7,), (40,), (600,), (3, 5), (0,), (2100,) if self.chance(20) else (9,))
            if self.big:
                shape = self.choose((70001,), (300, 350), (2100,))
            common = INTS[1:] if self.integers else ["float64", "float64", "float32"]
            dtype = self.choose(*common) if self.chance(85) else None
            arrays = [self.array(shape if not self.chance(2) else (5,)) for _ in range(3)]
            if dtype:
                arrays = [f"{a}.astype({dtype!r})" if not self.chance(3) else a for a in arrays]
            self.line(f"run(f0, {', '.join(arrays)})")
        return "\n".join(self.lines) + "\n"


class PartMaker(ArrayMaker):
    """Programs that compute with parts of arrays, and with rows and columns that are stretched."""

    # What has the shape of the middle of an array, or is stretched to it.
    WINDOWS = {
        1: [("[:-2]", "[1:-1]", "[2:]"), ("[::2]", "[1::2]", "[::-2]"), ("[::-1]", "", "[...]", "[:]"), ("[1:4]", "[-3:]", "[2:5:1]")],
        2: [("[:-2, 1:-1]", "[1:-1, 1:-1]", "[2:, 2:]", "[1:-1, :-2]", "[1:2, 1:-1]", "[1:-1, :1]", "[1:-1, 1][:, None]", "[0, 1:-1]"),
            ("[1:]", "[:-1]", "[-1:]", "[0]", "[-1][None]", "[1:, :1]"), ("[::-1]", "", "[...]", "[:1]", "[..., :1]", "[None, 0]"),
            ("[:, ::2]", "[:, 1::2]", "[:, :1]", "[0, ::2]", "[..., -1:]"), ("[:, 0]", "[:, -1]", "[..., 1]"),
            ("[:, :, None]", "[:, None]", "[None, :, :1]", "")],
    }

    def operand(self):
        return self.choose("a", "a", "b", "c") + self.choose(*self.windows)

    def value(self, depth=3):
        if depth == 0 or self.chance(15):
            numbers = ("2", "3", "-1", "i", "k") if self.integers else ("2", "0.5", "x", "-1.5", "k", "1e300" if self.chance(5) else "3.0")
            return self.choose(self.operand(), self.operand(), self.operand(), "t", self.choose(*numbers), "m" if self.chance(20) else "t")
        sub = lambda: self.value(depth - 1)
        r = self.random.randrange(100)
        if r < 70:
            operators = ("+", "-", "*", "&", "|", "^") if self.integers else ("+", "-", "*", "/", "+", "-", "*")
            return f"({sub()} {self.choose(*operators)} {sub()})"
        compared = f"({sub()} {self.choose('<', '>', '==', '!=', '<=', '>=')} {sub()})"
        return self.choose(
            lambda: f"np.where({compared}, {sub()}, {sub()})",
            lambda: f"np.{self.choose(*(['absolute', 'negative', 'square'] if self.integers else UNARY))}({sub()})",
            lambda: f"np.{self.choose(*(BINARY[:6] if self.integers else BINARY[:-1]))}({sub()}, {sub()})",
            lambda: f"({compared} {self.choose('&', '|')} ({sub()} > 1))",
            lambda: f"({sub()}).{self.choose('sum', 'sum', 'min', 'max', 'mean')}()",
            lambda: f"np.{self.choose('sum', 'min', 'max', 'mean')}({self.operand()})",
            lambda: f"same({sub()})",
            lambda: f"mixed({sub()}, {sub()})",
        )()

    def statement(self, depth):
        r = self.random.randrange(100)
        window = self.choose(*self.windows)
        if r < 35:
            self.line(f"t = {self.value()}")
        elif r < 60:
            self.line(f"{self.choose('a', 'b', 'c')}{window} = {self.value()}")
        elif r < 70:
            self.line(f"{self.choose('a', 'b', 'c')}{window or '[...]'} {self.choose('+=', '-=', '*=')} {self.value(2)}")
        elif r < 76:
            self.line(f"v = {self.operand()}; t = v * 2; v {self.choose('+=', '*=')} {self.value(1)}")
        elif r < 82:
            self.line(f"for row in {self.choose('a', 'b', self.operand())}:")
            self.line(f"    x = {self.choose('row * 2 + 1', 'row - a[0]', '(row * row).sum()', 'row')}")
            self.line(f"t = x; x = {self.choose('1.5', '2')}")
        elif r < 87:
            self.line(f"x = ({self.value(2)}).{self.choose('sum', 'sum', 'mean', 'max')}(); x = x if np.ndim(x) == 0 and -1e6 < x < 1e6 else 2.0")
        elif r < 92 and depth:
            self.line(f"if k {self.choose('< 2', '== 0', '> 5')}:")
            self.block(depth - 1)
        elif r < 96:
            self.line(f"if i == {self.random.randrange(30)}:")
            self.line("    " + self.choose("a, b = b, a", "a = a[::-1]", "b = b.copy()", "a = a.astype('f4')", "t = a", "a = a.T", "c = a", "a = a.view(Sub)",
                                           "a = np.asfortranarray(a)", "b = b[0]", "c = np.zeros((9, 9))", "items.append(t)"))
        else:
            self.line(f"items.append({self.value(1)}); del items[:-3]")

    def function(self, n):
        # Products of all rows would be too much of big arrays.
        kinds = self.WINDOWS[self.axes][:5]
        self.windows = self.choose(*kinds) if self.big else self.choose(*self.WINDOWS[self.axes])
        self.line("def same(v): return v")
        self.helper()
        self.line(f"def f{n}(a, b, c):")
        self.indent += 1
        self.line(f"items = []; t = a{self.windows[0]} * 1; m = a{self.windows[0]} > 1; x = 2.0")
        state = self.choose("", "", "all='ignore'", "all='ignore'", "under='warn'", "all='raise'", "invalid='ignore'")
        if state:
            self.line(f"with np.errstate({state}):")
            self.indent += 1
        self.line(f"for i in range({'12' if self.big else self.choose('12', '30', '30', '100')}):")
        self.indent += 1
        self.line("k = i % 7")
        for _ in range(self.random.randrange(1, 5)):
            self.statement(2)
        self.line("a, b, c, t = calm(a, b, c, t)")
        self.indent -= 1
        if state:
            self.indent -= 1
        self.line("return a, b, c, t, x, items")
        self.indent -= 1

    def program(self):
        self.line(PRELUDE)
        self.line("""
def calm(*all):
    for v in all:
        if isinstance(v, np.ndarray) and v.flags.writeable:
            if v.dtype.kind in 'fc' and not np.all(np.abs(v) < 1e6):
                with np.errstate(all='ignore'):
                    v[...] = np.where(np.abs(v) < 1e6, v, 0.75)
            elif v.dtype.kind in 'iu':
                v &= 15
    return tuple(v.ravel()[:5] if isinstance(v, np.ndarray) and (v.ndim > 3 or v.size > 100000) else v for v in all)
""")
        self.integers, self.big, self.axes = self.chance(30), self.chance(6), self.choose(1, 2, 2)
        self.function(0)
        for _ in range(self.random.randrange(1, 4)):
            shape = self.choose((6,), (10,), (9,), (40,), (600,), (2100,)) if self.axes == 1 else self.choose((4, 6), (5, 5), (3, 9), (9, 4), (6, 40), (40, 6), (20, 30))
            if self.big:
                shape = (70001,) if self.axes == 1 else self.choose((300, 250), (60, 70))
            common = INTS if self.integers else ["float64", "float64", "float32"]
            dtype = self.choose(*common) if self.chance(90) else None
            arrays = [self.array(shape if not self.chance(2) else shape[-1:]) for _ in range(3)]
            if dtype:
                arrays = [f"{a}.astype({dtype!r})" if not self.chance(3) else a for a in arrays]
            self.line(f"run(f0, {', '.join(arrays)})")
        return "\n".join(self.lines) + "\n"


class WideMaker(Maker):
    """Programs with plain loops along arrays that may overlap, which can be executed several rounds at a time."""

    def at(self):
        return f"[i{self.choose('', '', '', ' - 1', ' + 1', ' + 2', ' - 3')}]"

    def value(self, depth=3):
        if depth == 0 or self.chance(15):
            r = self.random.randrange(10)
            if r < 6:
                return self.choose("a", "a", "b", "c", "d") + self.at()
            if r < 8:
                return self.choose("2", "3", "-1", "k") if self.integers else self.choose("2.0", "0.25", "-1.5", "1e300", "k", "x")
            return self.choose("a[i]", "b[i]", "s" if self.chance(10) else "a[i]", "i" if self.chance(20) else "c[i]")
        sub = lambda: self.value(depth - 1)
        r = self.random.randrange(100)
        if r < 80:
            return f"({sub()} {self.choose('+', '-', '*', '+', '-') if not self.integers else self.choose('+', '-', '&', '|', '^')} {sub()})"
        if self.integers:
            return sub()
        return self.choose(lambda: f"(-{sub()})", lambda: f"abs({sub()})", lambda: f"({sub()} / {sub()})", lambda: f"np.sqrt({sub()})")()

    def counting(self):
        """A branch that counts."""
        amount = lambda: self.choose("1", "1", "2", "k", "-3", "100000")
        addition = lambda: self.choose(f"n += {amount()}", f"n -= {amount()}", f"m += {amount()}", f"m = m + {amount()}; n += 1")
        comparison = f"{self.value(1)} {self.choose('<', '>', '==', '!=', '<=', '>=')} {self.choose(self.value(0), self.value(1), '3', '0.5', 'x')}"
        self.line(f"if {self.choose('', '', 'not ')}{comparison}:")
        self.line(f"    {self.choose(addition(), addition(), addition(), 'pass')}")
        if self.chance(40):
            self.line("else:")
            self.line(f"    {addition()}")

    def function(self, n):
        self.line(f"def f{n}(a, b, c, d, k, x):")
        self.indent += 1
        self.line(f"s = {self.choose('0', '0', '5', 'np.int64(7)', '(1 << 62) + 5', '-(1 << 61)') if self.integers else self.choose('0.0', '0', '1.5')}; y = 0")
        self.line(f"size = min(len(a), len(b), len(c), len(d)); n = 0; m = {self.choose('0', '7', '1 << 40', '0.5')}")
        state = self.choose("", "", "", "all='ignore'", "under='warn'", "all='raise'")
        if state:
            self.line(f"with np.errstate({state}):")
            self.indent += 1
        if self.chance(20):
            self.line("for i in range(0, 2):")
            self.indent += 1
            self.line("y = i")
            self.line(f"for i in range({self.choose('0', '1', '3')}, {self.choose('size', 'size - 1', 'size - 2')}):")
            head = True
        elif self.chance(25):
            self.line(f"for y in {self.choose('a', 'b', 'd[3:]')}:")
            self.indent += 1
            if self.chance(40):
                self.line(f"if y {self.choose('<', '>', '==', '>=')} {self.choose('3', '0.5', 'x', 'k')}: n += {self.choose('1', '1', 'k')}")
            else:
                self.line(self.choose("s += y", "s += y", "s += y; x = y", f"s = y {self.choose('+', '-')} k"))
            self.indent -= 1
            head = False
        elif self.chance(10):
            self.line(f"i = {self.choose('0', '1')}")
            self.line(f"while i < {self.choose('size', 'size - 2')}:")
            self.indent += 1
            self.line(f"{self.choose('b', 'c', 'd')}[i] = {self.value(2)}")
            self.line("i += 1")
            self.indent -= 1
            head = False
        else:
            self.line(f"for i in range({self.choose('0', '0', '1', '3')}, {self.choose('size', 'size', 'size - 1', 'size - 2', 'size + 1')}):")
            head = True
        if head:
            self.indent += 1
            for _ in range(self.choose(1, 1, 1, 2, 3)):
                r = self.random.randrange(100)
                if r < 60:
                    self.line(f"{self.choose('b', 'c', 'd', 'd', 'a')}{self.choose('[i]', '[i]', self.at())} = {self.value()}")
                elif r < 75:
                    self.line(f"s += {self.value(1)}")
                elif r < 80:
                    self.line(f"y = {self.value(2)}")
                elif r < 90:
                    self.counting()
                elif r < 94:
                    self.line(f"if {self.choose('a[i]', 'i')} {self.choose('>', '==')} {self.choose('90', '33', '1e200')}: {self.choose('break', 'continue', 'x = 2.5', 's = 0', 'a = b')}")
                else:
                    self.line(f"{self.choose('b', 'c', 'd')}[i] {self.choose('+=', '-=')} {self.value(1)}")
            self.indent -= 1
        self.indent = 1
        self.line("return x, y, s, n, m")
        self.indent = 0

    def program(self):
        self.line(PRELUDE)
        self.line("""
def calm(*arrays):
    for a in arrays:
        if a.dtype.kind in 'fc' and not np.all(np.abs(a) < 1e6):
            with np.errstate(all='ignore'):
                a[...] = np.where(np.abs(a) < 1e6, a, 0.75)
        elif a.dtype.kind in 'iu':
            a &= 0xffff
""")
        self.integers = self.chance(35)
        self.function(0)
        kind = self.choose("int64", "int64", "int32") if self.integers else self.choose("float64", "float64", "float64", "float32")
        for _ in range(self.choose(2, 4, 6)):
            length = self.choose(3, 20, 60, 100, 300)
            self.line(f"m = fill({kind!r}, 2000, {self.choose(0, 0, 1)}, {self.random.randrange(1000)})")
            if self.chance(25):
                self.line(f"m[{self.random.randrange(length)}] = {self.choose('1 << 45', '-(1 << 62)', '1 << 62') if kind == 'int64' else '77' if self.integers else self.choose('np.nan', 'np.inf', '1e300', '-1e308', '5e-324')}"
                          if kind != "float32" else "m[3] = np.nan")
            starts = [self.choose(0, 500, 1000, 1500, self.random.randrange(40)) for _ in range(4)]
            views = [f"m[{start}:{start + length + self.choose(0, 0, 0, 2)}]" for start in starts]
            if self.chance(6):
                views[self.random.randrange(4)] = f"m[{self.choose('400:900:2', '1999:1000:-1')}]"
            for _ in range(self.choose(1, 3, 8)):
                self.line(f"run(f0, {', '.join(views)}, {self.choose('2', '-3', '7')}, {self.choose('2', '4') if self.integers else self.choose('1.5', 'np.float64(0.5)')})")
                self.line("calm(m)")
        return "\n".join(self.lines) + "\n"


def program(seed):
    """Programs that compute with elements, with whole arrays, along arrays, and with parts of arrays."""
    return (Maker, ArrayMaker, WideMaker, PartMaker)[seed % 4](seed).program()


if __name__ == "__main__":
    for seed in sys.argv[1:]:
        print(program(int(seed)))
