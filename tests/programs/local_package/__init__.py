"""A package for the import test."""
print("importing local_package", __name__, __package__)
from . import first
from .first import NAME as renamed

__all__ = ["first", "listed"]
listed = "listed"
unlisted = "unlisted"
_private = "private"


def __getattr__(name):
    if name == "lazy":
        return "made on demand"
    raise AttributeError(f"no {name} here")


def __dir__():
    return ["first", "lazy"]
