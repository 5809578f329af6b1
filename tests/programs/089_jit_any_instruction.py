# Loops whose instructions compiled code leaves to the interpreter: operators, calls, generators, frames that are looked at.
import sys, time
class P:
    def __init__(s, x): s.x = x
    def __add__(s, o): return P(s.x + o.x)
    def __lt__(s, o): return s.x < o.x
def gen(n):
    for i in range(n): yield i
def fib(n): return n if n < 2 else fib(n-1) + fib(n-2)
def f(x, d):
    d[str(x)] = x
    s = "%d" % x
    return s + "a"
def main():
    p = P(0); q = P(1); tot = 0; d = {}
    for i in range(3000):
        p = p + q
        if p < q: tot += 1
        tot += len(f(i, d))
        tot += fib(5)
        for g in gen(3): tot += g
        t = sorted([i, 3, 2], key=lambda v: -v)
        tot += t[0]
        a, *b = t
        tot += b[0]
        s = f"{i:>5}{tot!r}"
        tot += len(s)
        try:
            int(s[:5])
            if i % 7 == 0: raise ValueError(i)
        except ValueError as e:
            tot += e.args[0] if isinstance(e.args[0], int) else 1
    print(p.x, tot, len(d))
def where(): return sys._getframe(1).f_locals.get('loc'), sys._getframe(1).f_lineno
def inner(i):
    loc = i * 2
    loc2 = loc + 1.5
    return where(), loc2
def m2():
    for i in range(2000):
        (a, b), c = inner(i)
        assert a == i*2, (a, i)
    print(a, b, c)
def gsum():
    t = 0
    for x in gen(20000): t += x
    return t
main(); m2(); print(gsum())
def locals_of_caller(): return dict(sys._getframe(1).f_locals)
def m3():
    x = 0.5; k = 0; s = "a"
    for i in range(2000):
        x = x + 1.5
        k = k + i
        s = s if i % 3 else "b%d" % i
        seen = locals_of_caller()
        assert seen["x"] == x and seen["k"] == k and seen["i"] == i and seen["s"] == s, (seen, i)
        if i > 0: assert seen["seen"]["i"] == i - 1
        del seen["seen" if i else "s"]
    print(sorted(seen), x, k, s)
class Deep:
    def __init__(self, n): self.n = n
    def level(self, a, b):
        c = a * 2.0
        return self.other(c, b + 1)
    def other(self, d, e):
        f = [d]
        return locals_of_caller(), sys._getframe(1).f_locals["c"], sys._getframe(1).f_code.co_name, f
def m4():
    o = Deep(3)
    for i in range(2000):
        seen, c, name, f = o.level(i, i)
        assert seen["d"] == i * 2.0 == c and seen["e"] == i + 1 and name == "level" and seen["f"] is f
    print(seen["d"], c, name)
m3(); m4()
def m5():
    nan, found = float("nan"), 0
    for i in range(3000):
        for f in (1.5, nan):
            g = f
            found += g in [g] and f in (g,)
    print(found)
m5()
