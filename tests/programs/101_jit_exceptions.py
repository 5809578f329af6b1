"""Exceptions that are raised and caught in compiled loops and functions."""
import sys


def lookups(d, keys):
    found = missing = 0
    for key in keys:
        try:
            found += d[key]
        except KeyError:
            missing += 1
    return found, missing


def always_missing(d, n):
    texts = []
    for i in range(n):
        try:
            d[i, i]
        except KeyError as error:
            if i % 50 == 0:
                texts.append(str(error))
    return texts


def thrower(i):
    x = i * 2
    if i % 3 == 0:
        raise ValueError(i)
    if i % 7 == 0:
        raise LookupError(x)
    return x


def middle(i):
    y = [i]
    return thrower(i) + len(y)


def catches(n):
    total = caught = others = 0
    for i in range(n):
        try:
            total += middle(i)
        except ValueError as e:
            caught += e.args[0]
        except (KeyError, LookupError) as e:
            others += e.args[0]
    return total, caught, others


def lines(tb):
    out = []
    while tb is not None:
        out.append((tb.tb_frame.f_code.co_name, tb.tb_lineno - tb.tb_frame.f_code.co_firstlineno,
                    sorted((k, v) for k, v in tb.tb_frame.f_locals.items() if isinstance(v, (int, list)) and k != "seen")))
        tb = tb.tb_next
    return out


def tracebacks(n):
    seen = []
    for i in range(n):
        try:
            middle(i)
        except ValueError as e:
            if i > n - 10:
                seen.append(lines(e.__traceback__))
        except LookupError:
            if i > n - 10:
                seen.append(lines(sys.exc_info()[2]))
    return seen


def handled(n):
    out = 0
    for i in range(n):
        assert sys.exc_info() == (None, None, None)
        try:
            raise RuntimeError(i)
        except RuntimeError:
            try:
                assert sys.exception().args == (i,)
                {}[i]
            except KeyError as e:
                assert sys.exception() is e
                assert e.__context__.args == (i,)
                out += 1
            assert sys.exception().args == (i,)
    return out


def finally_(n):
    out = []
    for i in range(n):
        try:
            try:
                out.append(i)
                if i % 2:
                    raise IndexError(i)
            finally:
                out.pop()
        except IndexError as e:
            if i > n - 5:
                out.append(lines(e.__traceback__))
                out.insert(0, out.pop())
    return out


class Context:
    def __init__(self, swallow):
        self.swallow = swallow
        self.count = 0

    def __enter__(self):
        return self

    def __exit__(self, ty, value, tb):
        if ty is not None:
            self.count += value.args[0]
        return self.swallow


def withs(n):
    a, b = Context(True), Context(False)
    for i in range(n):
        with a:
            with b:
                if i % 3 == 1:
                    raise KeyError(i)
    return a.count, b.count


class Dropped:
    alive = 0

    def __init__(self):
        Dropped.alive += 1

    def __del__(self):
        Dropped.alive -= 1


def raises_with_locals(i):
    first, second, number, text = Dropped(), [Dropped()], i + 0.5, str(i)
    for item in [1, 2, first]:
        if item is first:
            raise OSError(number)


def drops(n):
    total = 0.0
    for i in range(n):
        try:
            raises_with_locals(i)
        except OSError as e:
            total += e.args[0]
        assert Dropped.alive == 0, Dropped.alive
    return total


def nexts(n):
    total = 0
    for i in range(n):
        it = iter(range(i % 4))
        try:
            while True:
                total += next(it)
        except StopIteration:
            total += 100
    return total


def generator(n):
    for i in range(n):
        try:
            yield thrower(i)
        except KeyError:
            yield -1


def generators(n):
    out = 0
    for i in range(n):
        try:
            for x in generator(i % 9 + 1):
                out += x
        except ValueError as e:
            out += 1000
    return out


def attributes(n):
    class Bare:
        pass

    bare, found, missing = Bare(), 0, 0
    for i in range(n):
        if i % 5 == 0:
            bare.x = i
        elif i % 5 == 3:
            del bare.x
        try:
            found += bare.x
        except AttributeError as e:
            missing += len(e.name)
    return found, missing


def reraised(n):
    seen = []
    for i in range(n):
        try:
            try:
                thrower(3 * i)
            except ValueError as e:
                if i % 2:
                    raise
                raise TypeError("other") from e
        except (TypeError, ValueError) as e:
            if i > n - 4:
                seen.append((type(e).__name__, lines(e.__traceback__), type(e.__cause__).__name__))
    return seen


def deep(n, i):
    if n == 0:
        raise ArithmeticError(i)
    try:
        return deep(n - 1, i) + 1
    finally:
        i += 1


def recursion(n):
    total = 0
    for i in range(n):
        try:
            deep(i % 6, i)
        except ArithmeticError as e:
            total += e.args[0]
            tb, depth = e.__traceback__, 0
            while tb is not None:
                tb, depth = tb.tb_next, depth + 1
            total += depth * 1000
    return total


def uncaught(n):
    d = {}
    for i in range(n):
        if i == n - 1:
            d["missing"]
        d[i] = i
    return d


def calls_uncaught(n):
    count = 0
    for i in range(n):
        try:
            uncaught(i % 3 + 1)
        except KeyError as e:
            count += lines(e.__traceback__)[-1][1]
    return count


N = 400
print(lookups({i: i for i in range(0, N, 3)}, list(range(N))))
print(lookups({}, list(range(N))))
print(always_missing({}, N))
print(catches(N))
for entry in tracebacks(N):
    print(entry)
print(handled(N))
for entry in finally_(N):
    print(entry)
print(withs(N))
print(drops(N))
print(nexts(N))
print(generators(N))
print(attributes(N))
for entry in reraised(N):
    print(entry)
print(recursion(N))
print(calls_uncaught(N))
