"""A sun and its planets, moved step by step; energy and momentum show how well the steps keep the laws.

    rpy examples/planets.py [STEPS]
"""

import sys
from math import pi, sqrt

GRAVITY = 4 * pi * pi  # In astronomical units, years, and masses of the sun.


class Body:
    def __init__(self, name, mass, distance, angle_offset=0.0):
        self.name = name
        self.mass = mass
        self.place = [distance, 0.0, distance * angle_offset]
        self.speed = [0.0, sqrt(GRAVITY / distance) if distance else 0.0, 0.0]
        self.turns = 0

    def move(self, step):
        before = self.place[1]
        for axis in range(3):
            self.place[axis] += step * self.speed[axis]
        if before < 0 <= self.place[1]:
            self.turns += 1

    def __repr__(self):
        x, y, z = self.place
        return f"{self.name:<8} {x:10.5f} {y:10.5f} {z:10.5f}"


def system():
    bodies = [
        Body("Sun", 1.0, 0.0),
        Body("Earth", 3.0e-6, 1.0),
        Body("Mars", 3.2e-7, 1.52, 0.032),
        Body("Jupiter", 9.5e-4, 5.2, 0.023),
        Body("Saturn", 2.9e-4, 9.58, 0.043),
    ]
    # Let the whole stand still: the sun takes up what momentum the planets have.
    sun = bodies[0]
    for axis in range(3):
        sun.speed[axis] = -sum(body.mass * body.speed[axis] for body in bodies[1:]) / sun.mass
    return bodies


def attract(bodies, step):
    """Change all speeds by what each pair's attraction does in a step."""
    for i, first in enumerate(bodies):
        for second in bodies[i + 1:]:
            away = [a - b for a, b in zip(first.place, second.place)]
            square = sum(part * part for part in away)
            pull = GRAVITY * step / (square * sqrt(square))
            for axis in range(3):
                first.speed[axis] -= away[axis] * second.mass * pull
                second.speed[axis] += away[axis] * first.mass * pull


def energy(bodies):
    total = 0.0
    for i, first in enumerate(bodies):
        total += first.mass * sum(part * part for part in first.speed) / 2
        for second in bodies[i + 1:]:
            distance = sqrt(sum((a - b) ** 2 for a, b in zip(first.place, second.place)))
            total -= GRAVITY * first.mass * second.mass / distance
    return total


def momentum(bodies):
    return sqrt(sum(sum(body.mass * body.speed[axis] for body in bodies) ** 2 for axis in range(3)))


def main(arguments):
    steps = int(arguments[0]) if arguments else 4000
    step = 0.005
    bodies = system()
    start = energy(bodies)
    print(f"{'years':>6} {'energy':>14} {'drift':>10}")
    for number in range(steps + 1):
        if number % max(1, steps // 8) == 0:
            now = energy(bodies)
            print(f"{number * step:6.2f} {now:14.9f} {abs(now / start - 1):10.1e}")
        attract(bodies, step)
        for body in bodies:
            body.move(step)
    print()
    for body in bodies:
        print(body, f"  {body.turns} turns")
    print("momentum is nothing:", momentum(bodies) < 1e-12)


if __name__ == "__main__":
    main(sys.argv[1:])
