"""Code objects without instructions: what extensions make to be shown in tracebacks."""

import types

empty = types.CodeType(0, 0, 0, 0, 0, 0, b"", (), (), (), "file", "name", "qualified", 5, b"", b"")
print(empty.co_code, list(empty.co_lines()), list(empty.co_positions()), empty.co_firstlineno, empty == empty.replace())
print(empty.replace(co_name="other").co_name, empty == empty.replace(co_name="other"))
try:
    types.CodeType(0, 0, 0, 0, 0, 0, b"a", (), (), (), "file", "name", "qualified", 5, b"", b"")
except ValueError as error:
    print(error)
