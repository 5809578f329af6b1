"""int.from_bytes() takes what bytes() makes of an object: by `__bytes__`, also of what is an index; but no number and no text."""


class Both:
    def __bytes__(self):
        return b"\x01\x02"

    def __index__(self):
        return 3


class Text(str):
    def __bytes__(self):
        return b"\x07"


class Index:
    def __index__(self):
        return 3


for argument in Both(), Text("x"), Index(), 5, "x", [1, 2], memoryview(b"\x03"), None:
    try:
        print(int.from_bytes(argument))
    except TypeError as error:
        print(error)
