"""Planets pulling at each other: float arithmetic on attributes and short nested loops."""

SIZE = 8000
CHECK = {
    400: (-0.0044926319, -0.0044925757, -2.73455923),
    8000: (-0.0044926319, -0.0044925337, 0.33308336),
}

GRAVITY = 39.47841760435743


class Body:
    def __init__(self, mass, position, velocity):
        self.mass = mass
        self.x, self.y, self.z = position
        self.vx, self.vy, self.vz = velocity


def solar_system():
    """A star and four planets on made-up, nearly circular orbits (astronomical units, years, solar masses)."""
    bodies = [Body(1.0, (0.0, 0.0, 0.0), (0.0, 0.0, 0.0))]
    for mass, radius, tilt in ((1e-3, 5.2, 0.02), (3e-4, 9.6, 0.04), (4.4e-5, 19.2, 0.013), (5.2e-5, 30.1, 0.03)):
        speed = (GRAVITY / radius) ** 0.5
        bodies.append(Body(mass, (radius, 0.0, radius * tilt), (0.0, speed, 0.0)))
    return bodies


def advance(bodies, step, count):
    pairs = [(a, b) for i, a in enumerate(bodies) for b in bodies[i + 1:]]
    for _ in range(count):
        for a, b in pairs:
            dx = a.x - b.x
            dy = a.y - b.y
            dz = a.z - b.z
            square = dx * dx + dy * dy + dz * dz
            pull = GRAVITY * step / (square * square ** 0.5)
            to_a = b.mass * pull
            to_b = a.mass * pull
            a.vx -= dx * to_a
            a.vy -= dy * to_a
            a.vz -= dz * to_a
            b.vx += dx * to_b
            b.vy += dy * to_b
            b.vz += dz * to_b
        for body in bodies:
            body.x += step * body.vx
            body.y += step * body.vy
            body.z += step * body.vz


def energy(bodies):
    total = 0.0
    for i, a in enumerate(bodies):
        total += 0.5 * a.mass * (a.vx * a.vx + a.vy * a.vy + a.vz * a.vz)
        for b in bodies[i + 1:]:
            distance = ((a.x - b.x) ** 2 + (a.y - b.y) ** 2 + (a.z - b.z) ** 2) ** 0.5
            total -= GRAVITY * a.mass * b.mass / distance
    return total


def run(n):
    bodies = solar_system()
    before = energy(bodies)
    advance(bodies, 0.01, n)
    return round(before, 10), round(energy(bodies), 10), round(bodies[1].x, 8)


if __name__ == "__main__":
    from driver import main
    main(globals())
