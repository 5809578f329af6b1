# Functions: arguments, defaults, returns, recursion, nesting, docstrings, attributes.
def nothing():
    pass


def add(a, b=10, c=100):
    return a + b + c


print(nothing(), add(1), add(1, 2), add(1, 2, 3), add(1, c=5), add(c=1, a=2, b=3))


def fact(n):
    return 1 if n <= 1 else n * fact(n - 1)


print(fact(10), fact(25))


def even(n):
    return True if n == 0 else odd(n - 1)


def odd(n):
    return False if n == 0 else even(n - 1)


print(even(100), odd(100), even(77))


def outer(x):
    def inner(y):
        return x * y
    return inner(3) + inner(4)


print(outer(5))


def many():
    return 1, 2, 3


a, b, c = many()
print(many(), a, b, c)


def documented(x):
    """Say what it does."""
    return x


print(documented.__doc__, documented.__name__, documented.__qualname__, nothing.__doc__)
documented.extra = 42
print(documented.extra, documented.__dict__)
print(add.__defaults__, add.__code__.co_varnames, add.__code__.co_argcount)


def shared(item, items=[]):
    items.append(item)
    return items


print(shared(1), shared(2), shared(3, []), shared(4))

square = lambda x: x * x
print(square(7), (lambda: "called")(), (lambda a, b=2: a - b)(5))
print([f(3) for f in (abs, float, str, square, lambda x: -x)])

for call, problem in (
    (lambda: add(), "missing"),
    (lambda: add(1, 2, 3, 4), "too many"),
    (lambda: add(1, a=2), "twice"),
    (lambda: add(1, d=2), "unknown"),
    (lambda: 3(), "not callable"),
):
    try:
        call()
    except TypeError as e:
        print(problem, "->", e)


def changes(items, number):
    items.append(4)
    items = [9]
    number += 1
    return items, number


data, n = [1, 2, 3], 5
print(changes(data, n), data, n)

count = 0


def increment():
    global count
    count += 1


for _ in range(5):
    increment()
print(count)


def unbound():
    print(later)
    later = 1


try:
    unbound()
except UnboundLocalError as e:
    print(type(e).__name__)


def apply(function, *args):
    return function(*args)


print(apply(max, 3, 8, 5), apply(add, 1), apply(lambda *a: len(a), 1, 2, 3))


def order(log):
    def note(x):
        log.append(x)
        return x
    note(1) + note(2) * note(3)
    add(note(4), c=note(5), b=note(6))
    {note(7): note(8), note(9): note(10)}
    [note(11), note(12)][note(0)]
    note(13) < note(14) < note(15)
    return log


print(order([]))
print(callable(add), callable(3), callable(int))


def annotated(a: int, b: "text" = 2) -> float:
    return a / b


print(annotated(3), sorted(annotated.__annotations__))
