# Newer and smaller syntax: walrus, chained comparisons, conditional expressions, star expressions, dict unions, ellipsis.
if (n := len("abcd")) > 3:
    print("long", n)
data = [1, 5, 3, 8]
print([y for x in data if (y := x * 2) > 5], y, (z := 5, z + 1), any((hit := x) > 4 for x in data), hit)
while (item := data.pop()) != 5:
    print("popped", item)
print(data, item)


def f(a, b=(c := 3)):
    return a + b, (d := a), d


print(f(1), c, f((q := 7)), q, f"{(w := 10):>5}", w, {(k := "key"): k}, [i := 1, i + 1])
x = 5
print(1 < x < 10, 1 < x > 3, 1 < x < 3, 5 == x == 5.0, 1 < 2 < 3 < 4 > 2, x in (1, 5) in [True], not x == 5,
    x is not None is not False)
calls = []


def v(n):
    calls.append(n)
    return n


print(v(1) < v(3) < v(2) < v(9), calls)
print("a" if x > 3 else "b" if x > 1 else "c", (lambda: 1 if x else 2)(), [1 if i else 0 for i in (0, 1)],
    1 if not x else 2)
print(0 or None or [] or "last", 1 and "two" and 3.0, None and 1, (0 or 1) and 2, not 0 or 1 / 0)
print(*[1, 2], *"ab", sep="|", end="$\n")
print({"a": 1} | {"b": 2}, {**{"a": 1}, "a": 2}, [*{1: 2}], {*"aab"} == {"a", "b"}, (*range(2),))
print(..., Ellipsis is ..., type(...).__name__, [...][0])
lst = [0] * 3
lst[0], lst[1:2], *rest = 1, [2, 2], 3, 4
print(lst, rest)
a = b = [1]
a += [2]
print(b, a is b)
print(1_000.000_1, 0x_FF, 1e1_0, 0b_1, 0o1_7, .5, 5., 1E-2, 1J, 00, 0_0)
print("implicit" 'concat' """three""", "a\
b", 'tab\there', "\u00e9\x41\101\N{BULLET}", b"\x41\101", rb"\x", r'\'', "nul\0l"[3] == "\x00")
if x == 5: print("one line"); print("two statements")
for i in range(2): print(i, end=" "); continue
else: print("else")
class C: a = 1; b = 2
print(C.a + C.b)
def g(): return 1; return 2
print(g(), (lambda *, k=1: k)(k=2), (lambda: (yield))().__class__.__name__)
print(- 2 ** 2, (-2) ** 2, 2 ** -1, 2 ** 3 ** 2, -3 // 2, not 1 == 2, 1 + 2 * 3 - 4 / 2, 7 // 2 * 2 + 7 % 2,
    1 << 2 + 1, 5 & 3 == 1, (5 & 3) == 1, ~5 + 6, 6 ^ 3 | 8 & 12)
print(True if [] == [] else False, [] is [], () == (), "a" "b" == "ab", 1 == True, "1" == 1, None == 0)
global_before = "g"


def uses_global():
    global global_before, made_here
    global_before += "!"
    made_here = 1


uses_global()
print(global_before, made_here)


def docstring():
    "the docstring"
    "not one"


print(docstring.__doc__, __name__ == "__main__", __doc__)
del a
try:
    a
except NameError:
    print("gone")
x: int
y: int = 5
print("x" in dir(), __debug__)
print([i for i in range(3)][-1], (i for i in "a").__next__(), {i for i in [1]}, {i: i for i in [1]})
try:
    pass
except:
    pass
else:
    print("else runs")
finally:
    print("finally runs")
with open(__file__) as one, open(__file__) as two:
    print(one.readline() == two.readline())


def nested_quotes(d):
    return f"{d['a']}" + f'{d["b"]}' + f"{d["c"]}"


print(nested_quotes({"a": 1, "b": 2, "c": 3}))
type Alias = int | str
type Pair[T] = tuple[T, T]
print(Alias.__name__, Alias.__value__, Pair.__type_params__, Pair[int].__args__)


def generic[T](x: T, *rest: T) -> T:
    return x


class Box[T]:
    def __init__(self, v: T):
        self.v = v

    def map[U](self, f) -> "Box[U]":
        return Box(f(self.v))


print(generic(5), generic.__type_params__, Box(2).map(str).v, Box[int].__args__, Box.__type_params__,
    Box.__bases__[0].__name__)
print(*(lambda *args, **kw: (args, kw))(1, *(2, 3), x=4, **{"y": 5}))
lambda_default = [(lambda x=i: x) for i in range(3)]
print([f() for f in lambda_default], (lambda: ...)(), (lambda x, /, y, *, z: x + y + z)(1, 2, z=3))
print(sum(x for x in range(5)), max((x for x in [3, 1]), default=0), max([], default="none"),
    sorted((3, 1, 2), reverse=True), "".join(c for c in "abc" if c != "b"))
