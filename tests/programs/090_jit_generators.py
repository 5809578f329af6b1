# Loops over generators, which compiled code resumes itself: frames that are looked at, exceptions, finalizers, early ends.
import sys
def gen(n):
    for i in range(n): yield i
def evens(it):
    for x in it:
        if x % 2 == 0:
            yield x
def pairs(n):
    a, b = 0.5, 1
    while b < n:
        yield a, b
        a, b = a + b, b + 1
def who():
    f = sys._getframe(1); return f.f_code.co_name, f.f_back.f_code.co_name
def watched(n):
    for i in range(n):
        k = i * 2
        yield who(), k
def fails(n):
    for i in range(n):
        if i == n - 1: raise KeyError(i)
        yield i
class Noisy:
    def __init__(s, n, log): s.n = n; s.log = log
    def __del__(s): s.log.append(s.n)
def noisy(log, n):
    for i in range(n):
        o = Noisy(i, log)
        yield o.n
def main():
    t = 0
    for r in range(300):
        for x in gen(r % 5): t += x
        for x in evens(gen(7)): t += x
        for a, b in pairs(6): t += a * b
        for (a, b), k in watched(3):
            assert (a, b) == ("watched", "main"), (a, b)
            t += k
        t += sum(x * x for x in gen(4))
        t += len([x for x in gen(3) if x])
        try:
            for x in fails(4): t += x
        except KeyError as e:
            t += e.args[0]
            assert e.__traceback__.tb_next.tb_frame.f_code.co_name == "fails"
        log = []
        for x in noisy(log, 3): t += x * len(log)
        assert log == [0, 1, 2], log
        g = gen(10)
        for x in g:
            if x == 4: break
        t += next(g)
        for x in g: t += x
        def inner(m):
            s = 0
            for y in gen(m): s += y
            return s
        t += inner(r % 9)
    print(t)
def long():
    t = 0.0
    for x in evens(gen(20000)): t += x * 0.5
    print(t)
    s = 0
    for a, b in pairs(5000): s += b; t = a
    print(s, t)
    z = [0]
    for w, k in watched(3000): z[0] += k
    print(z)
main(); long()
