"""A small text adventure that plays itself from a script, then reports what is where, as a table and as JSON.

    rpy examples/adventure.py [COMMAND...]

Commands given on the command line are played instead, such as: take lamp, north, inventory
"""

import json
import sys
from collections import Counter, deque
from dataclasses import asdict, dataclass, field, replace
from enum import Enum, auto


class Kind(Enum):
    TOOL = auto()
    TREASURE = auto()
    FOOD = auto()

    def __str__(self):
        return self.name.lower()


@dataclass(frozen=True, order=True)
class Item:
    name: str
    weight: int = field(compare=False)
    kind: Kind = field(compare=False, default=Kind.TOOL)
    value: int = field(compare=False, default=0)


@dataclass
class Room:
    name: str
    text: str
    exits: dict[str, str] = field(default_factory=dict)
    items: list[Item] = field(default_factory=list)
    dark: bool = False


class GameError(Exception):
    """What the player asked for cannot be done; the text says why."""


def world():
    lamp = Item("lamp", 2)
    rooms = [
        Room("hall", "A hall with a stone floor.", {"north": "kitchen", "down": "cellar"}, [lamp, Item("rope", 3)]),
        Room("kitchen", "It smells of bread.", {"south": "hall", "east": "garden"},
             [Item("bread", 1, Kind.FOOD, 2), Item("apple", 1, Kind.FOOD, 1), Item("kettle", 4, value=5)]),
        Room("garden", "Tall grass, and a well.", {"west": "kitchen", "down": "well"}, [Item("coin", 1, Kind.TREASURE, 10)]),
        Room("cellar", "Barrels and cobwebs.", {"up": "hall"}, [Item("crown", 6, Kind.TREASURE, 100)], dark=True),
        Room("well", "Wet stones around you.", {"up": "garden"}, [Item("ring", 1, Kind.TREASURE, 60)], dark=True),
    ]
    return {room.name: room for room in rooms}


class Game:
    LIMIT = 10

    def __init__(self):
        self.rooms = world()
        self.here = self.rooms["hall"]
        self.bag = []
        self.log = Counter()
        self.score = 0
        self.over = False

    def play(self, line):
        """One command; the answer as text."""
        match line.lower().split():
            case []:
                return "Say something."
            case ["look" | "l"]:
                answer = self.look()
            case ["north" | "south" | "east" | "west" | "up" | "down" as way] | ["go", way]:
                answer = self.go(way)
            case ["take" | "get", *names] if names:
                answer = "; ".join(self.take(name) for name in names)
            case ["drop", name]:
                answer = self.drop(name)
            case ["eat", name]:
                answer = self.eat(name)
            case ["inventory" | "i"]:
                answer = self.inventory()
            case ["path", place]:
                answer = self.path(place)
            case ["quit"]:
                self.over = True
                answer = "Farewell."
            case [verb, *_]:
                raise GameError(f"I do not know how to {verb}.")
        self.log[line.split()[0]] += 1
        return answer

    def lit(self):
        return not self.here.dark or any(item.name == "lamp" for item in self.bag)

    def look(self):
        if not self.lit():
            return "It is pitch dark."
        seen = ", ".join(item.name for item in sorted(self.here.items)) or "nothing"
        return f"{self.here.text} You see: {seen}. Exits: {', '.join(self.here.exits)}."

    def go(self, way):
        try:
            self.here = self.rooms[self.here.exits[way]]
        except KeyError:
            raise GameError(f"There is no way {way}.") from None
        return f"[{self.here.name}] {self.look()}"

    def find(self, name, where):
        for item in where:
            if item.name == name:
                return item
        raise GameError(f"There is no {name} here." if where is self.here.items else f"You have no {name}.")

    def take(self, name):
        if not self.lit():
            raise GameError("You cannot see a thing.")
        item = self.find(name, self.here.items)
        load = sum(other.weight for other in self.bag)
        if load + item.weight > self.LIMIT:
            raise GameError(f"The {name} is too heavy: you carry {load} of {self.LIMIT} already.")
        self.here.items.remove(item)
        self.bag.append(item)
        if item.kind is Kind.TREASURE:
            self.score += item.value
        return f"Taken: {name}."

    def drop(self, name):
        item = self.find(name, self.bag)
        self.bag.remove(item)
        if item.kind is Kind.TREASURE:
            self.score -= item.value
        # What falls gets a dent.
        self.here.items.append(replace(item, value=max(0, item.value - 1)))
        return f"Dropped: {name}."

    def eat(self, name):
        item = self.find(name, self.bag)
        if item.kind is not Kind.FOOD:
            raise GameError(f"A {item.kind} is not to be eaten.")
        self.bag.remove(item)
        return "Delicious."

    def inventory(self):
        if not self.bag:
            return "You carry nothing."
        return "You carry: " + ", ".join(f"{item.name} ({item.weight})" for item in self.bag) + "."

    def path(self, place):
        """The shortest way to a room, by breadth-first search."""
        if place not in self.rooms:
            raise GameError(f"Nobody knows the {place}.")
        queue, seen = deque([(self.here.name, [])]), {self.here.name}
        while queue:
            name, ways = queue.popleft()
            if name == place:
                return "Go " + (", ".join(ways) or "nowhere: you are there") + "."
            for way, following in self.rooms[name].exits.items():
                if following not in seen:
                    seen.add(following)
                    queue.append((following, [*ways, way]))
        raise GameError("There is no way.")


SCRIPT = """\
look
take rope
down
take crown
up
take lamp
path well
down
take crown
drop rope
take crown
dance
up
north
take bread apple
eat bread
eat lamp
east
take coin
down
take ring
up
drop apple
take ring
inventory
fly away
quit"""


def report(game):
    print(f"\n{'room':<9}{'item':<9}{'kind':<10}{'weight':>6}{'value':>7}")
    everything = [(room.name, item) for room in game.rooms.values() for item in room.items]
    everything += [("(bag)", item) for item in game.bag]
    for place, item in sorted(everything):
        print(f"{place:<9}{item.name:<9}{item.kind!s:<10}{item.weight:>6}{item.value:>7}")
    weights = Counter()
    for _, item in everything:
        weights[str(item.kind)] += item.weight
    summary = {
        "score": game.score,
        "place": game.here.name,
        "bag": [asdict(item) | {"kind": str(item.kind)} for item in sorted(game.bag)],
        "weights": dict(sorted(weights.items())),
        "commands": game.log.most_common(3),
    }
    print(json.dumps(summary, indent=2))


def main(arguments):
    game = Game()
    commands = " ".join(arguments).split(",") if arguments else SCRIPT.splitlines()
    for command in commands:
        print(">", command.strip())
        try:
            print(game.play(command.strip()))
        except GameError as problem:
            print("!", problem)
        if game.over:
            break
    report(game)


if __name__ == "__main__":
    main(sys.argv[1:])
