"""The Mandelbrot set, once with pairs of floats and once with complex numbers."""

SIZE = 110
CHECK = {
    5: ((4, 411), 2),
    110: ((3189, 241713), 800),
}
LIMIT = 60


def with_floats(n):
    inside = 0
    total = 0
    for row in range(n):
        ci = 2.0 * row / n - 1.0
        for column in range(n):
            cr = 3.0 * column / n - 2.0
            zr = zi = 0.0
            steps = 0
            while steps < LIMIT and zr * zr + zi * zi <= 4.0:
                zr, zi = zr * zr - zi * zi + cr, 2.0 * zr * zi + ci
                steps += 1
            total += steps
            if steps == LIMIT:
                inside += 1
    return inside, total


def with_complex(n):
    inside = 0
    for row in range(n):
        for column in range(n):
            c = complex(3.0 * column / n - 2.0, 2.0 * row / n - 1.0)
            z = 0j
            for _ in range(LIMIT):
                z = z * z + c
                if abs(z) > 2.0:
                    break
            else:
                inside += 1
    return inside


def run(n):
    return with_floats(n), with_complex(n // 2)


if __name__ == "__main__":
    from driver import main
    main(globals())
