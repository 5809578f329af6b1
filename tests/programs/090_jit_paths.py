"""Loops whose rounds differ: paths that leave a compiled loop and come back to it, with numbers, constants and objects in the
variables that the loop keeps in registers."""


def branches(n):
    x, y, flag, last = 0.0, 1.0, False, None
    for i in range(n):
        if i & 1:
            x = x + y * 0.5
        elif i % 3 == 0:
            x -= 0.25
            flag = i % 2 == 0
        else:
            y = y * 1.0001
            last = i
        if i % 50 == 49:
            flag = not flag
    return round(x, 6), round(y, 6), flag, last


def collatz(n):
    best = 0
    for i in range(1, n):
        k, steps = i, 0
        while k != 1:
            if k & 1:
                k = 3 * k + 1
            else:
                k //= 2
            steps += 1
        if steps > best:
            best = steps
    return best


def sieve(n):
    marks = [True] * (n + 1)
    found = []
    for i in range(2, n + 1):
        if marks[i]:
            found.append(i)
            for j in range(i * i, n + 1, i):
                marks[j] = False
    return len(found), found[-1]


def nested(n, m):
    total, parts = 0, []
    for i in range(n):
        part = 0.0
        for j in range(m):
            part += i * 0.5
            total += i ^ j
            if j == i:
                continue
            if j > i + 3:
                break
        parts.append(part)
    return total, sum(parts), len(parts)


def changing(n):
    """Variables that hold an int, a float, a string or nothing, by turns."""
    value, text, seen = 0, "", {}
    for i in range(n):
        if i % 11 == 0:
            value = "s%d" % (i % 5)
        elif i % 7 == 0:
            value = i * 0.5
        elif i % 13 == 0:
            value = None
        elif i % 17 == 0:
            value = [i]
        else:
            value = i
        kind = type(value).__name__
        seen[kind] = seen.get(kind, 0) + 1
        if i % 97 == 0:
            text += kind[0]
    return seen, text, value


def big(n):
    """Numbers that outgrow a machine word on some paths, and come back."""
    a, b, out = 1, 1, 0
    for i in range(n):
        if i % 100 == 99:
            a, b = 1, 1
            out ^= i
        else:
            a, b = b, a + b
    return a, b, out


def returning(items, limit):
    for i, item in enumerate(items):
        if item < 0:
            continue
        if item > limit:
            return i, item
    return None


def escaping(n):
    """A loop that is left by an exception, a return, a break, in the round that is recorded or later."""
    out = []
    for k in range(n):
        total = 0
        try:
            for i in range(k % 9):
                total += 10 // (6 - i)
                if total > 20 + k % 5:
                    break
            else:
                total = -total
        except ZeroDivisionError:
            total = 1000
        out.append(total)
    return sum(out), out[:12], out[-12:]


def unbound(n):
    """A variable that is not there in the first rounds."""
    total = 0
    for i in range(n):
        if i > n // 2:
            late = i * 2
        if i > n // 2 + 3:
            total += late
        if i == n - 5:
            del late
        if i > n - 5:
            try:
                total += late
            except UnboundLocalError:
                total += 1
            late = 3
    return total


class Node:
    def __init__(self, value, next):
        self.value = value
        self.next = next


def chain(n):
    head = None
    for i in range(n):
        head = Node(i if i % 3 else i * 0.5, head)
    total, count, node = 0, 0, head
    while node is not None:
        if node.value > 10 and count % 2:
            total += node.value
        else:
            total -= 1
        count += 1
        node = node.next
    return total, count


def collect(n):
    out = []
    for i in range(n):
        out.append(sum([j for j in range(i % 7) if j % 2]))
        out.append({j: j * 0.5 for j in range(i % 3)}.get(1, i))
    return out[:20], out[-6:]


print(branches(20000))
print(collatz(3000))
print(sieve(20000))
print(nested(300, 30))
print(nested(2000, 3))
print(changing(20000))
print(big(5000))
print(sum(returning(list(range(-5, k)), k - 3)[1] for k in range(4, 400)))
print(returning([1, 2, 3], 5))
print(escaping(4000))
print(unbound(3000))
print(chain(5000))
print(collect(3000))


class Doubling:
    def __init__(self, n):
        self.n = n

    def step(self, k):
        n = self.n * 2 - k
        return n if -(1 << 66) < n else n % 1000003


def doubled(n):
    box = Doubling(2)
    text = "abcxy"
    seen = []
    fives = 0
    for i in range(n):
        box.n = box.step(2147483647)
        if text[i % len(text)] != "b":
            if i % 5 == 0:
                fives += 1
        seen.append(box.n)
    return sum(seen), seen[-1], fives


print([doubled(n) for n in range(200, 330, 30)])
