"""Regular expressions over generated text: finding, splitting, substituting, tokenizing."""

import re

SIZE = 2500
CHECK = {
    125: (750, 125, 11713, 10963, 251, [('name', 5), ('number', 2), ('op', 8), ('string', 1)]),
    2500: (15000, 2500, 244624, 229624, 5001, [('name', 5), ('number', 2), ('op', 8), ('string', 1)]),
}

NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
ADDRESS = re.compile(r"(?P<user>[a-z][\w.]*)@(?P<host>(?:[a-z]+\.)+[a-z]{2,4})", re.IGNORECASE)
DATE = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")
TOKEN = re.compile(r"\s*(?:(?P<name>[A-Za-z_]\w*)|(?P<number>\d+\.?\d*)|(?P<string>'[^']*')|(?P<op>[-+*/=<>!]=?|[(),;]))")
DOUBLED = re.compile(r"\b(\w+)\s+\1\b")


def text(n):
    lines = []
    for i in range(n):
        lines.append("Entry %d of 20%02d-%02d-%02d: Mail.user%d@Mail%s.example.org wrote wrote %d.%de-%d units, then left;"
                     % (i, i % 100, i % 12 + 1, i % 28 + 1, i, "abc"[i % 3], i * 17, i % 10, i % 5))
    return "\n".join(lines)


def tokens(source):
    counts = {}
    position = 0
    while True:
        match = TOKEN.match(source, position)
        if match is None:
            return counts
        counts[match.lastgroup] = counts.get(match.lastgroup, 0) + 1
        position = match.end()


def run(n):
    body = text(n)
    numbers = NUMBER.findall(body)
    users = {match.group("user").lower() for match in ADDRESS.finditer(body)}
    moved = DATE.sub(lambda match: "/".join(match.group(3, 2, 1)), body)
    halved = DOUBLED.sub(r"\1", moved)
    pieces = re.split(r"[;,]\s*", halved)
    source = "total = price * (1 + rate) - 'none'; if total >= 10: print(total, 'of', 3.25)\n" * (n // 5)
    return len(numbers), len(users), len(moved), len(halved), len(pieces), sorted(tokens(source).items())


if __name__ == "__main__":
    from driver import main
    main(globals())
