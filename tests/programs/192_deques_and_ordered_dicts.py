"""Subclasses of deque and OrderedDict that iterate in ways of their own; the names of iterators."""

import collections
import pickle


class Twice(collections.deque):
    def __iter__(self):
        return iter([item for item in collections.deque(self.raw()) for _ in range(2)])

    def raw(self):
        return [self[i] for i in range(len(self))]


items = Twice()
items.append(1)
items.append(2)
items.extend(items)
print(items.raw())
items.extendleft(items)
print(items.raw())
items += items
print(len(items))


class Growing(collections.deque):
    def __iter__(self):
        self.append(1)
        return iter([1, 2])


items = Growing([1])
items.extend(items)
print(len(items))

items = collections.deque([1, 2])
items.extend(items)
items.extendleft(items)
items += items
print(items)


class Clearing:
    def __eq__(self, other):
        items.clear()
        return False


items = collections.deque([1, Clearing(), 2])
try:
    items.remove(9)
except IndexError as error:
    print(error)

for iterator in iter(items), reversed(items):
    print(type(iterator))
    try:
        print(next(pickle.loads(pickle.dumps(iterator)), None))
    except pickle.PicklingError:
        print("cannot be pickled")


class Unlike(collections.OrderedDict):
    def items(self):
        return 5


class Other(Unlike):
    def __iter__(self):
        return iter("no")

    def keys(self):
        return "k"

    def __getitem__(self, key):
        return 9


for ty in Unlike, Other:
    value = ty(a=1, b=2)
    value.move_to_end("a")
    print(value)
