# Loops over decimals and streams in memory: operators that change their minds, signals, variables of changing types, print() to
# streams that are changed, closed or replaced on the way.
import io
from decimal import *

D = Decimal


def totals(numbers, rate):
    total = tax = D(0)
    unit = D("0.01")
    for n in numbers:
        price = n * rate
        part = price.quantize(unit, rounding=ROUND_DOWN)
        tax += price - part
        total += part
        total -= 1
    return total, tax


def operators(values):
    out = []
    for x in values:
        try:
            out.append((x + 1, 2 - x, x * x, x / 3, x // 2, x % 7, -x))
        except Exception as e:
            out.append(f"{type(e).__name__} {e}")
    return out


def big_ints(n):
    x, seen = 1, 0
    for i in range(n):
        x = (x * 6364136223846793005 + 1442695040888963407) & 0xFFFFFFFFFFFFFFFF
        seen ^= x >> 33
        seen |= x
        seen -= x // 7 + x % 5
    return x, seen


def changing(n):
    # The variable's old value is a leaf, or is not.
    kept = None
    seen = []
    for i in range(n):
        kept = D(i)
        if i % 50 == 49:
            kept = [kept, b"x" * (i % 7)]
        elif i % 20 == 3:
            kept = b"ab" * (i % 5)
        elif i % 30 == 7:
            kept = 1j * i
        if i % 100 > 97:
            seen.append(kept)
    return seen, kept


def signals(n):
    caught = 0
    with localcontext(Context(prec=5, traps=[Inexact])) as c:
        total = D(0)
        for i in range(n):
            try:
                total += D(i) / 8
            except Inexact:
                caught += 1
                total = D(0)
        return caught, total, c.flags[Rounded]


class Money(Decimal):
    def __add__(self, other):
        return Money(Decimal.__add__(self, other))

    def __radd__(self, other):
        return "money"


def mixed(items):
    total = D(0)
    for item in items:
        total = total + item
        if isinstance(total, str):
            total = D(5)
    return total


def printed(n, out, values):
    for i in range(n):
        print(values[i % len(values)], file=out)
    return out


def sorts_of_print(n):
    out = io.StringIO()
    for i in range(n):
        print(i, 1.5, "x", sep="-", end=";", file=out)
        print("a", [i], file=out, flush=True)
        print(file=out)
    return out.getvalue()


class Shout:
    def __init__(self):
        self.seen = []

    def write(self, text):
        self.seen.append(text.upper())


class Named:
    def __str__(self):
        return "named"


def replaced(n):
    # The stream changes under the loop: of another class, with a method of its own, closed.
    first, second = io.StringIO(), Shout()
    third = io.StringIO()
    third.write = second.write
    out = first
    errors = []
    for i in range(n):
        if i == n // 2:
            out = second
        if i == n // 2 + 20:
            out = third
        if i == n // 2 + 40:
            out = first
        if i == n - 5:
            first.close()
        try:
            print("line", i, file=out)
        except ValueError as e:
            errors.append(str(e))
    return len(second.seen), second.seen[-4:], errors[:1], len(errors)


def own_write(n):
    out = io.StringIO()
    seen = []
    for i in range(n):
        if i == n - 10:
            out.write = seen.append
        print(D(i) / 4, file=out)
    return out.getvalue()[-12:], seen[:4]


print(totals([D(i).scaleb(-3) for i in range(400)], D("1.0675")))
print(totals([D(10**20 + i) for i in range(200)], D("0.33")))
getcontext().prec = 12
rows = operators([D(i) / 16 for i in range(300)] + [D("inf"), D("nan"), 7, D("snan"), D("-0"), 2.5] + [D(10**9 * i) for i in range(50)])
print(rows[255], rows[300:307], rows[-1], len(rows))
getcontext().prec = 28
print(big_ints(1000))
print(changing(500))
print(signals(400))
print(mixed([D("0.5")] * 200 + [True, 3, 10**30] + [Money("1.5")] + [D(2)] * 100))
for bad in 1.5, "x", None:
    try:
        mixed([D(1)] * 200 + [bad])
    except TypeError as e:
        print(e)
text = printed(300, io.StringIO(), [D("1.50"), D("-0E+3"), D("Infinity"), 7, "text", None]).getvalue()
print(len(text), text[-40:].split())
print(printed(200, io.StringIO(newline="\r\n"), [D(1), "a\nb"]).getvalue()[-12:].encode())
print(printed(200, io.StringIO(), [Named(), D(3)]).getvalue()[-12:].split())
print(sorts_of_print(200)[-60:].split("\n"))
print(replaced(400))
print(own_write(300))
