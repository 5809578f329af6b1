"""Sorting: three algorithms written out, and the built-in sort with and without a key."""

SIZE = 8000
CHECK = {
    400: ([True, True, True], 16523900, 451499, 'ff1123', '10896', 2694509.333333),
    8000: ([True, True, True], 16559800, 144699, 'fffc5f', '100a14', 2821682.666667),
}


def shuffled(n):
    value = 7
    items = []
    for _ in range(n):
        value = (value * 1664525 + 1013904223) % 4294967296
        items.append(value >> 8)
    return items


def quicksort(items):
    stack = [(0, len(items) - 1)]
    while stack:
        low, high = stack.pop()
        if high - low < 8:
            for i in range(low + 1, high + 1):
                item = items[i]
                j = i - 1
                while j >= low and items[j] > item:
                    items[j + 1] = items[j]
                    j -= 1
                items[j + 1] = item
            continue
        pivot = items[(low + high) // 2]
        i, j = low, high
        while i <= j:
            while items[i] < pivot:
                i += 1
            while items[j] > pivot:
                j -= 1
            if i <= j:
                items[i], items[j] = items[j], items[i]
                i += 1
                j -= 1
        stack.append((low, j))
        stack.append((i, high))
    return items


def mergesort(items):
    if len(items) < 2:
        return items
    middle = len(items) // 2
    left, right = mergesort(items[:middle]), mergesort(items[middle:])
    merged = []
    i = j = 0
    while i < len(left) and j < len(right):
        if left[i] <= right[j]:
            merged.append(left[i])
            i += 1
        else:
            merged.append(right[j])
            j += 1
    merged.extend(left[i:])
    merged.extend(right[j:])
    return merged


def heapsort(items):
    def sink(root, end):
        while 2 * root + 1 < end:
            child = 2 * root + 1
            if child + 1 < end and items[child] < items[child + 1]:
                child += 1
            if items[root] >= items[child]:
                return
            items[root], items[child] = items[child], items[root]
            root = child

    for root in range(len(items) // 2 - 1, -1, -1):
        sink(root, len(items))
    for end in range(len(items) - 1, 0, -1):
        items[0], items[end] = items[end], items[0]
        sink(0, end)
    return items


def run(n):
    items = shuffled(n)
    expected = sorted(items)
    good = [sort(items[:]) == expected for sort in (quicksort, mergesort, heapsort)]
    by_digits = sorted(items, key=lambda item: (item % 100, -item))
    words = sorted(["%x" % item for item in items], key=str.swapcase, reverse=True)
    floats = sorted(item / 3 for item in items)
    return good, by_digits[0], by_digits[-1], words[0], words[-1], round(floats[n // 2], 6)


if __name__ == "__main__":
    from driver import main
    main(globals())
