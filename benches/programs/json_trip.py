"""JSON to text and back, with the library; and once more through a parser written in Python."""

import json

SIZE = 1000
CHECK = {
    50: (6909, 12889, True, True, True),
    1000: (144817, 264817, True, True, True),
}


def document(n):
    return {
        "title": "Report \u00e9\u4e2d",
        "entries": [
            {
                "id": i,
                "name": "item %d" % i,
                "price": i * 1.25,
                "tags": ["a", "b\n", "c\"%d" % i][: i % 4],
                "flags": {"new": i % 2 == 0, "old": None},
                "size": [i, -i, i * 10 ** 12],
            }
            for i in range(n)
        ],
    }


class Parser:
    """Reads JSON by recursive descent."""

    ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "/": "/", "\\": "\\", '"': '"'}
    WORDS = {"true": True, "false": False, "null": None}

    def __init__(self, text):
        self.text = text
        self.at = 0

    def blank(self):
        while self.text[self.at] in " \n\t\r":
            self.at += 1

    def value(self):
        self.blank()
        char = self.text[self.at]
        if char == "{":
            return dict(self.items("}", self.pair))
        if char == "[":
            return list(self.items("]", self.value))
        if char == '"':
            return self.string()
        for word in self.WORDS:
            if self.text.startswith(word, self.at):
                self.at += len(word)
                return self.WORDS[word]
        return self.number()

    def items(self, closing, read):
        self.at += 1
        found = []
        self.blank()
        while self.text[self.at] != closing:
            found.append(read())
            self.blank()
            if self.text[self.at] == ",":
                self.at += 1
                self.blank()
        self.at += 1
        return found

    def pair(self):
        key = self.string()
        self.blank()
        self.at += 1
        return key, self.value()

    def string(self):
        parts = []
        self.at += 1
        while True:
            char = self.text[self.at]
            self.at += 1
            if char == '"':
                return "".join(parts)
            if char == "\\":
                char = self.text[self.at]
                self.at += 1
                if char == "u":
                    char = chr(int(self.text[self.at:self.at + 4], 16))
                    self.at += 4
                else:
                    char = self.ESCAPES[char]
            parts.append(char)

    def number(self):
        start = self.at
        while self.text[self.at] in "+-0123456789.eE":
            self.at += 1
        text = self.text[start:self.at]
        return float(text) if "." in text else int(text)


def run(n):
    made = document(n)
    text = json.dumps(made)
    pretty = json.dumps(made, indent=2, sort_keys=True, ensure_ascii=False)
    again = json.loads(text)
    ours = Parser(text).value()
    return len(text), len(pretty), again == made, json.loads(pretty) == made, ours == made


if __name__ == "__main__":
    from driver import main
    main(globals())
