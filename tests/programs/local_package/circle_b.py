from . import circle_a

B = "b"


def back():
    return circle_a.A
