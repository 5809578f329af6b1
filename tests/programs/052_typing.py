# typing: generics, protocols, aliases, introspection, overloads, NamedTuple, TypedDict.
import typing
from typing import (Any, Callable, ClassVar, Final, Generic, Literal, NamedTuple, NewType, Optional, ParamSpec,
    Protocol, Self, TypedDict, TypeVar, Union,
                    cast, final, get_args, get_origin, get_type_hints, overload, runtime_checkable)

T = TypeVar("T")
K = TypeVar("K", bound=int)


class Stack(Generic[T]):
    def __init__(self) -> None:
        self.items: list[T] = []

    def push(self, x: T) -> Self:
        self.items.append(x)
        return self

    def pop(self) -> T:
        return self.items.pop()


class IntStack(Stack[int]):
    pass


s = Stack[int]().push(1).push(2)
print(s.pop(), Stack[int].__origin__ is Stack, Stack[int].__args__, Stack.__parameters__,
    IntStack.__orig_bases__[0].__args__, Stack[int] == Stack[int], hash(Stack[int]) == hash(Stack[int]),
    isinstance(s, Stack), IntStack().push(3).items)
print(list[int], dict[str, list[int]], tuple[int, ...], list[int].__origin__, list[int].__args__, list[T][int],
    type[int], list[int]([1, 2]), list[int] == list[int], isinstance([], list))
print(int | str, int | None, (int | str).__args__, int | str == str | int, isinstance(5, int | str),
    isinstance("s", int | None), issubclass(bool, int | str), get_origin(list[int]), get_args(dict[str, int]),
    get_args(Callable[[int, str], bool]), get_origin(Callable[..., int]) is not None)
print(Optional[int] == Union[int, None], Union[int, int] is int, Literal["a", 1].__args__, Literal[1] == Literal[1],
    get_args(Literal["x"]), Any, ClassVar[int].__args__, Final[int].__args__)


@runtime_checkable
class Sized(Protocol):
    def __len__(self) -> int: ...


class HasName(Protocol):
    name: str


class Impl:
    name = "n"

    def __len__(self):
        return 1


print(isinstance([], Sized), isinstance(5, Sized), isinstance(Impl(), Sized), issubclass(Impl, Sized))
try:
    isinstance(Impl(), HasName)
except TypeError:
    print("not runtime checkable")
try:
    Sized()
except TypeError:
    print("protocols cannot be instantiated")


class Point(NamedTuple):
    x: int
    y: int = 0

    def total(self) -> int:
        return self.x + self.y


class Movie(TypedDict, total=False):
    title: str
    year: int


p, m = Point(1), Movie(title="T")
print(p, p.total(), p._fields, Point.__annotations__, p._replace(y=5), m, type(m).__name__,
    Movie.__optional_keys__ == {"title", "year"}, Movie.__total__)
UserId = NewType("UserId", int)
print(UserId(5), UserId.__name__, UserId.__supertype__, type(UserId(5)).__name__)


def hints(a: int, b: "str" = "x", *args: float, c: Optional[list[int]] = None) -> "dict[str, int]":
    return {}


class Annotated_:
    x: int
    y: "Annotated_"
    z: ClassVar[str] = "z"


print(get_type_hints(hints)["a"], get_type_hints(hints)["b"], get_type_hints(hints)["return"],
    get_type_hints(Annotated_)["y"] is Annotated_, sorted(get_type_hints(Annotated_)))


@overload
def over(x: int) -> int: ...
@overload
def over(x: str) -> str: ...
def over(x):
    return x * 2


print(over(2), over("a"), len(typing.get_overloads(over)), cast(int, "not checked"), final(Impl) is Impl,
    Impl.__final__)
A = typing.Annotated[int, "meta", 5]
print(A.__metadata__, A.__origin__, get_type_hints(type("X", (), {"__annotations__": {"a": A}}))["a"],
    get_type_hints(type("X", (), {"__annotations__": {"a": A}}), include_extras=True)["a"] == A)
print(T.__name__, K.__bound__, T.__constraints__, repr(T), TypeVar("C", int, str).__constraints__,
    ParamSpec("P").__name__, typing.TypeVarTuple("Ts").__name__)


def first[U](xs: list[U]) -> U:
    return xs[0]


class Pair[A, B: int = int]:
    def __init__(self, a: A, b: B):
        self.a, self.b = a, b

    def swap(self) -> "Pair[B, A]":
        return Pair(self.b, self.a)


type Tree[N] = dict[str, "Tree[N]"] | N
print(first([3]), first.__type_params__[0].__name__, Pair(1, 2).swap().a, [t.__name__ for t in Pair.__type_params__],
    Pair.__type_params__[1].__bound__, Pair.__type_params__[1].__default__, Pair[str, int].__args__, Tree.__name__,
    Tree[int].__args__, type(Tree).__name__)


class Multi(Generic[T, K]):
    pass


print(Multi[str, int], Multi[T, int][str], Multi.__parameters__)
for bad in (lambda: Stack[int, str], lambda: list[int].nothing, lambda: isinstance([], list[int]), lambda: Union[()],
        lambda: Literal(), lambda: Any(), lambda: Generic(), lambda: Optional[1, 2],
        lambda: type("X", (Generic,), {}), lambda: int | 5):
    try:
        bad()
        print("accepted", end=" ")
    except (TypeError, AttributeError) as e:
        print(type(e).__name__, end=" ")
print()
print(typing.TYPE_CHECKING, typing.get_type_hints(Stack.push)["x"] is T, typing.is_typeddict(Movie),
    typing.assert_type(5, int), typing.List[int] == typing.List[int], typing.List[int].__origin__,
    typing.Dict[str, int].__args__, typing.Tuple[int, str].__args__, typing.Callable[[int], str].__args__)
