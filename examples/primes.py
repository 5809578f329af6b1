"""Prime numbers by generators: an endless sieve, twins, gaps, and factors.

    rpy examples/primes.py [COUNT]
"""

import sys
from itertools import count, islice, takewhile


def primes():
    """All primes, for ever. Each composite found so far waits under its number, with the step that leads to the next."""
    waiting = {}
    yield 2
    for number in count(3, 2):
        step = waiting.pop(number, None)
        if step is None:
            waiting[number * number] = 2 * number
            yield number
        else:
            following = number + step
            while following in waiting:
                following += step
            waiting[following] = step


def pairs(items):
    """Neighbours: (a, b), (b, c), ..."""
    iterator = iter(items)
    before = next(iterator)
    for item in iterator:
        yield before, item
        before = item


def factors(number):
    """The prime factors of a number, the smallest first."""
    for prime in takewhile(lambda p: p * p <= number, primes()):
        while number % prime == 0:
            yield prime
            number //= prime
    if number > 1:
        yield number


def main(arguments):
    amount = int(arguments[0]) if arguments else 1000
    found = list(islice(primes(), amount))
    print(f"the first {amount} primes end with", ", ".join(map(str, found[-5:])))
    print("their sum is", sum(found))

    twins = [(a, b) for a, b in pairs(found) if b - a == 2]
    print(f"{len(twins)} pairs of twins, the last are {twins[-1]}")

    widest = max(pairs(found), key=lambda pair: pair[1] - pair[0])
    print(f"the widest gap lies between {widest[0]} and {widest[1]}")

    endings = {digit: sum(1 for p in found if p % 10 == digit) for digit in (1, 3, 7, 9)}
    print("last digits:", ", ".join(f"{digit}: {times}" for digit, times in endings.items()))

    for number in (360, 1001, 65537, 600851475143, 2 ** 31 - 1):
        print(f"{number} = {' * '.join(map(str, factors(number)))}")


if __name__ == "__main__":
    main(sys.argv[1:])
