# Exceptions: the order of handlers, finally, else, re-raising, hierarchy, attributes, tracebacks' shape.
def order(raises):
    log = []
    try:
        log.append("try")
        if raises:
            raise raises
    except (KeyError, IndexError) as e:
        log.append(("lookup", repr(e)))
    except ValueError:
        log.append("value")
    except Exception as e:
        log.append(("other", type(e).__name__))
    else:
        log.append("else")
    finally:
        log.append("finally")
    return log


for problem in (None, KeyError("k"), IndexError(), ValueError, UnicodeError("u"), RuntimeError("r"),
        OSError(2, "gone")):
    print(order(problem))


def finally_returns(how):
    log = []

    def f():
        for i in range(3):
            try:
                if how == "return":
                    return "from try"
                if how == "break":
                    break
                if how == "continue":
                    continue
                if how == "raise":
                    raise ValueError(i)
            finally:
                log.append(i)
        return "end"
    try:
        return f(), log
    except ValueError as e:
        return repr(e), log


for how in ("return", "break", "continue", "raise", ""):
    print(how, finally_returns(how))


class Base(Exception):
    def __init__(self, code, *args):
        super().__init__(*args)
        self.code = code

    def __str__(self):
        return f"code {self.code}: {' '.join(map(str, self.args))}"


class Derived(Base):
    pass


try:
    raise Derived(7, "a", 1)
except Base as e:
    print(e, repr(e), e.args, e.code, type(e).__mro__[1].__name__, isinstance(e, Exception))
for e in (Exception(), Exception("one"), Exception("a", 2), KeyError("k"), KeyError(),
        OSError(13, "denied", "file.txt"), OSError("plain"), StopIteration(5), SystemExit(3),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"), AttributeError("x", name="n"),
        ImportError("m", name="mod", path="p"), SyntaxError("bad", ("f.py", 1, 2, "text"))):
    print(type(e).__name__, str(e), repr(e), e.args)
e = OSError(2, "No such file", "x.txt")
print(type(e).__name__, e.errno, e.strerror, e.filename, type(OSError(17, "")).__name__,
    type(OSError(13, "")).__name__, issubclass(FileNotFoundError, OSError), IOError is OSError)
try:
    try:
        raise ValueError("inner")
    except ValueError:
        raise
except ValueError as e:
    print("re-raised", e)


def reraise_other():
    try:
        1 / 0
    except ZeroDivisionError as e:
        saved = e
    raise saved


try:
    reraise_other()
except ZeroDivisionError as e:
    tb = e.__traceback__
    depth = 0
    while tb:
        depth += 1
        tb = tb.tb_next
    print("depth", depth)
for code in ("raise 5", "raise int", "raise 'text'", "raise", "raise ValueError from 5",
        "raise ValueError('v') from None", "raise ValueError('v') from KeyError"):
    try:
        exec(code)
    except BaseException as e:
        print(code.ljust(36), type(e).__name__, e, type(e.__cause__).__name__)
try:
    try:
        raise TypeError("t")
    except "not a class":
        pass
except TypeError as e:
    print(e)


def generator():
    try:
        yield 1
        yield 2
    except ValueError as e:
        yield "caught " + str(e)
    finally:
        print("generator cleaned")


g = generator()
print(next(g), g.throw(ValueError("v")), list(g))
g = generator()
next(g)
g.close()


def nested():
    log = []
    try:
        try:
            try:
                raise KeyError("a")
            finally:
                log.append("f1")
        except IndexError:
            log.append("no")
        finally:
            log.append("f2")
    except KeyError as e:
        log.append(e.args[0])
        try:
            raise ValueError("b")
        except ValueError as e2:
            log.append(e2.__context__.args[0])
    return log


print(nested())
import sys


def exc_info():
    before = sys.exc_info()[0]
    try:
        raise ValueError("x")
    except ValueError:
        during = sys.exc_info()[0].__name__, str(sys.exception())
    return before, during, sys.exc_info()[0]


print(exc_info())


def in_handler(depth):
    try:
        raise ValueError(depth)
    except ValueError as e:
        if depth:
            in_handler(depth - 1)
        return e.args[0], sys.exception().args[0]


print(in_handler(3))
for operation in (lambda: [][1], lambda: {}["k"], lambda: 1 / 0, lambda: int("x"), lambda: None.x, lambda: undefined,
        lambda: "a" + 1, lambda: next(iter([])), lambda: [].remove(1), lambda: open("/no/such"),
        lambda: __import__("no_such"), lambda: b"\xff".decode(), lambda: 10.0 ** 1000,
        lambda: (_ for _ in ()).throw(KeyError), lambda: exec("x x")):
    try:
        operation()
    except Exception as e:
        print(type(e).__name__, end=" ")
print()


def walk(cls, depth=0):
    print("  " * depth + cls.__name__)
    for sub in sorted(cls.__subclasses__(), key=lambda c: c.__name__):
        if sub.__module__ == "builtins" and depth < 1:
            walk(sub, depth + 1)


walk(ArithmeticError)
walk(LookupError)
print([c.__name__ for c in FileNotFoundError.__mro__], [c.__name__ for c in UnicodeDecodeError.__mro__],
    [c.__name__ for c in KeyboardInterrupt.__mro__])


def many():
    for i in range(20000):
        try:
            if i % 3 == 0:
                raise ValueError
            if i % 3 == 1:
                {}[i]
        except ValueError:
            yield 1
        except KeyError:
            yield 2


print(sum(many()))
e = ValueError("kept")
e.extra = 5
print(e.extra, e.__dict__, e.with_traceback(None) is e, e.__traceback__, e.__cause__, e.__context__,
    e.__suppress_context__)
try:
    assert [], "empty"
except AssertionError as e:
    print(repr(e))
try:
    assert 0
except AssertionError as e:
    print(repr(e))
