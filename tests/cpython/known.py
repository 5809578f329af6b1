"""The list of known failures: reading, comparing, rewriting.

A line is `id  reason`; two spaces or more stand between them. `test_foo: import` in place of the id means that the whole file
cannot be loaded, `test_foo: crash` that its process dies outside of any method. Empty lines and lines that begin with `#` are
comments; rewriting the list leaves only those at its top. A reason that begins with `flaky` lets the method fail or pass.
"""

import os
import re

FAILED = ("fail", "error")
VIOLENT = ("crash", "timeout")
LONGEST_REASON = 120

HEADER = """\
# CPython's test methods that are known to fail, each with its reason. tests/cpython/README.md says how the list is used.
# It only shrinks: a line leaves it when its method passes, and a new line needs a reason why it cannot be mended now.
"""


def one_line(tail):
    """The line of a traceback that says most, without what differs from run to run."""
    lines = [line.strip() for line in tail.split("\n") if line.strip()]
    if not lines:
        return "no message"
    # Below the line that names the exception may come a difference of texts; the exception's line begins with a name and a colon.
    chosen = lines[-1]
    for line in reversed(lines):
        if re.match(r"[A-Za-z_][\w.]*(Error|Exception|Warning|Interrupt|Exit|Iteration|Group)\b", line):
            chosen = line
            break
    chosen = re.sub(r"0x[0-9a-fA-F]{4,}", "0x...", chosen)
    chosen = re.sub(r"/tmp/[^\s'\"]*", "/tmp/...", chosen)
    chosen = "".join(char if char.isprintable() and ord(char) < 127 else "?" for char in chosen)
    return chosen if len(chosen) <= LONGEST_REASON else chosen[:LONGEST_REASON - 3] + "..."


def load(path):
    """{id: reason}"""
    entries = {}
    if not os.path.exists(path):
        return entries
    with open(path, encoding="utf-8") as stream:
        for line in stream:
            line = line.strip()
            if line and not line.startswith("#"):
                identity, _, reason = line.partition("  ")
                entries[identity] = reason.strip()
    return entries


def file_of(identity):
    """The test file that an id belongs to."""
    return re.split(r"[.:]", identity, maxsplit=1)[0]


def is_file_line(identity):
    """Whether a line speaks of a whole file."""
    return identity.endswith((": import", ": crash"))


def module_key(run):
    """The list's name for a failure of the whole file, or None where it has none."""
    return "%s: %s" % (run.name, run.module) if run.module in ("import", "crash") else None


def compare(entries, runs, partial=False):
    """What makes a run red, one line each: new failures, new passes, crashes, hangs, lines that nothing answers to."""
    red = []
    for run in runs:
        mine = {key: reason for key, reason in entries.items() if file_of(key) == run.name}
        if run.module in VIOLENT or run.module == "missing":
            red.append("%s: %s: %s" % (run.name, run.module, one_line(run.tail)))
        elif run.module == "import" and module_key(run) not in mine:
            red.append("%s cannot be loaded: %s" % (run.name, one_line(run.tail)))
        elif run.module is None and run.name + ": import" in mine and not partial:
            red.append("%s: is listed as not loadable, and loads" % run.name)
        for identity, method in run.methods.items():
            outcome = method["outcome"]
            listed = mine.pop(identity, None)
            if outcome in VIOLENT:
                red.append("%s: %s: %s" % (outcome, identity, one_line(method["tail"])))
            elif listed is not None and listed.startswith("flaky"):
                continue
            elif outcome in FAILED and listed is None:
                red.append("newly fails: %s: %s" % (identity, one_line(method["tail"])))
            elif outcome not in FAILED and outcome != "skip" and listed is not None:
                red.append("newly passes: " + identity)
        if run.module is None and not partial:
            red += ["is listed, but does not exist: " + key for key in sorted(mine) if not is_file_line(key)]
    return red


def update(path, runs, partial=False, header=HEADER):
    """Rewrite the list for the files that were run; reasons that stand there are kept."""
    entries = load(path)
    names = {run.name for run in runs}
    ran = {identity for run in runs for identity in run.methods}
    kept = {key: reason for key, reason in entries.items()
            if file_of(key) not in names or (partial and key not in ran)}
    for run in runs:
        key = module_key(run)
        if key is not None:
            kept[key] = entries.get(key) or one_line(run.tail)
            if run.module == "import":
                continue
        for identity, method in run.methods.items():
            listed = entries.get(identity)
            if listed is not None and (method["outcome"] == "skip" or listed.startswith("flaky")):
                kept[identity] = listed
            elif method["outcome"] in FAILED:
                kept[identity] = listed or one_line(method["tail"])
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(header)
        for identity in sorted(kept):
            stream.write("%s  %s\n" % (identity, kept[identity]))
