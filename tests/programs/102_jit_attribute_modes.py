"""Instances of one class that keep their attributes in different ways: in place, in a dict, in a dict with unusual keys."""


class Stream:
    closed = False
    name = "none"

    def close(self):
        self.closed = True

    def check(self):
        if self.closed:
            raise ValueError("closed")
        return self.name


class Key(str):
    def __hash__(self):
        return hash("name")

    def __eq__(self, other):
        return str.__eq__(self, other)


def made(kind):
    stream = Stream()
    stream.number = kind
    if kind & 1:
        vars(stream)
    if kind & 2:
        stream.close()
    if kind & 4:
        vars(stream)[Key("name")] = "key"
    return stream


def checked(streams):
    texts, count = [], 0
    for stream in streams:
        try:
            texts.append(stream.check())
        except ValueError as error:
            texts.append(str(error))
        count += hasattr(stream, "size") + 2 * getattr(stream, "closed", 5)
    return " ".join(texts[::37]), count


# First only such as have nothing of their own in a dict; then others come along.
plain = [made(1)] * 300
for kind in range(8):
    print(kind, *checked(plain + [made(kind)] * 300))
print(*checked([made(i % 8) for i in range(600)]))


def walk(streams, depth):
    """The same in a function that recurses."""
    if depth == 0:
        return 0
    try:
        streams[depth % len(streams)].check()
    except ValueError:
        return 1 + walk(streams, depth - 1)
    return walk(streams, depth - 1)


for kinds in [1], [1, 2], [1, 2, 3, 6, 7], [0, 5, 2]:
    print(kinds, sum(walk([made(kind) for kind in kinds], 40) for _ in range(60)))
