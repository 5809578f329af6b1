"""Annotations under conditions, in classes inside classes and functions."""

import ast

SOURCE = """
class Outer:
    "outer"
    class Inner:
        "inner"
        always: int
        if True:
            chosen: str
        else:
            other: str
        half = -7.5 // -2
        def name(self):
            return __class__.__qualname__

    def make():
        class Made:
            for i in range(2):
                with_loop: list
            while False:
                never: list
            try:
                tried: dict
            except KeyError:
                caught: dict
            match 3:
                case 3:
                    matched: set
                case 4:
                    unmatched: set
            class Deep:
                if True:
                    deep: bytes
        return Made

    class Empty:
        if False:
            nothing: int

    class Plain:
        x: int = 1


def function():
    class Local:
        if True:
            x: int
        class Inner:
            if True:
                y: int
    return Local


def show(of):
    return {name: getattr(kind, "__name__", kind) for name, kind in of.__annotations__.items()}


for shown in Outer.Inner, Outer.make(), Outer.make().Deep, Outer.Empty, Outer.Plain, Outer, function(), function().Inner:
    print(shown.__qualname__, show(shown), shown.__doc__, "__conditional_annotations__" in vars(shown))
print(Outer.Inner().name(), Outer.Inner.half)
"""

for future in "", "from __future__ import annotations\n":
    exec(future + SOURCE, {})
    exec(compile(ast.parse(future + SOURCE), "<tree>", "exec"), {})
