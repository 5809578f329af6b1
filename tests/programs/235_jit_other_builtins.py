"""The same code and the same globals, but other builtins: `__builtins__` was assigned in between, and counts for what begins then."""

USUAL = {"len": len, "range": range}
OTHER = {"len": lambda x: 100, "range": range}


def execute(text, name=None):
    """Execute code with the usual builtins, then with others; what it leaves under the name each time, or the totals it makes."""
    code = compile(text, "<code>", "exec")
    space, found = {}, []
    for builtins in (USUAL, OTHER, USUAL):
        space["__builtins__"] = builtins
        exec(code, space)
        found.append(space[name or "total"])
    return found


print("module", execute("total = 0\nfor i in range(3000):\n    total += len('abc')"))

loops = execute(
    """
def loop():
    total = 0
    for i in range(3000):
        total += len("abc")
    return total
""",
    "loop",
)
print("loop", [loop() for loop in loops])


def call(*functions):
    total = 0
    for i in range(3000):
        total += functions[i % len(functions)](i)
    return total


plain = execute("def plain(n): return len('x') + n", "plain")
print("function", [call(function) for function in plain], call(*plain))

text = """
def make():
    def inner(n):
        return len("x") + n
    return inner
made = [make() for _ in range(4)]
"""
made = execute(text, "made")
print("closures", [call(*closures) for closures in made], call(*sum(made, [])))

generators = execute("def numbers():\n    for i in range(3):\n        yield len('abc')", "numbers")


def go_through(numbers):
    total = 0
    for i in range(1500):
        for number in numbers():
            total += number
    return total


print("generator", [go_through(numbers) for numbers in generators])
