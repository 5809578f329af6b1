# with: order, suppression, several managers, contextlib.
class Manager:
    def __init__(self, name, swallow=False, fail_enter=False, fail_exit=False):
        self.name, self.swallow, self.fail_enter, self.fail_exit = name, swallow, fail_enter, fail_exit

    def __enter__(self):
        log.append("enter " + self.name)
        if self.fail_enter:
            raise ValueError("enter " + self.name)
        return self.name.upper()

    def __exit__(self, kind, value, trace):
        log.append(("exit " + self.name, kind and kind.__name__, str(value), trace is not None))
        if self.fail_exit:
            raise KeyError("exit " + self.name)
        return self.swallow


def run(body):
    global log
    log = []
    try:
        log.append(("result", body()))
    except Exception as e:
        log.append(("escaped", repr(e), repr(e.__context__)))
    print(*log, sep="\n")
    print("-")


def plain():
    with Manager("a") as a:
        return a


def raising():
    with Manager("a"):
        raise TypeError("body")


def swallowing():
    with Manager("a", swallow=True):
        raise TypeError("body")
    return "after"


def several():
    with Manager("a") as a, Manager("b", swallow=True) as b, Manager("c") as c:
        log.append(a + b + c)
        raise TypeError("body")
    return "after"


def parenthesized():
    with (
        Manager("a") as a,
        Manager("b"),
    ):
        return a


def enter_fails():
    with Manager("a"), Manager("b", fail_enter=True), Manager("c"):
        log.append("never")


def exit_fails():
    with Manager("a", swallow=True), Manager("b", fail_exit=True):
        raise TypeError("body")


def in_loop():
    out = []
    for i in range(4):
        with Manager("l%d" % i):
            if i == 1:
                continue
            if i == 2:
                break
            out.append(i)
    return out


def target():
    data = {}
    with Manager("a") as data["key"], Manager("b") as (data["x"]):
        pass
    return data


for body in (plain, raising, swallowing, several, parenthesized, enter_fails, exit_fails, in_loop, target):
    print(body.__name__)
    run(body)
from contextlib import ContextDecorator, ExitStack, closing, contextmanager, nullcontext, redirect_stdout, suppress


@contextmanager
def tag(name):
    log.append("<%s>" % name)
    try:
        yield name * 2
    except ValueError as e:
        log.append("caught " + str(e))
    finally:
        log.append("</%s>" % name)


def with_tag():
    with tag("p") as p, tag("q"):
        log.append(p)
        raise ValueError("v")


def tag_other():
    with tag("p"):
        raise KeyError("k")


def decorated():
    @tag("d")
    def f(x):
        return x + 1
    return f(1), f(2)


def stack():
    with ExitStack() as s:
        names = [s.enter_context(Manager(n)) for n in "ab"]
        s.callback(log.append, "callback")
        s.push(lambda *problem: log.append(problem[0]) or True)
        names.append("x")
        raise ValueError("in stack")
    return names


def stack_moves():
    with ExitStack() as s:
        s.enter_context(Manager("kept"))
        moved = s.pop_all()
    log.append("left")
    moved.close()


def suppressing():
    with suppress(KeyError, IndexError):
        {}[1]
    with suppress(ValueError):
        log.append("fine")
    with suppress(KeyError):
        [][0]


class Closer:
    def close(self):
        log.append("closed")


def others():
    import io
    with closing(Closer()) as c:
        log.append(type(c).__name__)
    out = io.StringIO()
    with redirect_stdout(out):
        print("hidden")
    with nullcontext(5) as five:
        return five, out.getvalue()


class Deco(ContextDecorator):
    def __enter__(self):
        log.append("in")

    def __exit__(self, *problem):
        log.append("out")


@Deco()
def decorated_function():
    log.append("body")


for body in (with_tag, tag_other, decorated, stack, stack_moves, suppressing, others, decorated_function):
    print(body.__name__)
    run(body)


@contextmanager
def no_yield():
    if False:
        yield


@contextmanager
def two_yields():
    yield 1
    yield 2


def wrong():
    for manager in (no_yield, two_yields):
        try:
            with manager():
                pass
        except RuntimeError as e:
            log.append(str(e))
    for thing in (5, type("Half", (), {"__enter__": lambda self: 1})()):
        try:
            with thing:
                pass
        except TypeError:
            log.append("no manager")


run(wrong)
