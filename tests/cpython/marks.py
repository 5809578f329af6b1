"""Take RustPython's own marks out of the CPython test files that its repository keeps.

Those files are CPython 3.14's, with decorators added on tests which RustPython fails or skips, and a few lines
commented out. What counts for another interpreter is the file without them. Line numbers stay as they are: what is taken out
leaves an empty line, or a comment.

The forms, as they stand in that repository:

    @unittest.expectedFailure  # TODO: RUSTPYTHON; reason          decorators with the mark behind them,
    @unittest.skip("TODO: RUSTPYTHON; reason")                     or within them, on one or several lines
    @unittest.expectedFailureIf(...), ...IfWindows, ...Success     additions to unittest, which exist nowhere else
    # TODO: RUSTPYTHON                                             the mark on the line before
    @unittest.expectedFailure
    test_x = unittest.skip(base.test_x)  # TODO: RUSTPYTHON        assignments
    >>> code  # TODO: RUSTPYTHON; ... # doctest: +EXPECTED_FAILURE  doctest options
    # "_Fast"  # XXX: RUSTPYTHON; not supported yet                lines commented out
    def test_x(self): return super().test_x()                      marked methods that only exist to carry the mark: the
                                                                   inherited ones are CPython's
"""

import os
import re
import shutil

MARK = re.compile(r"rustpython", re.IGNORECASE)
DECORATOR = re.compile(r"\s*@\s*(?:unittest\.)?(?:skip\w*|expectedFailure\w*|expectedSuccess)\b")
ADDED_DECORATOR = re.compile(r"\s*@\s*unittest\.(?:expectedFailureIf\w*|expectedSuccess)\b")
ASSIGNMENT = re.compile(r"\s*[\w.]+\s*=\s*unittest\.(?:skip\w*|expectedFailure\w*)\b")
MARK_LINE = re.compile(r"\s*#\s*(?:TODO|XXX)\b[:\s]*RUSTPYTHON", re.IGNORECASE)
DOCTEST_LINE = re.compile(r"\s*(?:>>>|\.\.\.) ")
DOCTEST_MARK = re.compile(r"\s*#\s*(?:TODO|XXX):?\s*RUSTPYTHON[^#]*(?=#\s*doctest|$)", re.IGNORECASE)
DOCTEST_OPTIONS = re.compile(r"#\s*doctest:\s*(.*)$")
COMMENTED_OUT = re.compile(r"(\s*)#\s?(\S.*?)\s+#\s*(?:TODO|XXX|NOTE)\b[:(\s]*RUSTPYTHON.*$", re.IGNORECASE)
COMMENTED_MOCK = re.compile(r"(\s*)# (from unittest import mock)\s*$")
HEADER = re.compile(r"(\s+)(?:async )?def (\w+)\(self\b.*\):\s*$")
OUT_OF_REACH = re.compile(r"\b_test\w+")


def bracket_depth(line, depth, quote):
    """Follow brackets and strings through a line: (depth, open triple quote or None) at its end."""
    at = 0
    while at < len(line):
        if quote is not None:
            end = line.find(quote, at)
            while end > 0 and line[end - 1] == "\\":
                end = line.find(quote, end + 1)
            if end < 0:
                return depth, quote if len(quote) == 3 else None
            at = end + len(quote)
            quote = None
            continue
        char = line[at]
        if char == "#":
            break
        if char in "\"'":
            quote = line[at:at + 3] if line[at:at + 3] in ('"""', "'''") else char
            at += len(quote)
            continue
        depth += (char in "([{") - (char in ")]}")
        at += 1
    return depth, None if quote is None or len(quote) == 1 else quote


def logical_end(lines, start):
    """The index after the last line of the decorator or statement that begins at `start`."""
    depth, quote = 0, None
    for at in range(start, len(lines)):
        depth, quote = bracket_depth(lines[at], depth, quote)
        if depth <= 0 and quote is None:
            return at + 1
    return start + 1


def is_carrier(lines, at):
    """Does a method begin here that only calls the inherited one of the same name?"""
    header = HEADER.match(lines[at]) if at + 1 < len(lines) else None
    if header is None:
        return False
    indent, name = header.groups()
    body = re.fullmatch(rf"{indent}\s+(?:return )?(?:await )?super\(\)\.{name}\(.*\)\s*(?:#.*)?", lines[at + 1])
    following = next((line for line in lines[at + 2:] if line.strip()), "")
    return body is not None and len(following) - len(following.lstrip()) <= len(indent)


def strip_doctest(line):
    """A doctest line without the mark and without the options that came with it."""
    bare = DOCTEST_MARK.sub("  ", line)
    options = DOCTEST_OPTIONS.search(bare)
    if options:
        kept = [option for option in re.split(r"[,\s]+", options.group(1)) if option not in ("", "+EXPECTED_FAILURE", "+SKIP")]
        bare = bare[:options.start()] + ("# doctest: " + " ".join(kept) if kept else "")
    return bare.rstrip()


def strip_marks(source):
    """The text of a test file as CPython has it, as far as the marks tell."""
    if not MARK.search(source) and not ADDED_DECORATOR.search(source):
        return source
    lines = source.split("\n")
    uses_mock = re.search(r"#\s?@mock\.patch.*NOTE\(RUSTPYTHON\)", source) is not None
    at = 0
    marked_before = False
    while at < len(lines):
        line = lines[at]
        end = at + 1
        if DECORATOR.match(line):
            end = logical_end(lines, at)
            text = "\n".join(lines[at:end])
            if MARK.search(text) or ADDED_DECORATOR.match(line) or marked_before:
                lines[at:end] = [""] * (end - at)
                if is_carrier(lines, end):
                    lines[end:end + 2] = [HEADER.match(lines[end])[1] + "pass", ""]
        elif ASSIGNMENT.match(line):
            end = logical_end(lines, at)
            if MARK.search("\n".join(lines[at:end])):
                indent = line[:len(line) - len(line.lstrip())]
                lines[at:end] = [indent + "pass"] + [""] * (end - at - 1)
        elif DOCTEST_LINE.match(line):
            if MARK.search(line):
                lines[at] = strip_doctest(line)
        elif COMMENTED_OUT.match(line):
            if not OUT_OF_REACH.search(line):
                lines[at] = COMMENTED_OUT.sub(r"\1\2", line)
        elif uses_mock and COMMENTED_MOCK.match(line):
            lines[at] = COMMENTED_MOCK.sub(r"\1\2", line)
        marked_before = MARK_LINE.match(line) is not None and ";" not in line
        at = end
    return "\n".join(lines)


def copy_without_marks(package, target):
    """Copy the `test` package to `target`, its Python files stripped; returns how many files were changed."""
    changed = 0

    def copy(source, destination):
        nonlocal changed
        if source.endswith(".py"):
            with open(source, "rb") as stream:
                data = stream.read()
            if b"rustpython" in data.lower() or b"expectedFailureIf" in data:
                try:
                    text = data.decode("utf-8")
                except UnicodeDecodeError:
                    text = None
                if text is not None:
                    stripped = strip_marks(text)
                    if stripped != text:
                        changed += 1
                        with open(destination, "w", encoding="utf-8", newline="") as stream:
                            stream.write(stripped)
                        return destination
        return shutil.copy2(source, destination)

    shutil.copytree(package, target, symlinks=True, copy_function=copy, ignore=shutil.ignore_patterns("__pycache__"))
    os.makedirs(target, exist_ok=True)
    return changed
