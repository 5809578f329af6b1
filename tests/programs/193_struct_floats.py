"""Floats that struct packs: too large ones, and values whose methods fail."""

import struct


class Failing:
    def __float__(self):
        raise ZeroDivisionError


for form in "f", "d", "e", "<f", "<d", "<e", ">f", ">d", "@2f", "=f", "!f":
    for name, value in [
        ("failing", Failing()),
        ("great int", 10**400),
        ("text", "1"),
        ("great", 1e300),
        ("small", -1e300),
        ("infinite", float("inf")),
        ("rounded up", 3.4028236e38),
        ("half", 65520.0),
    ]:
        if form in ("f", "@2f") and name in ("great", "small", "rounded up"):
            # Infinities for CPython 3.13, an OverflowError since 3.14.
            continue
        values = [value] * (2 if "2" in form else 1)
        try:
            print(form, name, struct.pack(form, *values))
        except (struct.error, OverflowError) as error:
            print(form, name, type(error).__name__)
