"""Functions as values: closures over changing variables, composition, partial application, decorators, recursion."""

import functools

SIZE = 25000
CHECK = {
    1250: (620235, (1173125, 1250), 11825, 96720, 12, [('scaled', 1250), ('shifted', 1250)]),
    25000: (12715179, (468775000, 25000), 237500, 39050000, 12, [('scaled', 25000), ('shifted', 25000)]),
}


def counter(start, step):
    def advance():
        nonlocal start
        start += step
        return start
    return advance


def compose(*functions):
    def composed(value):
        for function in functions:
            value = function(value)
        return value
    return composed


def accumulator():
    total = 0
    count = 0

    def add(amount, *extra, weight=1):
        nonlocal total, count
        total += amount * weight + sum(extra)
        count += 1
        return total

    def read():
        return total, count

    return add, read


def traced(log):
    def decorate(function):
        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            log[function.__name__] = log.get(function.__name__, 0) + 1
            return function(*args, **kwargs)
        return wrapper
    return decorate


def curried(a):
    return lambda b: lambda c: lambda d: a * b + c - d


def church(n):
    """The numeral n as a function that applies another n times."""
    return lambda function: lambda value: functools.reduce(lambda acc, _: function(acc), range(n), value)


def run(n):
    log = {}

    @traced(log)
    def scaled(value, factor=3):
        return value * factor % 1009

    @traced(log)
    def shifted(value, *, by):
        return value + by

    step = counter(0, 3)
    pipeline = compose(lambda x: x + 1, functools.partial(scaled, factor=5), lambda x: shifted(x, by=2), abs)
    add, read = accumulator()
    total = 0
    for i in range(n):
        total += step() % 7
        total += pipeline(i)
        if i % 2:
            add(i, 1, 2, weight=2)
        else:
            add(i)
    adders = [(lambda k: lambda x: x + k)(k) for k in range(20)]
    value = 0
    for i in range(n):
        value = adders[i % 20](value)
    pieces = sum(curried(i)(2)(3)(4) for i in range(n // 4))
    numeral = church(3)(church(4)(lambda x: x + 1))(0)
    return total, read(), value, pieces, numeral, sorted(log.items())


if __name__ == "__main__":
    from driver import main
    main(globals())
