"""Numerical loops over floats: integration, a pendulum, Newton's method, Monte Carlo, polynomials, statistics."""

import math

SIZE = 40000
CHECK = {
    2000: (1.52379334, 2, 1878.342075, 1581, 316.354292, 49.95, 28.86749903),
    40000: (1.52379339, 37, 168622.978538, 31363, 6333.02084, 49.95, 28.86749903),
}


def integrate(function, low, high, steps):
    width = (high - low) / steps
    total = 0.5 * (function(low) + function(high))
    for i in range(1, steps):
        total += function(low + i * width)
    return total * width


def pendulum(steps):
    angle, speed, step = 1.0, 0.0, 0.001
    crossings = 0
    for _ in range(steps):
        before = angle
        speed -= 9.81 * math.sin(angle) * step
        angle += speed * step
        if before * angle < 0.0:
            crossings += 1
    return crossings


def newton(count):
    total = 0.0
    for i in range(1, count):
        x = float(i)
        for _ in range(20):
            following = 0.5 * (x + i / x)
            if abs(following - x) < 1e-12:
                break
            x = following
        total += x
    return total


def inside_circle(count):
    seed = 1
    hits = 0
    for _ in range(count):
        seed = seed * 16807 % 2147483647
        x = seed / 2147483647
        seed = seed * 16807 % 2147483647
        y = seed / 2147483647
        if x * x + y * y <= 1.0:
            hits += 1
    return hits


def horner(count):
    coefficients = [1.0, -0.5, 0.25, -0.125, 0.0625]
    total = 0.0
    for i in range(count):
        x = i / count
        value = 0.0
        for coefficient in coefficients:
            value = value * x + coefficient
        total += value
    return total


def spread(count):
    mean = m2 = 0.0
    for i in range(1, count + 1):
        delta = (i * 7919 % 1000) / 10.0 - mean
        mean += delta / i
        m2 += delta * ((i * 7919 % 1000) / 10.0 - mean)
    return mean, math.sqrt(m2 / count)


def run(n):
    mean, deviation = spread(n)
    area = integrate(lambda x: x * x * math.exp(-x), 0.0, 4.0, n)
    return (round(area, 8), pendulum(n), round(newton(n // 10), 6), inside_circle(n), round(horner(n), 6),
            round(mean, 8), round(deviation, 8))


if __name__ == "__main__":
    from driver import main
    main(globals())
