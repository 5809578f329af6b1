# Tracebacks: formatting, carets, chaining, notes, groups, frames, limits. File names are made equal.
import re
import sys
import traceback


def show(text):
    print(re.sub(r'File "[^"]*[/\\]([^"/\\]+)"', r'File "\1"', text).rstrip())
    print("-")


def a(x):
    return b(x) + 1


def b(x):
    y = x - 1
    return (10 / y) * c(y)


def c(z):
    raise KeyError("deep")


for argument in (1, 5):
    try:
        a(argument)
    except Exception as e:
        lines = traceback.format_exception(e)
        # The words for a division by zero differ between versions.
        show("".join(lines[:-1]) + lines[-1].split(":")[0])
try:
    try:
        {}["missing"]
    except KeyError as e:
        raise ValueError("from it") from e
except ValueError:
    show(traceback.format_exc())
try:
    try:
        [][3]
    except IndexError:
        raise RuntimeError("meanwhile")
except RuntimeError as e:
    e.add_note("a note\non two lines")
    show("".join(traceback.format_exception(e)))
    show("".join(traceback.format_exception(e, chain=False)))
    show("".join(traceback.format_exception_only(e)))
try:
    raise ExceptionGroup("group", [ValueError("one"), ExceptionGroup("inner", [TypeError("two")])])
except ExceptionGroup as e:
    show("".join(traceback.format_exception(e)))


def operators():
    data = {"a": [1, 2, None]}
    return (
        data["a"][0]
        + data["a"][2]
    )


def call_chain():
    return len(str(int("x")).strip())


def attribute():
    value = None
    return value.strip().lower()


def subscript():
    table = {"x": {}}
    return table["x"]["y"]["z"]


def unpack():
    first, second = [1, 2, 3].__iter__().__next__(), *"a"
    raise ValueError(f"{first}{second}")


def lambda_():
    return (lambda q: q.nothing)(5)


def comprehension():
    return [1 // n if n else n.bad for n in (2, 0)]


class K:
    def method(self):
        return self.other(1, key=[
            i.x for i in "a"
        ])

    def other(self, *a, **k):
        pass


for f in (operators, call_chain, attribute, subscript, unpack, lambda_, comprehension, K().method):
    try:
        f()
    except Exception as e:
        show("".join(traceback.format_tb(e.__traceback__)[1:]) + type(e).__name__)


def recursion(n):
    if n == 0:
        raise ValueError("bottom")
    recursion(n - 1)


try:
    recursion(20)
except ValueError as e:
    show("".join(traceback.format_exception(e)))
    show("".join(traceback.format_exception(e, limit=2)))
    show("".join(traceback.format_exception(e, limit=-1)))
    tb = e.__traceback__
    frames = list(traceback.walk_tb(tb))
    print(len(frames), frames[-1][0].f_locals, frames[0][0].f_code.co_name, tb.tb_frame is sys._getframe(),
        tb.tb_lineno == frames[0][1])
stack = traceback.extract_tb(tb)
print(stack[1].name, stack[-1].line, len(stack), traceback.format_list(stack[-1:])[0].split(",")[1])


def outer():
    return inner()


def inner():
    return [f.name for f in traceback.extract_stack()][-2:], sys._getframe(1).f_code.co_name, sys._getframe().f_back.f_lineno > 0


print(outer())
for source in ("x = = 1", "def f(:\n  pass", "if True:\nx = 1", "'unterminated", "(1, 2", "x = 5 5"):
    try:
        compile(source, "source.py", "exec")
    except SyntaxError as e:
        print(type(e).__name__, e.filename, e.lineno, e.msg is not None, e.text is not None)
try:
    exec(compile("def made():\n    raise OSError('no source')\nmade()", "<made>", "exec"))
except OSError as e:
    show("".join(traceback.format_exception(e)))
te = traceback.TracebackException(ValueError, ValueError("built"), None)
print(list(te.format()), te.exc_type_str if hasattr(te, "exc_type_str") else te.exc_type.__name__, str(te))
try:
    raise ValueError("first") from OSError("never raised")
except ValueError as e:
    te = traceback.TracebackException.from_exception(e)
    print(te.__cause__ is not None, te.stack[0].name, "".join(te.format()).count("ValueError"))


class Unprintable(Exception):
    def __str__(self):
        raise RuntimeError


print(traceback.format_exception_only(Unprintable()))
print(traceback.format_exception_only(SyntaxError("bad", ("f.py", 3, 5, "x = (1 +", 3, 9))))
try:
    import no_such_module_at_all
except ImportError:
    show(traceback.format_exc())
import io
out = io.StringIO()
try:
    raise KeyError("printed")
except KeyError:
    traceback.print_exc(file=out)
show(out.getvalue())
sys.excepthook = lambda kind, value, tb: print("hook:", kind.__name__, value)
sys.excepthook(*((lambda e: (type(e), e, None))(SystemError("last"))))
