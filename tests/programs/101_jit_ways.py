"""Functions whose loops go another way each time: they are called from compiled code, not followed."""


class Square:
    def __init__(self, pos):
        self.pos = pos
        self.color = pos * 7 % 3
        self.around = []

    def find(self, depth):
        if depth and self.around:
            return self.around[depth % len(self.around)].find(depth - 1)
        return self


class Board:
    def __init__(self, size):
        self.squares = [Square(i) for i in range(size * size)]
        for square in self.squares:
            x, y = square.pos % size, square.pos // size
            for dx, dy in [(-1, 0), (1, 0), (0, -1), (0, 1)]:
                if 0 <= x + dx < size and 0 <= y + dy < size:
                    square.around.append(self.squares[(y + dy) * size + x + dx])

    def ways(self, square, color):
        empty = same = other = 0
        for neighbour in square.around:
            if neighbour.color == 0:
                empty += 1
                continue
            reference = neighbour.find(neighbour.pos % 4)
            if reference.color == color:
                same += 1
            elif reference.pos & 1:
                other += 2
            else:
                other += 1
        return empty * 100 + same * 10 + other

    def first(self, square, color):
        for neighbour in square.around:
            if neighbour.color == color:
                return neighbour
        return None

    def total(self, rounds):
        total = 0
        for i in range(rounds):
            square = self.squares[i * 31 % len(self.squares)]
            total += self.ways(square, i % 3)
            found = self.first(square, i % 3)
            if found is not None:
                total += found.pos
            square.color = (square.color + 1) % 3
        return total


def failing(items, where):
    total = 0
    for item in items:
        if item == where:
            raise ValueError(item, total)
        if item & 1:
            total += item
        else:
            total -= 1
    return total


def failures(rounds):
    seen = 0
    for i in range(rounds):
        try:
            seen += failing(range(i % 13), 11)
        except ValueError as error:
            seen += error.args[1]
    return seen


def defaults(items, step=1, *, last=0):
    total = last
    for item in items:
        if item % 3 == 0:
            total += step
        elif item % 3 == 1:
            total -= item
        else:
            total ^= item
    return total


def with_defaults(rounds):
    total = 0
    for i in range(rounds):
        total += defaults(range(i % 9))
        total += defaults([i, i + 1], 3)
        total += defaults((i,), last=i)
    return total


def pieces(items):
    for item in items:
        if item & 2:
            yield item
        elif item & 1:
            yield -item


def generated(rounds):
    return sum(sum(pieces(range(i % 7))) for i in range(rounds))


board = Board(9)
for _ in range(4):
    print(board.total(4000))
print(failures(4000), with_defaults(3000), generated(3000))
