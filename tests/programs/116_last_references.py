# References that end together: where one object's end is another's last reference, or two of them are to one object, it ends at once.
import gc

gc.disable()
ended = 0


class Counted:
    def __del__(self):
        global ended
        ended += 1


def contained(many):
    holder = list(())
    item = many.pop()
    holder.append(item)
    return 1


def twice(many):
    first = many.pop()
    second = first
    return 1


def take(many, box):
    item = many.pop()
    box[0] = item
    return item


def empty(box):
    item = box[0]
    box[0] = None
    return item


def two_ways(many):
    box = [None]
    first = take(many, box)
    second = empty(box)
    return 1


def now_and_then(many, box):
    first = take(many, box)
    second = empty(box) if len(many) % 3 else many[0]
    box[0] = None
    return 1


def compared(many):
    item = many.pop()
    return item is item


def paired(many):
    pairs = enumerate(iter([many.pop(), many.pop()]), 1000)
    total = 0
    for _, pair in zip(range(2), pairs):
        total += pair[0]
    return total


def attributes(many):
    class_ = Holder()
    class_.item = item = many.pop()
    return getattr(class_, "item") is item


class Holder:
    pass


def run(function, count, *rest):
    global ended
    ended = 0
    many = [Counted() for _ in range(count)]
    while len(many) > 1:
        function(many, *rest)
    left = len(many)
    return ended + left == count


for function in (contained, twice, two_ways, compared, paired, attributes):
    print(function.__name__, run(function, 2000))
print("now_and_then", run(now_and_then, 2000, [None]))
