"""Prime numbers in three ways: a list of flags, slice assignment on a bytearray, and trial division."""

SIZE = 200000
CHECK = {
    10000: (1229, 9973, 736381, 1229, 367),
    200000: (17984, 199999, 595686, 17984, 5133),
}


def with_list(limit):
    composite = [False] * (limit + 1)
    primes = []
    for number in range(2, limit + 1):
        if not composite[number]:
            primes.append(number)
            for multiple in range(number * number, limit + 1, number):
                composite[multiple] = True
    return primes


def with_bytearray(limit):
    flags = bytearray([1]) * (limit + 1)
    flags[0] = flags[1] = 0
    number = 2
    while number * number <= limit:
        if flags[number]:
            flags[number * number::number] = bytes(len(range(number * number, limit + 1, number)))
        number += 1
    return sum(flags)


def by_division(limit):
    primes = [2]
    candidate = 3
    while candidate <= limit:
        for prime in primes:
            if prime * prime > candidate:
                primes.append(candidate)
                break
            if candidate % prime == 0:
                break
        candidate += 2
    return len(primes)


def run(n):
    primes = with_list(n)
    return len(primes), primes[-1], sum(primes) % 1000003, with_bytearray(n), by_division(n // 4)


if __name__ == "__main__":
    from driver import main
    main(globals())
