"""isinstance asks for `__class__` where the class has a way of its own to get attributes."""


class Proxy:
    def __init__(self, of):
        self.__of = of

    def __getattribute__(self, name):
        if name.startswith("_Proxy__"):
            return object.__getattribute__(self, name)
        return getattr(self.__of, name)


class Derived(Proxy):
    pass


class Says:
    __class__ = property(lambda self: C)


class Fallback:
    def __getattr__(self, name):
        return C


class C:
    pass


class Others:
    pass


kinds = [type(f"K{i}", (), {}) for i in range(8)]


def count(values, n):
    found = 0
    for i in range(n):
        found += isinstance(values[i % len(values)], C)
        found += 10_000 * isinstance(values[i % len(values)], (int, C))
    return found


print(count([Proxy(C())], 3000))
print(count([Proxy(C()), Derived(C()), Says(), C(), Fallback(), Others(), C, 1], 4000))
print(count([kind() for kind in kinds] + [Proxy(C()), Derived(Others()), Says()], 4400))
print(count([Proxy(Others()), Derived(C())], 3000))
