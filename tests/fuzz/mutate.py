"""Damages inputs."""

import struct

from formats import Kind

# What is at the edge of a field of some width.
EDGES = [0, 1, 2, 3, 4, 5, 7, 8, 15, 16, 31, 32, 63, 64, 100, 127, 128, 255, 256, 1000, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x10FFFF,
         0x110000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xD800, 0xDFFF]  # fmt: skip
# How often something is repeated, where it is.
TIMES = [2, 3, 10, 100, 1000, 5000]
# Inputs do not grow beyond this.
LONGEST = 40_000


class Mutator:
    """Makes damaged inputs of one format."""

    def __init__(self, format, seeds, rng):
        self.words = format.words
        self.text = format.kind is Kind.TEXT
        self.seeds = seeds
        self.rng = rng
        self.common = [self.replace, self.insert_word, self.delete, self.copy, self.splice, self.repeat, self.cut]
        self.own = [self.swap_words, self.swap_lines, self.number, self.indent] if self.text else [self.edge, self.flip]

    def damaged(self):
        """One more input."""
        data = bytearray(self.rng.choice(self.seeds))
        for _ in range(self.rng.choice((1, 1, 1, 2, 2, 3, 5, 8))):
            data = self.rng.choice(self.common + self.own * 2)(data)[:LONGEST]
        return bytes(data)

    def span(self, data, most=64):
        """A place in the data, and the end of a short stretch there."""
        start = self.rng.randrange(len(data) + 1)
        return start, min(len(data), start + self.rng.choice((1, 1, 2, 4, self.rng.randint(1, most))))

    def replace(self, data):
        """Writes other bytes over some."""
        start, end = self.span(data, 8)
        data[start:end] = self.rng.randbytes(end - start)
        return data

    def insert_word(self, data):
        """Inserts, or puts in the place of some bytes, a word of the format."""
        start, end = self.span(data, 8)
        data[start : self.rng.choice((start, end))] = self.rng.choice(self.words)
        return data

    def delete(self, data):
        """Takes a stretch out."""
        start, end = self.span(data, 200)
        del data[start:end]
        return data

    def copy(self, data):
        """Copies a stretch to another place."""
        start, end = self.span(data, 200)
        at = self.rng.randrange(len(data) + 1)
        data[at:at] = data[start:end]
        return data

    def splice(self, data):
        """Puts a stretch of another seed somewhere."""
        other = self.rng.choice(self.seeds)
        start, end = self.span(other, 400)
        at, until = self.span(data, 400)
        data[at : self.rng.choice((at, until))] = other[start:end]
        return data

    def repeat(self, data):
        """Repeats something short very often."""
        word = self.rng.choice(self.words)
        if self.rng.random() < 0.3:
            start, end = self.span(data, 12)
            word = bytes(data[start:end])
        at = self.rng.randrange(len(data) + 1)
        data[at:at] = word * self.rng.choice(TIMES)
        return data

    def cut(self, data):
        """Ends early."""
        if self.rng.random() < 0.5:
            return data
        return data[: self.rng.randrange(len(data) + 1)]

    def flip(self, data):
        """Flips a bit."""
        if data:
            data[self.rng.randrange(len(data))] ^= 1 << self.rng.randrange(8)
        return data

    def edge(self, data):
        """Writes a number at the edge of a field of 1, 2, 4 or 8 bytes."""
        width, code = self.rng.choice(((1, "B"), (2, "H"), (4, "I"), (8, "Q")))
        value = self.rng.choice(EDGES)
        if self.rng.random() < 0.4:
            value = -value
        field = struct.pack(self.rng.choice("<>") + code, value % (1 << 8 * width))
        start = self.rng.randrange(len(data) + 1)
        data[start : start + width] = field
        return data

    def words_of(self, data):
        """The data cut into words and what is between them."""
        words, word = [], bytearray()
        for byte in data:
            inside = chr(byte).isalnum() or byte == 95
            if word and inside != was:
                words.append(bytes(word))
                word.clear()
            word.append(byte)
            was = inside
        words.append(bytes(word))
        return words

    def swap_words(self, data):
        """Exchanges two words, or puts a word of the format in the place of one."""
        words = self.words_of(data)
        at, other = self.rng.randrange(len(words)), self.rng.randrange(len(words))
        if self.rng.random() < 0.5:
            words[at] = self.rng.choice(self.words)
        else:
            words[at], words[other] = words[other], words[at]
        return bytearray(b"".join(words))

    def swap_lines(self, data):
        """Exchanges two lines."""
        lines = data.split(b"\n")
        at, other = self.rng.randrange(len(lines)), self.rng.randrange(len(lines))
        lines[at], lines[other] = lines[other], lines[at]
        return bytearray(b"\n".join(lines))

    def number(self, data):
        """Writes a number somewhere."""
        start, end = self.span(data, 4)
        data[start : self.rng.choice((start, end))] = str(self.rng.choice(EDGES) * self.rng.choice((1, 1, -1, 1 << 31, 1 << 64))).encode()
        return data

    def indent(self, data):
        """Changes the indentation of a line."""
        lines = data.split(b"\n")
        at = self.rng.randrange(len(lines))
        lines[at] = self.rng.choice((b"", b" ", b"    ", b"\t", b"        ")) + (lines[at].lstrip() if self.rng.random() < 0.5 else lines[at])
        return bytearray(b"\n".join(lines))


def without_parts(data, size):
    """The data without a stretch of some size, for each place."""
    for start in range(0, len(data), size):
        yield data[:start] + data[start + size :]
