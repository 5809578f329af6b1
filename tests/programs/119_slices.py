"""`a[i:j]` of the built-in sequences with bounds of all kinds, and assignments to slices of lists."""


class Index:
    def __init__(self, value):
        self.value = value

    def __index__(self):
        return self.value


class Items(list):
    def __getitem__(self, key):
        return "items", key

    def __setitem__(self, key, value):
        print("set", key, value)


class Text(str):
    def __getitem__(self, key):
        return "text", key


BOUNDS = [None, 0, 1, -1, 3, -3, 5, 6, -6, 99, -99, True, 10**30, -(10**30), Index(2), Index(-(10**30))]
SEQUENCES = [[1, 2, 3, 4, 5], (1, 2, 3, 4, 5), "abcde", "aé€😀z", b"abcde", bytearray(b"abcde"), range(5), [], (), "", b""]


def part(sequence, start, stop):
    return sequence[start:stop]


for sequence in SEQUENCES:
    total = 0
    for start in BOUNDS:
        for stop in BOUNDS:
            got = part(sequence, start, stop)
            assert got == sequence[slice(start, stop)] and type(got) is type(sequence), (sequence, start, stop)
            total = total * 3 + len(got) & 0xFFFFFFFF
    print(type(sequence).__name__, total, part(sequence, 1, None), part(sequence, None, -1))

whole = (1, 2, 3)
print(part(whole, None, None) is whole, part(b"whole", 0, 5) == b"whole", part(whole, 2, 1))
copied = [1, 2, 3]
print(part(copied, None, None) is copied, part(Items([1, 2]), 0, 1), part(Text("ab"), None, 1))

for bad in 1.5, "1", [], 1j:
    for sequence in [1], (1,), "1", b"1":
        try:
            part(sequence, bad, None)
        except TypeError as error:
            print(error)


def put(target, start, stop, value):
    target[start:stop] = value
    return target


for start in BOUNDS:
    for stop in None, 0, 2, -1, 9, Index(3):
        for value in [], [7], "xyz", (8, 9), range(20):
            one, other = [1, 2, 3, 4, 5], [1, 2, 3, 4, 5]
            other[slice(start, stop)] = value
            assert put(one, start, stop, value) == other, (start, stop, value)
print(put([1, 2, 3], 1, 2, "ab"), put([1, 2, 3], 2, 1, (7,)), put([1, 2], None, None, []))
itself = [1, 2, 3]
print(put(itself, 1, 2, itself), put(Items([1]), 0, 1, [2]))
for bad in 5, None:
    try:
        put([1], 0, 1, bad)
    except TypeError as error:
        print(error)
try:
    put((1, 2), 0, 1, [1])
except TypeError as error:
    print(error)


class Last:
    """It looks at the list when it goes."""

    def __init__(self, home):
        self.home = home

    def __del__(self):
        print("gone", len(self.home))


home = [1, 2, 3]
home[1] = Last(home)
put(home, 1, 2, [5, 6, 7])
