"""A text template engine that compiles templates to closures, and renders tables: strings, dicts, dynamic calls."""

SIZE = 1200
CHECK = {
    60: (9080, True, 34, 'd><td>...354</td><td>...413</td><i>88.50</i></tr>\n<p>end</p>'),
    1200: (172626, True, 34, '<td>..7194</td><td>..8393</td><i>1798.50</i></tr>\n<p>end</p>'),
}


def compile_template(source):
    """Turn `{name.attr|filter}`, `{for x in list}...{end}` and `{if x}...{else}...{end}` into a function of a dict."""
    pieces = []
    while source:
        text, brace, source = source.partition("{")
        if text:
            pieces.append(("text", text))
        if brace:
            command, _, source = source.partition("}")
            pieces.append(("command", command.strip()))
    render, at = build(pieces, 0)
    assert at == len(pieces)
    return render


def build(pieces, at):
    parts = []
    while at < len(pieces):
        kind, text = pieces[at]
        words = text.split()
        if kind == "text":
            parts.append(constant(text))
        elif words[0] == "for":
            body, at = build(pieces, at + 1)
            parts.append(loop(words[1], lookup(words[3]), body))
        elif words[0] == "if":
            yes, at = build(pieces, at + 1)
            no = None
            if pieces[at][1] == "else":
                no, at = build(pieces, at + 1)
            parts.append(choice(lookup(words[1]), yes, no))
        elif words[0] in ("end", "else"):
            break
        else:
            parts.append(insertion(text))
        at += 1

    def render(names):
        return "".join([part(names) for part in parts])

    return render, at


def constant(text):
    return lambda names: text


def lookup(path):
    first, *rest = path.split(".")

    def find(names):
        value = names[first]
        for name in rest:
            value = value[name] if isinstance(value, dict) else getattr(value, name)
            if callable(value):
                value = value()
        return value

    return find


FILTERS = {
    "upper": str.upper,
    "money": lambda value: "%.2f" % value,
    "escape": lambda value: str(value).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"),
    "pad": lambda value: str(value).rjust(6, "."),
}


def insertion(text):
    path, *filters = text.split("|")
    find = lookup(path)
    functions = [FILTERS[name] for name in filters]

    def insert(names):
        value = find(names)
        for function in functions:
            value = function(value)
        return str(value)

    return insert


def loop(name, find, body):
    def repeat(names):
        inner = dict(names)
        out = []
        for item in find(names):
            inner[name] = item
            out.append(body(inner))
        return "".join(out)

    return repeat


def choice(find, yes, no):
    def choose(names):
        if find(names):
            return yes(names)
        return no(names) if no else ""

    return choose


class Item:
    def __init__(self, number):
        self.number = number
        self.name = "<item & %d>" % number
        self.price = number * 1.5

    def cheap(self):
        return self.price < 50


PAGE = """<h1>{title|upper}</h1>
{for row in rows}<tr>{for cell in row.cells}<td>{cell|pad}</td>{end}{if row.item.cheap}<b>{row.item.name|escape}</b>{else}\
<i>{row.item.price|money}</i>{end}</tr>
{end}<p>{footer}</p>"""


def run(n):
    render = compile_template(PAGE)
    rows = [{"cells": [i * j for j in range(8)], "item": Item(i)} for i in range(n)]
    page = render({"title": "prices", "rows": rows, "footer": "end"})
    again = render({"title": "prices", "rows": rows[::-1], "footer": "end"})
    return len(page), len(page) == len(again), page.count("<b>"), page[-60:]


if __name__ == "__main__":
    from driver import main
    main(globals())
