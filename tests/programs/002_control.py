# if, while, for, break, continue, else, pass, nested loops.
def sign(n):
    if n > 0:
        return "positive"
    elif n < 0:
        return "negative"
    else:
        return "zero"


print(sign(3), sign(-3), sign(0))

i = 0
while i < 5:
    i += 1
    if i == 2:
        continue
    if i == 4:
        break
    print("while", i)
else:
    print("never")

while i < 6:
    i += 1
else:
    print("while ended without break", i)

for n in range(3):
    print("for", n)
else:
    print("for ended without break")

for n in range(10):
    if n == 3:
        break
else:
    print("never")
print("stopped at", n)

for a in range(3):
    for b in range(3):
        if b == a:
            break
        print(a, b, end="; ")
    else:
        print("inner ended", end="; ")
        continue
    print("inner broken", end="; ")
print()

for start, stop, step in ((0, 5, 1), (5, 0, -2), (0, 0, 1), (3, 10, 3), (-3, 3, 2)):
    print(list(range(start, stop, step)))

for x in [1, "two", 3.0, None, (4,)]:
    print(x, end=" ")
print()
for letter in "abc":
    print(letter, end=",")
print()
for i, letter in enumerate("xyz", 1):
    print(i, letter, end=" ")
print()
for a, b in zip([1, 2, 3], "ab"):
    print(a, b, end=" ")
print()
for key in {"one": 1, "two": 2}:
    print(key, end=" ")
print()
for (a, b), *rest in [((1, 2), 3, 4), ((5, 6),)]:
    print(a, b, rest)


def find(items, wanted):
    for i, item in enumerate(items):
        if item == wanted:
            return i
    return -1


print(find([3, 5, 7], 5), find([], 1))


def early():
    while True:
        for i in range(10):
            if i == 7:
                return i


print(early())

# The loop variable stays, and changing it changes nothing.
for i in range(3):
    i = i * 10
print(i)

# A list that grows while it is walked.
items = [1, 2, 3]
for item in items:
    if item < 4:
        items.append(item + 3)
print(items)

total = 0
for i in range(100000):
    if i % 3 == 0 or i % 5 == 0:
        total += i
print(total)

if None or [] or {} or "" or 0 or 0.0 or () or set():
    print("never")
if "0" and [0] and {0: 0} and -1 and 0.1:
    print("all true")

n = 27
steps = 0
while n != 1:
    n = n // 2 if n % 2 == 0 else 3 * n + 1
    steps += 1
print(steps)

assert True
try:
    assert 1 > 2, "the message"
except AssertionError as e:
    print("assertion:", e)
del n
try:
    n
except NameError as e:
    print("name error:", e)
pass
