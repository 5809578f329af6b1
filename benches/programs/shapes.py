"""Class-heavy code: inheritance, properties, class and static methods, super calls, special methods."""

SIZE = 9000
CHECK = {
    450: (5918, 's7', 27, 12, 405000, 613350, [1, 1, 0.5], 453),
    9000: (128432, 's7', 27, 203, 162000000, 243117000, [1, 1, 0.5], 9003),
}


class Shape:
    made = 0

    def __init__(self, name):
        self.name = name
        self._scale = 1
        Shape.made += 1

    @property
    def scale(self):
        return self._scale

    @scale.setter
    def scale(self, value):
        if value <= 0:
            raise ValueError("scale must be positive")
        self._scale = value

    @classmethod
    def unit(cls):
        return cls("unit", *([1] * cls.arguments))

    def area(self):
        raise NotImplementedError

    def describe(self):
        return self.name + ":" + str(self.area() * self.scale ** 2)

    def __lt__(self, other):
        return self.area() < other.area()

    def __eq__(self, other):
        return isinstance(other, Shape) and self.area() == other.area()

    def __hash__(self):
        return hash(self.name)


class Rectangle(Shape):
    arguments = 2

    def __init__(self, name, width, height):
        super().__init__(name)
        self.width = width
        self.height = height

    def area(self):
        return self.width * self.height

    def describe(self):
        return "rect " + super().describe()

    @staticmethod
    def perimeter(width, height):
        return 2 * (width + height)


class Square(Rectangle):
    arguments = 1

    def __init__(self, name, side):
        super().__init__(name, side, side)

    def describe(self):
        return "square/" + super().describe()


class Triangle(Shape):
    __slots__ = ()
    arguments = 2

    def __init__(self, name, base, height):
        super().__init__(name)
        self.base, self.height = base, height

    def area(self):
        return self.base * self.height / 2


class Counter:
    """Counts attribute look-ups that find nothing, through `__getattr__`."""

    def __init__(self):
        self.missed = 0

    def __getattr__(self, name):
        self.missed += 1
        return len(name)

    def __call__(self, amount):
        self.missed += amount
        return self

    def __getitem__(self, index):
        return self.missed * index

    def __len__(self):
        return self.missed

    def __contains__(self, value):
        return value < self.missed


def run(n):
    Shape.made = 0
    shapes = []
    for i in range(n):
        kind = i % 3
        if kind == 0:
            shape = Rectangle("r%d" % i, i % 7 + 1, i % 5 + 1)
        elif kind == 1:
            shape = Square("s%d" % i, i % 9 + 1)
        else:
            shape = Triangle("t%d" % i, i % 8 + 1, i % 4 + 1)
        shape.scale = i % 3 + 1
        shapes.append(shape)
    length = sum(len(shape.describe()) for shape in shapes)
    biggest = max(shapes)
    areas = len({shape.area() for shape in shapes})
    equal = sum(1 for a, b in zip(shapes, shapes[1:]) if a == b)
    perimeters = sum(Rectangle.perimeter(i, i + 1) for i in range(n))
    counter = Counter()
    total = 0
    for i in range(n):
        total += counter.something + counter(2)[1] + len(counter)
        if i in counter:
            total += 1
    units = [cls.unit().area() for cls in (Rectangle, Square, Triangle)]
    return length, biggest.name, areas, equal, perimeters, total, units, Shape.made


if __name__ == "__main__":
    from driver import main
    main(globals())
