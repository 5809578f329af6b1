"""Where keys lie in sets: places of keys that were removed are used again, so that sets with one history show their elements in one order."""

import zlib

KEYS = [0, 1, 2, 3, 5, 8, 9, 10, 16, 17, 64, 2.0, True, -2, -3, 1 << 40, 1 << 70, (1, 2)]


def history(seed, steps):
    """The states of a set, to which random things happen."""
    state, keys = seed * 2654435761 % 2**32, {1, 2, 3} if seed % 2 else set()
    for _ in range(steps):
        state = (state * 1103515245 + 12345) % 2**31
        key, what = KEYS[state // 7 % len(KEYS)], state // 999 % 7
        if what < 3:
            keys.add(key)
        elif what < 5:
            keys.discard(key)
        elif what == 5:
            keys |= {key, 33}
        elif keys:
            keys ^= {key}
        yield repr(list(keys))


for steps in 10, 40, 200:
    print(steps, zlib.crc32("\n".join(text for seed in range(200) for text in history(seed, steps)).encode()))

churned = set()
for i in range(1000):
    churned.add(i)
    churned.discard(i)
print(len(churned), churned.__sizeof__())
