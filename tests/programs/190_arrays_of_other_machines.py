"""Pickles of arrays in each machine's format, for arrays of each type; an array that changes while an index is asked for."""

import array
import warnings

warnings.simplefilter("ignore")
DATA = [b"", b"\0" * 8, b"\xff" * 8, bytes(range(0x30, 0x40)), b"\x01\x02\x03"]


def shown(value):
    return [value.typecode, value.tolist()]


for code in "bBuwhHiIlLqQfd":
    for form in range(-1, 23):
        found = []
        for data in DATA:
            try:
                found.append(shown(array._array_reconstructor(array.array, code, form, data)))
            except Exception as error:
                found.append(type(error).__name__)
        print(code, form, *found)


class Item:
    def __init__(self, action, value):
        self.action = action
        self.value = value

    def __index__(self):
        self.action()
        return self.value


items = array.array("i", range(5))
items[Item(lambda: items.extend([8, 9]), -1)] = 3
print(items)
