"""Executes the random programs of some seeds, one after the other, and prints what each of them printed. A process of compare.py.

Usage: programs.py GENERATOR FIRST END STORE [SEED ...]

GENERATOR is the folder of a `generate.py`, whose programs all begin with its `PRELUDE`. What it generates is compiled once: the
first process of an interpreter leaves the code in the file STORE, and others take it from there, each program its own copy of all of it. The
seeds that are named are left out.
"""

import contextlib
import io
import marshal
import os
import re
import sys

# Where objects lie differs from run to run; programs show it in the representations of objects that have no other.
ADDRESS = re.compile(" at 0x[0-9a-f]+")


def compile_all(folder, seeds):
    """The code of the prelude (under `None`) and of the rest of each program, as `marshal` writes it."""
    sys.path.insert(0, folder)
    import generate

    def compiled(seed):
        text = generate.program(seed)
        assert text.startswith(generate.PRELUDE), seed
        return seed, marshal.dumps(compile(text[len(generate.PRELUDE):], f"<program {seed}>", "exec"))

    codes = dict(map(compiled, seeds))
    codes[None] = marshal.dumps(compile(generate.PRELUDE, "<prelude>", "exec"))
    return codes


def execute(seed):
    """Execute one program in a namespace of its own."""
    out = io.StringIO()
    names = {"__name__": "__main__"}
    with contextlib.redirect_stdout(out):
        try:
            exec(marshal.loads(codes[None]), names)
            exec(marshal.loads(codes[seed]), names)
        except Exception as error:
            print(f"{type(error).__name__}: {error}")
    print(seed, repr(ADDRESS.sub(" at 0x...", out.getvalue())), flush=True)


folder, first, end, store, *without = sys.argv[1:]
seeds = range(int(first), int(end))
if os.path.exists(store):
    with open(store, "rb") as stream:
        codes = marshal.load(stream)
else:
    codes = compile_all(folder, seeds)
    with open(store + ".new", "wb") as stream:
        marshal.dump(codes, stream)
    os.rename(store + ".new", store)
# No loop of our own, which would be recorded in place of the programs'.
any(map(execute, [seed for seed in seeds if str(seed) not in without]))
