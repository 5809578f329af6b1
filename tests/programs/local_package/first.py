print("importing first")
NAME = "first"


def relative():
    from .sub import deep
    return deep.up()
