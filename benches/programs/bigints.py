"""Integers of many digits: digits of e, Fibonacci, factorials, modular powers, primality, gcd, radix conversion."""

SIZE = 900
CHECK = {
    40: ('260595630738', '985190398725', 389, 172, [1, 2, 5, 6, 8, 12, 18, 30, 36], [61, 89, 107, 127, 521],
         True, True, 726533),
    900: ('975712119561', '140258776000', 16864, 7509, [1, 2, 5, 6, 8, 12, 18, 30, 36],
          [61, 89, 107, 127, 521], True, True, 148936),
}


def digits_of_e(count):
    """The decimal digits of e by a spigot, with a fixed point of `count` digits and some spare ones."""
    unit = 10 ** (count + 10)
    total = term = unit
    k = 1
    while term:
        term //= k
        total += term
        k += 1
    return str(total)[:count]


def fibonacci(n):
    a, b = 0, 1
    for bit in bin(n)[2:]:
        a, b = a * (2 * b - a), a * a + b * b
        if bit == "1":
            a, b = b, a + b
    return a


def factorial(low, high):
    if high - low < 4:
        product = 1
        for factor in range(low, high):
            product *= factor
        return product
    middle = (low + high) // 2
    return factorial(low, middle) * factorial(middle, high)


def probably_prime(n):
    if n < 2 or n % 2 == 0:
        return n == 2
    odd, twos = n - 1, 0
    while odd % 2 == 0:
        odd //= 2
        twos += 1
    for base in (2, 3, 5, 7, 11, 13):
        if base % n == 0:
            continue
        value = pow(base, odd, n)
        if value in (1, n - 1):
            continue
        for _ in range(twos - 1):
            value = value * value % n
            if value == n - 1:
                break
        else:
            return False
    return True


def gcd(a, b):
    while b:
        a, b = b, a % b
    return a


def run(n):
    e = digits_of_e(n * 4)
    fib = fibonacci(n * 20)
    fact = factorial(1, n * 2)
    bits = 0
    value = fact
    while value:
        bits += value & 1
        value >>= 1
    primes = [k for k in range(40) if probably_prime(2 ** k * 3 + 1)]
    mersenne = [p for p in (61, 89, 107, 127, 521) if probably_prime(2 ** p - 1)]
    common = gcd(fibonacci(n * 6), fibonacci(n * 4)) == fibonacci(n * 2)
    hexed = int(hex(fib), 16) == fib and int(str(fib)) == fib
    return e[-12:], str(fib)[-12:], fact.bit_length(), bits, primes, mersenne, common, hexed, -fact // 7 % 1000003


if __name__ == "__main__":
    from driver import main
    main(globals())
