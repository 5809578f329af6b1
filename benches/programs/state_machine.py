"""Interpreters written in Python: a machine with an if-chain, and a stack machine with a table of methods."""

SIZE = 6000
CHECK = {
    300: (360, 6000, [('i', 300), ('x', 438005)], 4204, [('green', 858), ('red', 1285), ('yellow', 857)]),
    6000: (7680, 120000, [('i', 6000), ('x', 329050)], 84004, [('green', 17143), ('red', 25714), ('yellow', 17143)]),
}


def tape_machine(program, limit):
    """A machine of eight commands on a tape of bytes; the loops are matched beforehand."""
    jumps = {}
    stack = []
    for at, command in enumerate(program):
        if command == "[":
            stack.append(at)
        elif command == "]":
            start = stack.pop()
            jumps[start] = at
            jumps[at] = start
    tape = [0] * 64
    place = at = steps = 0
    out = []
    while at < len(program) and steps < limit:
        command = program[at]
        if command == ">":
            place += 1
        elif command == "<":
            place -= 1
        elif command == "+":
            tape[place] = (tape[place] + 1) & 255
        elif command == "-":
            tape[place] = (tape[place] - 1) & 255
        elif command == "[":
            if not tape[place]:
                at = jumps[at]
        elif command == "]":
            if tape[place]:
                at = jumps[at]
        elif command == ".":
            out.append(tape[place])
        at += 1
        steps += 1
    return out, steps


class StackMachine:
    def __init__(self, code):
        self.code = code
        self.stack = []
        self.names = {}
        self.at = 0
        self.steps = 0
        self.actions = {name[3:]: getattr(self, name) for name in dir(self) if name.startswith("do_")}

    def do_push(self, value):
        self.stack.append(value)

    def do_load(self, name):
        self.stack.append(self.names[name])

    def do_store(self, name):
        self.names[name] = self.stack.pop()

    def do_add(self, _):
        right = self.stack.pop()
        self.stack.append(self.stack.pop() + right)

    def do_mul(self, _):
        right = self.stack.pop()
        self.stack.append(self.stack.pop() * right % 1000003)

    def do_less(self, _):
        right = self.stack.pop()
        self.stack.append(self.stack.pop() < right)

    def do_jump_if(self, target):
        if self.stack.pop():
            self.at = target

    def run(self):
        code, actions = self.code, self.actions
        while self.at < len(code):
            name, argument = code[self.at]
            self.at += 1
            actions[name](argument)
            self.steps += 1
        return self.names


def traffic(events):
    """A traffic light as a table of states."""
    table = {
        ("red", "timer"): "green",
        ("green", "timer"): "yellow",
        ("yellow", "timer"): "red",
        ("green", "button"): "yellow",
        ("red", "fault"): "blink",
        ("green", "fault"): "blink",
        ("yellow", "fault"): "blink",
        ("blink", "reset"): "red",
    }
    state = "red"
    visits = {}
    for event in events:
        state = table.get((state, event), state)
        visits[state] = visits.get(state, 0) + 1
    return sorted(visits.items())


def run(n):
    # Two nested loops that multiply, then count down while printing.
    program = "++++++++++++[>++++++++++<-]>[>++>+<<-]>>[-<.>]<<<" * (n // 50) + "+[>+++++[>++<-]<-]>>."
    tape = tape_machine(program, n * 20)
    code = [
        ("push", 0), ("store", "i"), ("push", 1), ("store", "x"),
        ("load", "x"), ("push", 31), ("mul", None), ("load", "i"), ("add", None), ("store", "x"),
        ("load", "i"), ("push", 1), ("add", None), ("store", "i"),
        ("load", "i"), ("push", n), ("less", None), ("jump_if", 4),
    ]
    machine = StackMachine(code)
    names = machine.run()
    events = ["timer", "button", "timer", "fault", "timer", "reset", "button"]
    light = traffic(events[i * i % 7] for i in range(n * 10))
    return len(tape[0]), tape[1], sorted(names.items()), machine.steps, light


if __name__ == "__main__":
    from driver import main
    main(globals())
