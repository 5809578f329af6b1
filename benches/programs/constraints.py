"""Keeping a network of variables consistent, by one-way rules of differing strength: objects, virtual calls, small lists."""

SIZE = 200
CHECK = {
    8: ((3045, 240), (5742, 64)),
    200: ((3045, 6000), (143550, 40000)),
}

REQUIRED, STRONG, MEDIUM, WEAK = range(4)


class Variable:
    def __init__(self, name, value):
        self.name = name
        self.value = value
        self.rules = []
        self.decided_by = None
        self.mark = 0


class Rule:
    """Connects variables; may be satisfied by computing one of them from the others."""

    def __init__(self, network, strength, variables):
        self.strength = strength
        self.variables = variables
        self.output = None
        for variable in variables:
            variable.rules.append(self)
        network.add(self)

    def choices(self):
        return self.variables

    def execute(self):
        raise NotImplementedError


class Stay(Rule):
    def execute(self):
        pass


class Edit(Rule):
    def execute(self):
        pass


class Equal(Rule):
    def execute(self):
        left, right = self.variables
        if self.output is right:
            right.value = left.value
        else:
            left.value = right.value


class Scale(Rule):
    """last = first * factor + offset, in either direction."""

    def __init__(self, network, strength, first, last, factor, offset):
        self.factor = factor
        self.offset = offset
        super().__init__(network, strength, [first, last])

    def execute(self):
        first, last = self.variables
        if self.output is last:
            last.value = first.value * self.factor + self.offset
        else:
            first.value = (last.value - self.offset) // self.factor


class Network:
    def __init__(self):
        self.rules = []
        self.mark = 0
        self.executed = 0

    def add(self, rule):
        self.rules.append(rule)

    def remove(self, rule):
        self.rules.remove(rule)
        for variable in rule.variables:
            variable.rules.remove(rule)

    def plan(self):
        """Give each rule, the strongest first, an output which nothing stronger decides, and order them for execution."""
        for rule in self.rules:
            rule.output = None
            for variable in rule.variables:
                variable.decided_by = None
        for strength in (REQUIRED, STRONG, MEDIUM, WEAK):
            for rule in self.rules:
                if rule.strength == strength:
                    self.satisfy(rule)
        return self.ordered()

    def satisfy(self, rule):
        for variable in reversed(rule.choices()):
            self.mark += 1
            if self.free(variable, rule):
                variable.decided_by = rule
                rule.output = variable
                return True
        return False

    def free(self, variable, rule):
        """Whether the variable can be made free for `rule`, by turning the rule that now decides it the other way."""
        current = variable.decided_by
        if current is None:
            return True
        variable.mark = self.mark
        if current.strength < rule.strength and not isinstance(current, (Equal, Scale)):
            return False
        for other in current.variables:
            if other is not variable and other.mark != self.mark and self.free(other, rule):
                other.decided_by = current
                current.output = other
                return True
        return False

    def ordered(self):
        pending = [rule for rule in self.rules if rule.output is not None]
        known = {id(v) for rule in self.rules for v in rule.variables if v.decided_by is None}
        order = []
        while pending:
            later = []
            for rule in pending:
                if all(v is rule.output or id(v) in known for v in rule.variables):
                    order.append(rule)
                    known.add(id(rule.output))
                else:
                    later.append(rule)
            if len(later) == len(pending):
                break
            pending = later
        return order

    def execute(self, plan):
        for rule in plan:
            rule.execute()
        self.executed += len(plan)


def chain(n):
    """a = b = c = ...: edit one end and look at the other."""
    network = Network()
    variables = [Variable("v%d" % i, i) for i in range(n)]
    for left, right in zip(variables, variables[1:]):
        Equal(network, REQUIRED, [left, right])
    Stay(network, WEAK, [variables[-1]])
    edit = Edit(network, STRONG, [variables[0]])
    plan = network.plan()
    total = 0
    for value in range(30):
        variables[0].value = value * 7
        network.execute(plan)
        total += variables[-1].value
    network.remove(edit)
    return total, network.executed


def projection(n):
    """Points mapped by scale and offset: edit sources, then targets."""
    network = Network()
    pairs = []
    for i in range(n):
        source = Variable("s%d" % i, i)
        target = Variable("t%d" % i, 0)
        pairs.append((source, target))
        Stay(network, WEAK, [source])
        Scale(network, REQUIRED, source, target, 10, 1000)
    total = 0
    for source, target in pairs[::4]:
        for variable, value in ((source, 17), (target, 1500)):
            edit = Edit(network, STRONG, [variable])
            plan = network.plan()
            variable.value = value
            network.execute(plan)
            total += source.value * 3 + target.value
            network.remove(edit)
    return total, network.executed


def run(n):
    return chain(n), projection(n)


if __name__ == "__main__":
    from driver import main
    main(globals())
