"""`copy` of a bound method: that of a derived class calls the class, whose `__init__` may look at frames."""

import collections
import sys


class Caller:
    """Notes the function, and how many variables it has, in which an instance is made."""

    def __init__(self, *args, **named):
        frame = sys._getframe(1)
        self.caller = frame.f_code.co_name, sorted(frame.f_locals)
        super().__init__(*args, **named)


class Queue(Caller, collections.deque):
    pass


class Defaults(Caller, collections.defaultdict):
    pass


class Ordered(Caller, collections.OrderedDict):
    pass


def copy(by, number):
    double = number * 2
    made = by()
    return made.caller, double


def work(thing):
    by, total, callers = thing.copy, 0, collections.Counter()
    for i in range(2000):
        (name, variables), double = copy(by, i)
        total += double
        callers[name, *variables] += 1
    return total, dict(callers)


def here(thing):
    by, names = thing.copy, collections.Counter()
    for i in range(2000):
        names[by().caller[0]] += 1
    return dict(names)


for thing in Queue([1, 2]), Defaults(int, {1: 2}), Ordered({1: 2}):
    print(type(thing).__name__, work(thing), here(thing))
