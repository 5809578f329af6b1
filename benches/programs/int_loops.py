"""Plain integer loops: Collatz, greatest common divisors, digit sums, bit tricks, perfect numbers."""

SIZE = 4000
CHECK = {
    200: ((171, 124), 41, 10000, (6313, 42297), [6, 28]),
    4000: ((3711, 237), 18923, 282000, (128559, 64770), [6, 28, 496]),
}


def collatz(limit):
    longest = best = 0
    for start in range(1, limit):
        number, steps = start, 0
        while number != 1:
            number = number // 2 if number % 2 == 0 else 3 * number + 1
            steps += 1
        if steps > longest:
            longest, best = steps, start
    return best, longest


def coprime_pairs(limit):
    count = 0
    for a in range(1, limit):
        for b in range(1, a):
            x, y = a, b
            while y:
                x, y = y, x % y
            count += x == 1
    return count


def digit_sums(limit):
    total = 0
    for number in range(limit):
        while number:
            total += number % 10
            number //= 10
    return total


def bits(limit):
    total = 0
    state = 0xACE1
    for _ in range(limit):
        bit = (state ^ (state >> 2) ^ (state >> 3) ^ (state >> 5)) & 1
        state = (state >> 1) | (bit << 15)
        total += bin(state).count("1")
    return total, state


def perfect(limit):
    found = []
    for number in range(2, limit):
        total = 1
        divisor = 2
        while divisor * divisor <= number:
            if number % divisor == 0:
                total += divisor
                if divisor * divisor != number:
                    total += number // divisor
            divisor += 1
        if total == number:
            found.append(number)
    return found


def run(n):
    return collatz(n), coprime_pairs(n // 16), digit_sums(n * 4), bits(n * 4), perfect(n // 2)


if __name__ == "__main__":
    from driver import main
    main(globals())
