"""A thread replaces the arrays of an expression while it is computed, and while numpy has something to say of it."""

import threading
import warnings

import numpy as np

warnings.simplefilter("ignore")
COUNT = 1 << 18


class Shared:
    pass


CODE = """
def multiply(shared, count):
    for _ in range(count):
        product = shared.a * shared.b
    return product[0]
"""


def change():
    while not finished:
        value = 1e300 if shared.overflows else 1.0
        shared.a = np.full(COUNT, value)
        shared.b = np.full(COUNT, value)


shared = Shared()
shared.a = shared.b = np.ones(COUNT)
shared.overflows = finished = False
changer = threading.Thread(target=change)
changer.start()
try:
    for _ in range(8):
        names = {}
        exec(CODE, names)
        for shared.overflows, count in ((False, 300), (True, 60)):
            names["multiply"](shared, count)
finally:
    finished = True
    changer.join()
print("done")
