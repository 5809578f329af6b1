"""A deque that is rotated while it is iterated over has changed, also if nothing has moved."""

from collections import deque


def iterate(n, steps):
    items = deque(range(n))
    seen = 0
    try:
        for item in items:
            seen += 1
            if item == 1:
                items.rotate(steps)
    except RuntimeError as e:
        return seen, str(e)
    return seen


for n in 1, 2, 4:
    for steps in 0, 1, -1, n, -n:
        print(n, steps, iterate(n, steps))
items = deque([0])
for item in items:
    items.rotate(0)
    print(item)
