# Literals, print, and the simplest expressions: what an interpreter can do first.
print("hello")
print(1, 2, 3)
print()
print("a", "b", sep="-", end="!\n")
print(1 + 2, 7 - 10, 6 * 7, 7 // 2, 7 % 3, 2 ** 10, -7 // 2, -7 % 3)
print(1.5, 1e100, 0.1 + 0.2, 7 / 2, -0.0)
print(True, False, None)
print('single', "double", """triple
line""", r"raw\n", "tab\tquote\"s", 'it\'s')
print("joined " "literals", "a" + "b", "ab" * 3)
print([1, 2, [3]], (1,), (1, 2), {"a": 1}, {5}, ())
print(1 < 2, 2 <= 1, 3 == 3.0, 3 != 3, "a" < "b", 1 < 2 < 3, 1 < 3 < 2)
print(not True, True and False, True or False, 0 or "x", 1 and "y", None or 0)
print(5 & 3, 5 | 3, 5 ^ 3, ~5, 1 << 8, 255 >> 4)
x = 10
y = x
x += 5
print(x, y)
x -= 1
x *= 3
x //= 4
x %= 7
x **= 2
x <<= 3
x |= 1
x ^= 3
x &= 0xFF
x >>= 1
print(x)
a = b = c = 7
print(a, b, c)
a, b = b + 1, a - 1
print(a, b)
print(0x1F, 0o17, 0b101, 1_000_000, 1e3, 1_0.5, 3j)
print(len("four"), len([1, 2]), abs(-3), min(3, 1, 2), max([4, 9, 2]))
print(int("42"), float("2.5"), str(17), bool([]), bool("0"))
print("x" if x > 3 else "y")
print(None is None, [] is [], 1 in [1, 2], 3 not in (1, 2), "el" in "hello")
print(repr("a'b"), repr('a"b'), repr("a'\"b"), repr("\n\t\\"))
print(..., NotImplemented)
