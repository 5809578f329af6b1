from .. import first
from ..second import VALUE
from . import __name__ as parent


def up():
    return first.NAME, VALUE, parent, __name__
