"""Making and dropping many small objects: binary trees of tuples and of instances."""

SIZE = 13
CHECK = {
    7: (255, 502, 255),
    13: (16383, 81238, 16383),
}


class Node:
    __slots__ = ("left", "right")

    def __init__(self, left, right):
        self.left = left
        self.right = right

    def count(self):
        if self.left is None:
            return 1
        return 1 + self.left.count() + self.right.count()


def grow(depth):
    if depth == 0:
        return Node(None, None)
    return Node(grow(depth - 1), grow(depth - 1))


def grow_tuples(depth):
    if depth == 0:
        return (None, None)
    return (grow_tuples(depth - 1), grow_tuples(depth - 1))


def count_tuples(tree):
    left, right = tree
    return 1 if left is None else 1 + count_tuples(left) + count_tuples(right)


def run(n):
    lasting = grow(n)
    total = 0
    for depth in range(4, n, 2):
        for _ in range(1 << (n - depth)):
            total += grow(depth).count()
    return lasting.count(), total, count_tuples(grow_tuples(n))


if __name__ == "__main__":
    from driver import main
    main(globals())
