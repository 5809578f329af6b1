# Imports: local packages, relative imports, circles, namespaces, lazy attributes, reload, errors, importlib, runpy.
import sys

import local_package
import local_package.sub.deep
import local_package as short
from local_package import first, listed, lazy
from local_package.first import NAME as alias
from local_package.sub import deep as d

print(local_package.first is first, alias, short is local_package, d.up(), first.relative(), listed, lazy,
    local_package.renamed)
print(local_package.__name__, local_package.__package__, local_package.__doc__, first.__package__, d.__package__,
    first.__name__, "local_package.sub.deep" in sys.modules, local_package.sub.deep is d, dir(local_package))
space = {}
exec("from local_package import *", space)
print(sorted(k for k in space if not k.startswith("__")))
import local_package.circle_a
print(local_package.circle_a.both(), local_package.circle_b.back())
for statement in ("import no_such_module", "import local_package.nothing", "from local_package import nothing",
        "from local_package.first import nothing", "import local_package.first.x", "from local_package import broken",
        "import local_package.broken"):
    try:
        exec(statement, {})
    except (ImportError, ValueError, KeyError) as e:
        print(statement, "->", type(e).__name__, getattr(e, "name", None))
print("local_package.broken" in sys.modules)
import local_namespace.part.inside
print(local_namespace.part.inside.WHERE, hasattr(local_namespace, "__file__") and local_namespace.__file__,
    type(local_namespace.__path__).__name__)
import importlib
import importlib.util
print(importlib.import_module("local_package.second").VALUE,
    importlib.import_module(".first", "local_package") is first, __import__("local_package.first") is local_package,
    __import__("local_package", fromlist=["first"]) is local_package)
first.NAME = "changed"
importlib.reload(first)
print(first.NAME, importlib.util.find_spec("local_package.first").name, importlib.util.find_spec("no_such") is None,
    first.__spec__.name, first.__spec__.parent, type(first.__loader__).__name__, first.__file__.endswith("first.py"),
    local_package.__spec__.submodule_search_locations is not None)
del sys.modules["local_package.second"]
import local_package.second
import types
made = types.ModuleType("made", "its doc")
made.x = 5
sys.modules["made"] = made
import made as imported
from made import x
print(imported is made, x, made.__doc__, repr(made))
sys.modules["blocked"] = None
try:
    import blocked
except ImportError as e:
    print(type(e).__name__, e.name)


class Finder:
    def find_spec(self, name, path, target=None):
        if name.startswith("virtual_"):
            return importlib.util.spec_from_loader(name, self)

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        exec("value = __name__ + ' was made up'", module.__dict__)


sys.meta_path.append(Finder())
import virtual_one
print(virtual_one.value, virtual_one.__spec__.loader.__class__.__name__)


def inside():
    import math
    from os import path as p, sep
    return math.floor(2.5), p.join("a", "b") == "a" + sep + "b"


print(inside(), "math" in dir())
import os.path
import json.decoder
import collections.abc
print(os.path is sys.modules["os.path"], json.decoder.JSONDecoder is json.JSONDecoder, collections.abc.Sized.__name__)
import runpy
print(sorted(k for k in runpy.run_module("local_package.script") if k.isupper()))
runpy.run_module("local_package", run_name="__main__", alter_sys=False)
try:
    if True:
        import json as j, re as r
finally:
    print(j.__name__, r.__name__)
print(__name__, __spec__, __package__, sys.modules["__main__"].__dict__ is globals(), __builtins__.__name__)
