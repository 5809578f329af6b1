"""Collections come while numpy fills tuples and has Python functions called in between."""

import gc
import sys

import numpy as np


def collect(frame, event, arg):
    if event == "call" and frame.f_code.co_name == "npy_ctypes_check":
        gc.collect()


class Wrapped(np.ndarray):
    def __array_wrap__(self, array, context=None, return_scalar=False):
        gc.collect()
        return array


sys.setprofile(collect)
record = np.dtype([("name", np.str_, 16), ("grades", np.float64, (2,))])
sys.setprofile(None)
print(record.names, record.itemsize)
print(np.modf(np.array([1.5, -2.25]).view(Wrapped)))
