"""Loops that run often enough to be compiled, and then meet something else."""


def unbound(n):
    # A local that is bound in most rounds, unbound at the beginning of a later call.
    total = 0
    for i in range(n):
        if i % 2:
            text = "x" * (i % 3)
            total += len(text)
        else:
            text = "y"
    return total


print(unbound(400), unbound(3), unbound(400))


def pairs(items):
    # Both stores of a pair, with the second local's old value changing its type.
    seen = []
    for name, value in items:
        if name > "k":
            seen.append(value)
    return seen


table = {chr(97 + i % 26) + str(i): i if i % 7 else float(i) for i in range(500)}
print(len(pairs(table.items())), sum(pairs(table.items())))


class Account:
    def __init__(self, balance):
        self._balance = balance

    @property
    def balance(self):
        return self._balance

    def __getitem__(self, k):
        return self._balance + k


def through_property(n):
    account = Account(10)
    total = 0
    for i in range(n):
        total += account.balance + account[i]
        if i == n // 2:
            Account.balance = property(lambda self: self._balance * 2)
        if i == n - 10:
            account = Account(2.5)
    Account.balance = property(lambda self: self._balance)
    return total


print(through_property(600), through_property(600))

ended = []


class Ends:
    def __init__(self, n):
        self.n = n

    def __del__(self):
        ended.append(self.n)


def destruction(n):
    # Objects end as soon as nothing refers to them, in compiled code too.
    log = []
    thing = Ends(-1)
    for i in range(n):
        thing = Ends(i)
        log.append(len(ended) - i)
    return set(log)


print(destruction(500), len(ended), ended[:3])


def overflow(n):
    x = 1
    for i in range(n):
        x = x * 3 + i
        if i % 100 == 99:
            x %= 10**12
    return x


print(overflow(1000))


def branches(n):
    counts = [0, 0, 0, 0]
    for i in range(n):
        if i % 3 == 0:
            counts[0] += 1
        elif i % 5 == 0:
            counts[1] += 1
        else:
            for j in range(i % 4):
                counts[2] += j
            counts[3] += 1
    return counts


print(branches(3000))


def raising(n):
    caught = 0
    for i in range(n):
        try:
            [1, 2, 3][i % 5]
        except IndexError as error:
            caught += len(error.args)
    return caught


print(raising(1000))


def redefined(n):
    global helper

    def first(x):
        return x + 1

    def second(x):
        return x * 2

    helper = first
    total = 0
    for i in range(n):
        total += helper(i)
        if i == n // 2:
            helper = second
        if i == n // 2 + n // 4:
            second.__code__ = first.__code__
    return total


print(redefined(2000))

try:
    total = 0
    for i in range(1000):
        total += 1000 // (700 - i)
except ZeroDivisionError as error:
    print(type(error).__name__, i, total)

grid = [[(x * y) % 7 for x in range(30)] for y in range(30)]
count = 0
for y in range(1, 29):
    for x in range(1, 29):
        if grid[y][x] > grid[y - 1][x] and grid[y][x] > grid[y][x + 1]:
            count += 1
        elif grid[y][x] == 0:
            break
print(count)


def generator(n):
    for i in range(n):
        yield i * i


def consume(n):
    total = 0
    for square in generator(n):
        total += square
        if square > 250000:
            break
    return total


print(consume(300), consume(800))


def deep(n):
    return 0 if n == 0 else 1 + deep(n - 1)


print([deep(k) for k in (5, 50, 300)], sum(deep(i % 7) for i in range(500)))


def words(lines):
    found = {}
    for line in lines:
        for word in line.split():
            if word.isalpha():
                found[word.lower()] = found.get(word.lower(), 0) + 1
    return sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))


print(words(["The quick brown fox", "jumps over 2 lazy dogs", "the end"] * 100))
