"""A tiny ray tracer: many short-lived vector objects, operator overloading, dynamic dispatch, recursion."""

import math

SIZE = 64
CHECK = {
    6: 190292991,
    64: 567736052,
}


class Vec:
    __slots__ = ("x", "y", "z")

    def __init__(self, x, y, z):
        self.x = x
        self.y = y
        self.z = z

    def __add__(self, other):
        return Vec(self.x + other.x, self.y + other.y, self.z + other.z)

    def __sub__(self, other):
        return Vec(self.x - other.x, self.y - other.y, self.z - other.z)

    def __mul__(self, factor):
        return Vec(self.x * factor, self.y * factor, self.z * factor)

    __rmul__ = __mul__

    def __neg__(self):
        return Vec(-self.x, -self.y, -self.z)

    def dot(self, other):
        return self.x * other.x + self.y * other.y + self.z * other.z

    def unit(self):
        return self * (1.0 / math.sqrt(self.dot(self)))


class Sphere:
    def __init__(self, centre, radius, colour, mirror):
        self.centre = centre
        self.radius = radius
        self.colour = colour
        self.mirror = mirror

    def hit(self, origin, direction):
        away = origin - self.centre
        half = away.dot(direction)
        rest = half * half - away.dot(away) + self.radius * self.radius
        if rest < 0.0:
            return None
        root = math.sqrt(rest)
        for distance in (-half - root, -half + root):
            if distance > 1e-6:
                return distance
        return None

    def normal(self, point):
        return (point - self.centre).unit()

    def colour_at(self, point):
        return self.colour


class Floor:
    mirror = 0.1

    def hit(self, origin, direction):
        if direction.y >= -1e-9:
            return None
        distance = -origin.y / direction.y
        return distance if distance > 1e-6 else None

    def normal(self, point):
        return Vec(0.0, 1.0, 0.0)

    def colour_at(self, point):
        dark = (math.floor(point.x) + math.floor(point.z)) % 2
        return Vec(0.2, 0.2, 0.2) if dark else Vec(0.9, 0.9, 0.8)


class Scene:
    def __init__(self):
        self.things = [
            Floor(),
            Sphere(Vec(0.0, 1.0, 4.0), 1.0, Vec(0.9, 0.2, 0.2), 0.3),
            Sphere(Vec(-1.8, 0.7, 3.0), 0.7, Vec(0.2, 0.8, 0.3), 0.2),
            Sphere(Vec(1.7, 0.6, 2.6), 0.6, Vec(0.3, 0.4, 0.9), 0.6),
        ]
        self.lamp = Vec(-4.0, 6.0, -3.0)

    def nearest(self, origin, direction):
        best, found = None, None
        for thing in self.things:
            distance = thing.hit(origin, direction)
            if distance is not None and (best is None or distance < best):
                best, found = distance, thing
        return best, found

    def trace(self, origin, direction, depth):
        distance, thing = self.nearest(origin, direction)
        if thing is None:
            glow = 0.5 * (direction.y + 1.0)
            return Vec(1.0, 1.0, 1.0) * (1.0 - glow) + Vec(0.4, 0.6, 1.0) * glow
        point = origin + direction * distance
        normal = thing.normal(point)
        to_lamp = (self.lamp - point).unit()
        light = 0.15
        if self.nearest(point + normal * 1e-4, to_lamp)[1] is None:
            light += max(0.0, normal.dot(to_lamp))
        colour = thing.colour_at(point) * light
        if depth > 0 and thing.mirror > 0.0:
            mirrored = direction - normal * (2.0 * direction.dot(normal))
            colour = colour * (1.0 - thing.mirror) + self.trace(point + normal * 1e-4, mirrored, depth - 1) * thing.mirror
        return colour


def run(n):
    scene = Scene()
    eye = Vec(0.0, 1.5, -3.0)
    checksum = 0
    for row in range(n):
        for column in range(n):
            direction = Vec((column - n / 2) / n, (n / 2 - row) / n, 1.0).unit()
            colour = scene.trace(eye, direction, 2)
            for part in (colour.x, colour.y, colour.z):
                checksum = (checksum * 31 + int(min(1.0, part) * 255.0 + 0.5)) % 1000000007
    return checksum


if __name__ == "__main__":
    from driver import main
    main(globals())
