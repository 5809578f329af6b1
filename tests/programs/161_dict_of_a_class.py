"""Whoever gets hold of the dict of a class itself and changes it changes the class: nothing goes on with what the dict held before.
CPython calls what is freed here."""

import gc


class Grab:
    """What a `mappingproxy` is compared with sees the dict behind it."""

    def __eq__(self, other):
        self.dict = other
        return True


def dict_of(cls):
    grab = Grab()
    assert cls.__dict__ == grab
    return grab.dict


def make():
    class Base:
        value = "a value of its own"

        def method(self):
            return "a method"

        @property
        def computed(self):
            return "a property"

    class Derived(Base):
        pass

    return Base, Derived


def ask(owner, name, times=50):
    """The attributes, often enough for every cache."""
    for _ in range(times):
        try:
            match name:
                case "method":
                    found = owner.method()
                case "value":
                    found = owner.value
                case "computed":
                    found = owner.computed
        except AttributeError:
            found = "nothing"
    return found


def change(what, action, name="method"):
    base, derived = make()
    found = [ask(derived(), name)]
    action(dict_of(base))
    # Takes the memory of what was freed.
    kept = [lambda: None for _ in range(50)]
    found.append(ask(derived(), name))
    print(what, *found, sep=", ")
    del kept


def new(self):
    return "another method"


def empty_by_popping(names):
    while names:
        names.popitem()


for name in ("method", "value", "computed"):
    change("clear " + name, dict.clear, name)
    change("del " + name, lambda names: names.__delitem__(name), name)
    change("pop " + name, lambda names: names.pop(name), name)
    change("popitem " + name, empty_by_popping, name)
change("store", lambda names: names.update(method=new))
change("item", lambda names: names.__setitem__("method", new))
change("or", lambda names: names.__ior__({"method": new}))
change("exec", lambda names: exec("def method(self): return 'executed'", names))
change("exec global", lambda names: exec("def f():\n global method\n del method\nf()", names))

# Added, where there was none.
base, derived = make()
base.method = None
del base.method
print(ask(derived(), "method"))
dict_of(base).setdefault("method", new)
print(ask(derived(), "method"))

# Values of a class itself.
base, derived = make()
print(ask(derived, "value"))
dict_of(base)["value"] = "".join(["an", "other"])
print(ask(derived, "value"))

# The collector knows the dict too.
base, derived = make()
print(ask(derived(), "method"))
for found in gc.get_referents(base):
    if type(found) is dict:
        found.clear()
print(ask(derived(), "method"))

# A dict that outlives its class, and is the dict of nothing.
base, derived = make()
ask(derived(), "method")
names = dict_of(base)
del base, derived
gc.collect()
names["method"] = new
print(names["method"](None))
names.clear()
print(names)


# Attributes that have setters of their own: the old value looks at the class when it goes.
class Watch(list):
    def __init__(self, owner, name):
        self.owner = owner
        self.name = name

    def __del__(self):
        seen.append(type(getattr(self.owner(), self.name, None)).__name__)


for name in ("__abstractmethods__", "__type_params__"):
    seen = []

    class Owner:
        pass

    setattr(Owner, name, Watch(Owner, name))
    print(type(getattr(Owner(), name)).__name__)
    setattr(Owner, name, ())
    print(name, seen, type(getattr(Owner(), name)).__name__)
