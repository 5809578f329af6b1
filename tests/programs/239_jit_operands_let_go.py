"""The operands of operators and comparisons let go of from left to right, also in hot loops and behind special methods."""

import collections

order = []


class Plain:
    def __init__(self, number):
        self.number = number

    def __del__(self):
        order.append(self.number)


class Special(Plain):
    def __eq__(self, other):
        return True

    def __add__(self, other):
        return 5

    def __contains__(self, item):
        return True


def plain():
    Plain(1) is Plain(2)
    Plain(3) == Plain(4)
    Plain(5) != Plain(6)
    Plain(7) in [Plain(8)]
    Plain(9) in (Plain(10), 11)
    Plain(12) in {Plain(13): 1}


def special():
    Special(1) == Special(2)
    Special(3) + Special(4)
    Plain(5) in Special(6)
    Special(7) is Special(8)


def orders(function):
    found = collections.Counter()
    for _ in range(2000):
        function()
        found[tuple(order)] += 1
        order.clear()
    return dict(found)


print(orders(plain))
print(orders(special))
