"""Putting strings together in the ways people do: +=, join, formatting, methods, slicing."""

SIZE = 16000
CHECK = {
    800: (3090, 475426119, 3021857071, 6040, True, 1285488198),
    16000: (84890, 475426119, 1945263382, 120888, True, 4122065567),
}


def checksum(text):
    total = 0
    for char in text:
        total = (total * 33 + ord(char)) % 4294967291
    return total


def by_appending(n):
    text = ""
    for i in range(n):
        text += str(i)
        text += ","
    return text


def by_joining(n):
    return "".join([chr(97 + i * 7 % 26) * (i % 3 + 1) for i in range(n)])


def by_formatting(n):
    lines = []
    for i in range(n):
        lines.append(f"{i:05d}|{i / 7:.3f}|{i:x}")
        lines.append("%s=%d (%5.1f%%)" % ("key" + str(i % 10), i, i / 10))
        lines.append("{0:>8}{1!r:<8}".format(i, str(i)))
    return "\n".join(lines)


def by_methods(n):
    words = "The quick brown fox jumps over the lazy dog".split()
    total = 0
    for i in range(n):
        word = words[i % len(words)]
        text = word.upper().replace("O", "00").center(12, "*")
        if text.startswith("**") and text.find("00") >= 0:
            total += text.count("*")
        total += len(text.strip("*").lower().title())
    return total


def caesar(text, shift):
    out = []
    for char in text:
        if "a" <= char <= "z":
            char = chr((ord(char) - 97 + shift) % 26 + 97)
        out.append(char)
    return "".join(out)


def run(n):
    appended = by_appending(n)
    joined = by_joining(n)
    formatted = by_formatting(n // 3)
    shifted = caesar(joined, 3)
    return (len(appended), checksum(appended[:2000]), checksum(formatted[-3000:]), by_methods(n),
            caesar(shifted, -3) == joined, checksum(shifted[::-1]))


if __name__ == "__main__":
    from driver import main
    main(globals())
