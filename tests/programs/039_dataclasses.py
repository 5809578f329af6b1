# dataclasses in full.
import dataclasses
from dataclasses import KW_ONLY, InitVar, asdict, astuple, dataclass, field, fields, make_dataclass, replace
from typing import ClassVar


@dataclass
class Item:
    name: str
    price: float = 1.5
    tags: list = field(default_factory=list)
    total: ClassVar[int] = 0

    def cost(self, n=1):
        return self.price * n


a, b = Item("a"), Item("a", 1.5, [])
a.tags.append("x")
print(a, b, a == b, Item("a") == b, a.cost(3), a.tags is not b.tags, [f.name for f in fields(Item)],
    Item.__match_args__, Item("a") == ("a", 1.5, []))


@dataclass(frozen=True, order=True)
class Version:
    major: int
    minor: int = 0
    label: str = field(default="", compare=False, repr=False)


v, w = Version(1, 2, "x"), Version(1, 10)
print(v < w, v <= w, max(v, w), v == Version(1, 2, "y"), hash(v) == hash(Version(1, 2)), sorted([w, v, Version(0)]),
    {v: 1}[Version(1, 2)], v)
for bad in (lambda: setattr(v, "major", 5), lambda: delattr(v, "minor"), lambda: Version(), lambda: v < 5,
        lambda: hash(a)):
    try:
        bad()
    except (dataclasses.FrozenInstanceError, TypeError) as e:
        print(type(e).__name__, end=" ")
print()


@dataclass
class Base:
    x: int
    y: int = 2

    def __post_init__(self):
        self.sum = self.x + self.y


@dataclass
class Child(Base):
    z: int = 3
    scale: InitVar[int] = 1

    def __post_init__(self, scale):
        super().__post_init__()
        self.sum *= scale


c = Child(1, scale=10)
print(c, c.sum, asdict(c), astuple(c), replace(c, x=5, scale=2).sum, isinstance(c, Base), Child.__mro__[1].__name__)


@dataclass
class KwOnly:
    a: int
    _: KW_ONLY
    b: int = 5
    c: int = field(kw_only=True, default=6)


print(KwOnly(1, b=2), KwOnly.__match_args__)
try:
    KwOnly(1, 2)
except TypeError:
    print("keyword only")


@dataclass(slots=True)
class Slotted:
    x: int
    y: int = 0


s = Slotted(1)
print(s, hasattr(s, "__dict__"), Slotted.__slots__)
try:
    s.z = 1
except AttributeError:
    print("no z")


@dataclass
class Tree:
    value: int
    left: "Tree | None" = None
    right: "Tree | None" = None

    def __iter__(self):
        if self.left:
            yield from self.left
        yield self.value
        if self.right:
            yield from self.right


t = Tree(2, Tree(1), Tree(3))
print(t, list(t), asdict(t)["left"]["value"], replace(t, right=None).right)


@dataclass(eq=False, repr=False)
class Plain:
    x: int


print(Plain(1) == Plain(1), hash(Plain(1)) is not None, "Plain object" in repr(Plain(1)))


@dataclass(unsafe_hash=True, init=False)
class Custom:
    x: int

    def __init__(self, x):
        self.x = x * 2


print(Custom(2), hash(Custom(2)) == hash(Custom(2)))
P = make_dataclass("P", [("x", int), ("y", int, field(default=5))], namespace={"add": lambda self: self.x + self.y})
print(P(1), P(1).add(), P.__name__, dataclasses.is_dataclass(P), dataclasses.is_dataclass(P(1)),
    dataclasses.is_dataclass(5))
f = fields(Version)[2]
print(f.name, f.default, f.compare, f.repr, f.type if isinstance(f.type, str) else f.type.__name__,
    fields(Item)[2].default_factory is list, fields(Item)[0].default is dataclasses.MISSING)
try:
    @dataclass
    class Mutable:
        x: list = []
except ValueError as e:
    print("mutable default")
try:
    @dataclass
    class Order:
        x: int = 1
        y: int
except TypeError as e:
    print("order of defaults")


@dataclass
class Meta:
    x: int = field(metadata={"unit": "m"})
    y: int = field(init=False, default=7)
    z: int = field(hash=False, default=1)


print(fields(Meta)[0].metadata["unit"], Meta(1), Meta(1).y)


@dataclass
class Nested:
    items: list[Item]
    table: dict[str, Version]
    pair: tuple = ()


n = Nested([Item("i")], {"v": Version(1)}, (Item("t"), 2))
d = asdict(n)
print(d, astuple(n))
d["items"][0]["tags"].append("copied")
print(n.items[0].tags, asdict(n, dict_factory=lambda kv: sorted(k for k, _ in kv)))


@dataclass
class Prop:
    _v: int = 0

    @property
    def v(self):
        return self._v

    def __str__(self):
        return "custom str"

    def __eq__(self, other):
        return "custom eq"


print(Prop(3).v, str(Prop()), repr(Prop()), Prop() == 1)


@dataclass(match_args=False)
class NoMatch:
    x: int


print(hasattr(NoMatch, "__match_args__"), Item.__dataclass_params__.frozen, Version.__dataclass_params__.order)
match Item("m", 3.0):
    case Item(name, price) if price > 2:
        print("matched", name, price)


@dataclass
class Recursive:
    me: object = None


r = Recursive()
r.me = r
print(r)
import copy
print(copy.deepcopy(n) == n, copy.replace(v, minor=99))
