# Chaining, notes, exception groups, except*.
try:
    try:
        {}["a"]
    except KeyError as e:
        raise ValueError("bad") from e
except ValueError as e:
    print(repr(e.__cause__), e.__cause__ is e.__context__, e.__suppress_context__)
try:
    try:
        {}["a"]
    except KeyError:
        raise ValueError("while handling")
except ValueError as e:
    print(repr(e.__cause__), repr(e.__context__), e.__suppress_context__)
try:
    try:
        {}["a"]
    except KeyError:
        raise ValueError("hidden") from None
except ValueError as e:
    print(repr(e.__cause__), repr(e.__context__), e.__suppress_context__)


def chain(n):
    try:
        if n == 0:
            raise KeyError("root")
        chain(n - 1)
    except Exception:
        raise ValueError(n)


try:
    chain(3)
except ValueError as e:
    names = []
    while e is not None:
        names.append(repr(e))
        e = e.__context__
    print(names)
try:
    try:
        raise ValueError("first")
    finally:
        raise KeyError("second")
except KeyError as e:
    print(repr(e), repr(e.__context__))


class Manager:
    def __enter__(self):
        return self

    def __exit__(self, *problem):
        raise OSError("in exit")


try:
    with Manager():
        raise ValueError("in body")
except OSError as e:
    print(e, repr(e.__context__))
e = ValueError("noted")
e.add_note("one")
e.add_note("two")
print(e.__notes__, e)
try:
    e.add_note(3)
except TypeError:
    print("notes are strings")
group = ExceptionGroup("many", [ValueError(1), TypeError("t"), ExceptionGroup("inner", [KeyError("k"), ValueError(2)])])
print(group, repr(group), group.message, len(group.exceptions))
match, rest = group.split(ValueError)
print(repr(match), repr(rest))
print(repr(group.subgroup(KeyError)), group.subgroup(OSError),
    repr(group.subgroup(lambda e: isinstance(e, TypeError))), group.split((ValueError, TypeError, KeyError))[1])
print(type(BaseExceptionGroup("b", [ValueError()])).__name__,
    type(BaseExceptionGroup("b", [KeyboardInterrupt()])).__name__, issubclass(ExceptionGroup, Exception),
    repr(group.derive([OSError()])))
for make in (lambda: ExceptionGroup("x", []), lambda: ExceptionGroup("x", [1]),
        lambda: ExceptionGroup("x", [KeyboardInterrupt()]), lambda: ExceptionGroup("x")):
    try:
        make()
    except (ValueError, TypeError) as e:
        print(type(e).__name__)


def star(problem):
    log = []
    try:
        try:
            if problem:
                raise problem
        except* ValueError as eg:
            log.append(("value", [e.args for e in eg.exceptions], type(eg).__name__))
        except* (TypeError, KeyError) as eg:
            log.append(("type or key", repr(eg)))
        else:
            log.append("else")
        finally:
            log.append("finally")
    except BaseException as e:
        log.append(("escaped", repr(e)))
    return log


for problem in (None, ValueError(5), group, ExceptionGroup("o", [OSError("o"), ValueError(1)]), OSError("alone"),
        ExceptionGroup("deep", [ExceptionGroup("er", [KeyError(1), OSError(2)])])):
    for line in star(problem):
        print(line)
    print("-")
try:
    try:
        raise ExceptionGroup("g", [ValueError(1), TypeError(2)])
    except* ValueError:
        raise KeyError("new")
except ExceptionGroup as e:
    print(repr(e), repr(e.exceptions[0].__context__))
try:
    try:
        raise ExceptionGroup("g", [ValueError(1), TypeError(2)])
    except* ValueError:
        raise
except ExceptionGroup as e:
    print(repr(e))


class MyGroup(ExceptionGroup):
    def __new__(cls, message, excs, code):
        self = super().__new__(cls, message, excs)
        self.code = code
        return self

    def derive(self, excs):
        return MyGroup(self.message, excs, self.code)


mine = MyGroup("mine", [ValueError(), KeyError()], 42)
print(mine.code, mine.split(KeyError)[0].args, mine.subgroup(KeyError).code)


def leaves(g):
    for e in g.exceptions:
        if isinstance(e, BaseExceptionGroup):
            yield from leaves(e)
        else:
            yield e


print([repr(e) for e in leaves(group)])
for i in range(3):
    try:
        raise ExceptionGroup("loop", [ValueError(i)])
    except* ValueError as eg:
        print(i, eg.exceptions[0].args, end=" ")
print()


def in_function():
    try:
        raise ExceptionGroup("r", [ValueError()])
    except* ValueError:
        pass
    return "returned"


print(in_function())
a, b = ValueError("a"), KeyError("b")
try:
    try:
        raise a
    except ValueError:
        try:
            raise b
        except KeyError:
            raise a
except ValueError as e:
    print(e is a, e.__context__ is b, b.__context__)
