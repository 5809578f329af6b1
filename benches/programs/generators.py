"""Generators: pipelines, recursion with `yield from`, sending values in, and expressions."""

SIZE = 15
CHECK = {
    6: (6477609978, 85344, 31.5, 2016, 29, 21060),
    15: (241757494932695850418170, 11727587164160, 16383.5, 536854528, 12747, 876480),
}


def counting(limit):
    number = 0
    while number < limit:
        yield number
        number += 1


def mapped(function, source):
    for item in source:
        yield function(item)


def filtered(test, source):
    for item in source:
        if test(item):
            yield item


def windows(source, size):
    held = []
    for item in source:
        held.append(item)
        if len(held) == size:
            yield tuple(held)
            del held[0]


class Tree:
    def __init__(self, low, high):
        middle = (low + high) // 2
        self.value = middle
        self.left = Tree(low, middle) if low < middle else None
        self.right = Tree(middle + 1, high) if middle + 1 < high else None

    def __iter__(self):
        if self.left is not None:
            yield from self.left
        yield self.value
        if self.right is not None:
            yield from self.right


def averager():
    total = count = 0
    average = None
    while True:
        value = yield average
        if value is None:
            return total
        total += value
        count += 1
        average = total / count


def hanoi(count, source, target, spare):
    if count:
        yield from hanoi(count - 1, source, spare, target)
        yield source, target
        yield from hanoi(count - 1, spare, target, source)


def run(n):
    size = 1 << n
    pipeline = windows(filtered(lambda x: x % 3, mapped(lambda x: x * x + 1, counting(size * 2))), 3)
    first = sum(a * c - b for a, b, c in pipeline)
    second = sum(i * value for i, value in enumerate(Tree(0, size)))
    machine = averager()
    next(machine)
    for i in range(size):
        last = machine.send(i)
    try:
        machine.send(None)
    except StopIteration as stop:
        total = stop.value
    moves = sum(1 for source, target in hanoi(n - 1, "a", "b", "c") if source != "b" or target == "c")
    nested = sum(x * y for x in range(n * 4) for y in range(n * 3) if (x + y) % 2)
    return first, second, last, total, moves, nested


if __name__ == "__main__":
    from driver import main
    main(globals())
