"""Markdown to HTML: headings, paragraphs, lists, quotes, code, tables, links, emphasis.

    rpy examples/markdown.py [FILE]

Without a file it converts a sample.
"""

import html
import re
import sys

SAMPLE = """\
# Garden *notes*

Spring is here; the **beds** are ready and the `hose`
works again. See [the plan](plan.html "The plan") or <mail@example.org>.

## To do

1. Sow radishes & lettuce
2. Mend the fence
   * posts
   * wire __and__ nails
3. Rest

> Patience is bitter,
> its fruit is *sweet*.

| Crop   | Row | Days |
|:-------|:---:|-----:|
| Radish |  1  |   25 |
| Bean   |  2  |  ~60 |

```
if soil < 5:
    water(soil & 3)
```

---

Escaped \\*stars\\*, an ![image](bed.png), and **bold *nested* text**.
Two spaces at the end  
break a line.
"""

HEADING = re.compile(r"(#{1,6})\s+(.*?)\s*#*$")
RULE = re.compile(r"(?:-\s*){3,}$|(?:\*\s*){3,}$")
ITEM = re.compile(r"(\s*)([*+-]|\d+\.)\s+(.*)")
TABLE_RULE = re.compile(r"\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$")
INLINE = re.compile(
    r"""
    \\(?P<escaped>[\\`*_\[\]!])
  | `(?P<code>[^`]+)`
  | !\[(?P<alt>[^\]]*)\]\((?P<source>[^)\s]+)\)
  | \[(?P<label>[^\]]+)\]\((?P<target>[^)\s]+)(?:\s+"(?P<title>[^"]*)")?\)
  | <(?P<address>[^\s<>]+@[^\s<>]+|https?://[^\s<>]+)>
  | (?P<strong>\*\*|__)(?=\S)(?P<bold>.+?)(?<=\S)(?P=strong)
  | (?P<em>[*_])(?=\S)(?P<italic>.+?)(?<=\S)(?P=em)
    """,
    re.VERBOSE | re.DOTALL,
)


def inline(text):
    """The HTML of running text."""
    out = []
    at = 0
    for match in INLINE.finditer(text):
        out.append(html.escape(text[at:match.start()], quote=False))
        out.append(span(match))
        at = match.end()
    out.append(html.escape(text[at:], quote=False))
    return re.sub(r" {2,}\n", "<br>\n", "".join(out))


def span(match):
    found = {name: value for name, value in match.groupdict().items() if value is not None}
    if "escaped" in found:
        return html.escape(found["escaped"])
    if "code" in found:
        return f"<code>{html.escape(found['code'])}</code>"
    if "source" in found:
        return f'<img src="{html.escape(found["source"])}" alt="{html.escape(found["alt"])}">'
    if "label" in found:
        title = f' title="{html.escape(found["title"])}"' if "title" in found else ""
        return f'<a href="{html.escape(found["target"])}"{title}>{inline(found["label"])}</a>'
    if "address" in found:
        address = found["address"]
        scheme = "mailto:" if "@" in address else ""
        return f'<a href="{scheme}{address}">{address}</a>'
    if "bold" in found:
        return f"<strong>{inline(found['bold'])}</strong>"
    return f"<em>{inline(found['italic'])}</em>"


class Converter:
    def __init__(self, text):
        self.lines = text.expandtabs(4).splitlines()
        self.at = 0
        self.out = []

    @property
    def line(self):
        return self.lines[self.at] if self.at < len(self.lines) else None

    def convert(self):
        while self.line is not None:
            self.block()
        return "\n".join(self.out) + "\n"

    def take_while(self, wanted):
        taken = []
        while self.line is not None and wanted(self.line):
            taken.append(self.line)
            self.at += 1
        return taken

    def block(self):
        line = self.line
        if not line.strip():
            self.at += 1
        elif line.startswith("```"):
            self.at += 1
            code = self.take_while(lambda text: not text.startswith("```"))
            self.at += 1
            self.out.append("<pre><code>" + html.escape("\n".join(code), quote=False) + "\n</code></pre>")
        elif match := HEADING.match(line):
            self.at += 1
            level = len(match[1])
            self.out.append(f"<h{level}>{inline(match[2])}</h{level}>")
        elif RULE.match(line):
            self.at += 1
            self.out.append("<hr>")
        elif line.startswith(">"):
            quoted = self.take_while(lambda text: text.startswith(">"))
            inner = Converter("\n".join(re.sub(r"^> ?", "", text) for text in quoted)).convert()
            self.out.append("<blockquote>\n" + inner + "</blockquote>")
        elif ITEM.match(line):
            self.list(len(ITEM.match(line)[1]))
        elif "|" in line and self.at + 1 < len(self.lines) and TABLE_RULE.match(self.lines[self.at + 1]):
            self.table()
        else:
            text = self.take_while(lambda text: text.strip() and not self.starts_block(text))
            self.out.append("<p>" + inline("\n".join(text)) + "</p>")

    @staticmethod
    def starts_block(text):
        return text.startswith(("```", ">")) or bool(HEADING.match(text) or ITEM.match(text) or RULE.match(text))

    def list(self, indent):
        tag = "ol" if ITEM.match(self.line)[2][0].isdigit() else "ul"
        self.out.append(f"<{tag}>")
        while self.line is not None and (match := ITEM.match(self.line)) and len(match[1]) == indent:
            self.at += 1
            following = ITEM.match(self.line) if self.line is not None else None
            if following and len(following[1]) > indent:
                self.out.append(f"<li>{inline(match[3])}")
                self.list(len(following[1]))
                self.out.append("</li>")
            else:
                self.out.append(f"<li>{inline(match[3])}</li>")
        self.out.append(f"</{tag}>")

    def table(self):
        def cells(line):
            return [cell.strip() for cell in line.strip().strip("|").split("|")]

        head, rule = cells(self.line), cells(self.lines[self.at + 1])
        self.at += 2
        rows = self.take_while(lambda text: "|" in text)
        sides = {(True, True): "center", (False, True): "right", (True, False): "left", (False, False): None}
        alignment = [sides[cell.startswith(":"), cell.endswith(":")] for cell in rule]
        self.out.append("<table>")
        for tag, row in [("th", head)] + [("td", cells(row)) for row in rows]:
            self.out.append("<tr>" + "".join(
                f'<{tag} align="{side}">{inline(cell)}</{tag}>' if side else f"<{tag}>{inline(cell)}</{tag}>"
                for cell, side in zip(row, alignment)) + "</tr>")
        self.out.append("</table>")


def main(arguments):
    if arguments:
        with open(arguments[0], encoding="utf-8") as stream:
            text = stream.read()
    else:
        text = SAMPLE
    sys.stdout.write(Converter(text).convert())


if __name__ == "__main__":
    main(sys.argv[1:])
