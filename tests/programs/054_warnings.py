# warnings: filters, categories, catching, once per place.
import warnings


def old():
    warnings.warn("old is old", DeprecationWarning, stacklevel=2)
    return "result"


with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    print(old(), old())
    warnings.warn("plain")
    warnings.warn(UserWarning("instance"))
    warnings.warn_explicit("explicit", SyntaxWarning, "file.py", 42)
for w in caught:
    print(w.category.__name__, w.message, type(w.message).__name__, w.filename.endswith(".py"), w.lineno > 0)
with warnings.catch_warnings():
    warnings.simplefilter("error")
    try:
        old()
    except DeprecationWarning as e:
        print("raised", e)
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("default")
    for _ in range(3):
        warnings.warn("same place")
    print(len(caught))
with warnings.catch_warnings(record=True) as caught:
    warnings.resetwarnings()
    warnings.filterwarnings("ignore", message="skip.*")
    warnings.filterwarnings("error", category=RuntimeWarning)
    warnings.warn("skip this")
    warnings.warn("not this")
    try:
        warnings.warn("danger", RuntimeWarning)
    except RuntimeWarning as e:
        print("RuntimeWarning", e)
    print([str(w.message) for w in caught])
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("once")
    for i in range(2):
        warnings.warn("once")
    warnings.warn("once")
    print(len(caught))
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    eval("1 is 1")
    compile("assert (1, 'x')", "f", "exec")
    compile(r"'\q'", "f", "exec")
    print([w.category.__name__ for w in caught])


class Mine(UserWarning):
    pass


with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("ignore")
    warnings.simplefilter("always", Mine)
    warnings.warn("mine", Mine)
    warnings.warn("user", UserWarning)
    print([w.category.__name__ for w in caught], issubclass(Mine, Warning), issubclass(DeprecationWarning, Exception))
for bad in (lambda: warnings.warn("x", int), lambda: warnings.simplefilter("nonsense"),
        lambda: warnings.warn("x", category="y")):
    try:
        bad()
    except (TypeError, ValueError, AssertionError) as e:
        print(type(e).__name__ in ("TypeError", "ValueError", "AssertionError"), end=" ")
print()
print(warnings.formatwarning("message", UserWarning, "file.py", 7, "the line").strip())
shown = []
original, warnings.showwarning = warnings.showwarning, lambda message, category, *rest: shown.append((str(message),
    category.__name__))
with warnings.catch_warnings():
    warnings.simplefilter("always")
    warnings.warn("to my function")
warnings.showwarning = original
print(shown)


@warnings.deprecated("use new() instead")
def deprecated():
    return 1


with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    print(deprecated(), deprecated.__deprecated__, [(w.category.__name__, str(w.message)) for w in caught])

# Numbers that a keyword follows at once.
for source in ("1if 2 else 3", "[0x1for x in ()]", "1jif 1 else 2", "0b1or 0", "0o7in (7,)", "(1.5in ())", "1 if 2 else 3", "x1 if 2 else 3"):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        compile(source, "f", "exec")
    print(source, [(str(w.message), w.lineno, w.category.__name__) for w in caught])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            compile(source, "f", "exec")
        except SyntaxError as e:
            print(e.msg, e.lineno, e.offset)
