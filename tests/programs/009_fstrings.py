# f-strings: expressions, nesting, conversions, format specs, debugging, quotes.
name, n, x = "World", 42, 3.14159
items = [1, 2, 3]
table = {"key": "value", "n": 5}
print(f"Hello {name}", f"{n}{n}", f"{{}} {{{n}}}", f"", f"{n + 1} {n * 2:>6} {x:.2f} {n:#x} {x:10.3e}|")
print(f"{name!r} {name!s:>8} {name!a} {'é'!a}", f"{n=}", f"{n = }", f"{n + 1 = :>5}", f"{name=!s}", f"{name=:>8}",
    f"{x=:.1f}")
print(f"{items[0]} {items[-1]} {table['key']} {table["n"]} {len(items)} {[i * 2 for i in items]} { {1: 2}[1] } {(lambda v: v + 1)(5)}")
print(f"{'nested ' + f'{n} {f"{x:.1f}"}'}", f"{n:{'>'}{8}}|{x:{6}.{2}f}|{n:{'0' + str(6)}d}")
print(f"{n if n > 10 else 'small'} {n > 10} {not n} {n == 42 and 'yes'} {-n} {n ** 2 % 7}")
print(f"{name:^{len(name) + 4}}|{name:*<10}|{name:.3}|{name[1:3]}|{name[::-1]}")
print(f"""multi {n}
line {name
}""", f'{n}' f"{x:.0f}" "plain{n}" f"{name}", rf"\d{n}\n", f"\t|\x41{n}\u00e9")
print(f"{'a' 'b'} {'\n'.join(['x', 'y'])!r} {"quotes 'inside'"} {'"'}")
print(f"{n:,} {10 ** 9:_} {1e10:g} {0.5:%} {255:b} {True:d} {None} {b'x'} {3 + 4j} {...}")
print(f"{(y := 5)} {y}", f"{n!r:^8}|", f"{n:=+8}", f"{'x':{'*'}^{5}}")
print(f"{[f'{a}{b}' for a in 'xy' for b in 'z1']}", f"{ {k: v for k, v in table.items()} }", f"{*items, 4}",
    f"{items[0]:{items[2]}}")


class Spec:
    def __format__(self, spec):
        return f"<{spec}>"

    def __repr__(self):
        return "R"

    def __str__(self):
        return "S"


s = Spec()
print(f"{s} {s:abc} {s:a{n}b} {s!r} {s!s:>3} {s=} {s=:q}")
print(f"{s:%H:%M} {s:a:b} {s: } {s:!r}")


def greet(who, times=2):
    return f"{'Hi ' * times}{who}" + f"{'!' * times}"


print(greet("Ann"), greet(who="Bob", times=1), [greet(w) for w in ("x", "y")])
print("".join(f"{i:02}" for i in range(12)), f"{sum(i for i in range(5))}")
print(f"{'' or 'default'} {'yes' if items else 'no'} {items and items[0]}")
width, precision = 10, 4
print(f"{x:{width}.{precision}}|{x:<{width}.{precision}f}|{'r':>{width}}|{x!r:.{precision}}")
for value in (1, -1, 1.5, "s", [1], None, True):
    print(f"{value!s:>6}|{value!r:<6}|", end="")
print()
try:
    f"{undefined_name}"
except NameError as e:
    print("NameError:", e)
try:
    f"{1:q}"
except ValueError as e:
    print("ValueError:", e)
print(f"{n!r}" == repr(n), f"{x}" == str(x), f"{'a'}{1}{2.0}" == "a12.0")
log = []


def note(v):
    log.append(v)
    return v


f"{note(1)} {note(2):{note(3)}} {note(4)!r}"
print(log)
