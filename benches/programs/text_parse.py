"""Parsing by hand: tokenizer, expression parser with precedence, evaluator over the tree, comma-separated values."""

SIZE = 1200
CHECK = {
    60: (10400, 60, 1974, 'name "900", of it'),
    1200: (205110, 1200, 45517, 'name "360000", of it'),
}


def tokenize(text):
    at = 0
    while at < len(text):
        char = text[at]
        if char.isspace():
            at += 1
        elif char.isdigit():
            start = at
            while at < len(text) and (text[at].isdigit() or text[at] == "."):
                at += 1
            yield "number", text[start:at]
        elif char.isalpha():
            start = at
            while at < len(text) and text[at].isalnum():
                at += 1
            yield "name", text[start:at]
        else:
            yield "op", char
            at += 1
    yield "end", ""


POWER = {"+": (1, 2), "-": (1, 2), "*": (3, 4), "/": (3, 4), "%": (3, 4), "^": (6, 5)}


class Number:
    def __init__(self, value):
        self.value = value

    def evaluate(self, names):
        return self.value


class Name:
    def __init__(self, name):
        self.name = name

    def evaluate(self, names):
        return names[self.name]


class Negated:
    def __init__(self, inner):
        self.inner = inner

    def evaluate(self, names):
        return -self.inner.evaluate(names)


class Binary:
    def __init__(self, op, left, right):
        self.op = op
        self.left = left
        self.right = right

    def evaluate(self, names):
        left = self.left.evaluate(names)
        right = self.right.evaluate(names)
        if self.op == "+":
            return left + right
        if self.op == "-":
            return left - right
        if self.op == "*":
            return left * right
        if self.op == "/":
            return left // right if right else 0
        if self.op == "%":
            return left % right if right else 0
        return left ** min(abs(right), 3)


class Parser:
    def __init__(self, text):
        self.tokens = list(tokenize(text))
        self.at = 0

    def next(self):
        token = self.tokens[self.at]
        self.at += 1
        return token

    def expression(self, lowest=0):
        kind, text = self.next()
        if kind == "number":
            left = Number(int(text))
        elif kind == "name":
            left = Name(text)
        elif text == "-":
            left = Negated(self.expression(7))
        elif text == "(":
            left = self.expression()
            self.next()
        else:
            raise SyntaxError(text)
        while True:
            kind, text = self.tokens[self.at]
            binding = POWER.get(text) if kind == "op" else None
            if binding is None or binding[0] < lowest:
                return left
            self.next()
            left = Binary(text, left, self.expression(binding[1]))


def read_csv(text):
    """Rows of fields, with quotes and doubled quotes, one character after the other."""
    rows, row, field, quoted = [], [], [], False
    at = 0
    while at < len(text):
        char = text[at]
        at += 1
        if quoted:
            if char != '"':
                field.append(char)
            elif text[at:at + 1] == '"':
                field.append('"')
                at += 1
            else:
                quoted = False
        elif char == '"':
            quoted = True
        elif char == ",":
            row.append("".join(field))
            field = []
        elif char == "\n":
            row.append("".join(field))
            rows.append(row)
            row, field = [], []
        else:
            field.append(char)
    return rows


def run(n):
    total = 0
    for i in range(n):
        source = "(a%d + %d) * -b %% 17 - c ^ 2 ^ 1 / (%d - a%d) + 3 * (x + y) * 2" % (i % 3, i, i % 7, i % 3)
        tree = Parser(source).expression()
        names = {"a0": 3, "a1": 5, "a2": 8, "b": i, "c": 4, "x": 1, "y": i % 5}
        for x in range(5):
            names["x"] = x
            total += tree.evaluate(names)
    lines = ['%d,"name ""%d"", of it",%d.5,,plain text' % (i, i * i, i) for i in range(n)]
    rows = read_csv("\n".join(lines) + "\n")
    fields = sum(len(field) for row in rows for field in row)
    return total, len(rows), fields, rows[n // 2][1]


if __name__ == "__main__":
    from driver import main
    main(globals())
