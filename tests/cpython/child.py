"""Run one CPython test file and log one JSON line for each test method. Executed by the interpreter under test.

    child.py KEY=VALUE... NAME

    tests=DIR       put in front of sys.path; holds the package `test`
    log=FILE        where the lines go
    done=FILE       ids, one a line, that are not to be run (again)
    match=TEXT      run only methods whose id contains the text
    resources=A,B   test resources to allow
    memory=MB       limit of the address space
    lend=1          interpreters started by tests need to be told where the package is

The log is opened for each line anew and nothing is kept in memory, so that a method which ends the process leaves the lines before
it. Only `sys`, `os` and `unittest` are imported here, as a young interpreter can do little; everything else is optional.

Events, in this order: `loaded`; then for each method `start` and `result`; `end`. A file that cannot be loaded logs one `module`.
"""

import os
import sys

LAST_LINES = 12
RANKS = ["skip", "ok", "xfail", "fail", "error"]


def quoted(text):
    """`text` as a JSON string, in ASCII."""
    out = ['"']
    for char in text:
        code = ord(char)
        if char in '"\\':
            out.append("\\" + char)
        elif 32 <= code < 127:
            out.append(char)
        elif code > 0xFFFF:
            code -= 0x10000
            out.append("\\u%04x\\u%04x" % (0xD800 + (code >> 10), 0xDC00 + (code & 0x3FF)))
        else:
            out.append("\\u%04x" % code)
    out.append('"')
    return "".join(out)


class Log:
    """Appends events to a file. A forked child of a test shares the code, but must not write: it is not this process."""

    def __init__(self, path):
        self.path = path
        self.pid = os.getpid()
        # Tests replace these, and change the folder.
        self.open, self.write, self.close, self.getpid = os.open, os.write, os.close, os.getpid
        self.flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND

    def event(self, kind, **facts):
        if self.getpid() != self.pid:
            return
        parts = ['"event": ' + quoted(kind)]
        for name in facts:
            value = facts[name]
            if isinstance(value, str):
                value = quoted(value)
            parts.append(quoted(name) + ": " + str(value))
        handle = self.open(self.path, self.flags, 0o644)
        try:
            self.write(handle, ("{" + ", ".join(parts) + "}\n").encode("ascii"))
        finally:
            self.close(handle)


def clock():
    try:
        from time import perf_counter
    except ImportError:
        return lambda: 0.0
    return perf_counter


def last_lines(problem):
    """The end of an exception's traceback; less where the interpreter cannot tell."""
    kind, value, trace = problem
    try:
        import traceback

        text = "".join(traceback.format_exception(kind, value, trace))
    except BaseException:
        try:
            text = "%s: %s" % (kind.__name__, value)
        except BaseException:
            text = "an exception that cannot be printed"
    lines = [line for line in text.rstrip().split("\n") if line.strip()]
    return "\n".join(lines[-LAST_LINES:])


def options_of(arguments):
    options = {}
    for argument in arguments[:-1]:
        key, _, value = argument.partition("=")
        options[key] = value
    options["name"] = arguments[-1]
    return options


def prepare(options):
    """What CPython's own runner sets up before a test, as far as it can be had."""
    if options.get("memory"):
        try:
            import resource

            limit = int(options["memory"]) << 20
            resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        except Exception:
            pass
    try:
        import faulthandler

        faulthandler.enable()
    except Exception:
        pass
    # The folder of this script would come first, and its modules are nobody's business here.
    if sys.path and os.path.abspath(sys.path[0] or ".") == os.path.dirname(os.path.abspath(__file__)):
        del sys.path[0]
    if options.get("tests"):
        sys.path.insert(0, options["tests"])
    from test import support

    support.use_resources = {name: None for name in options.get("resources", "").split(",") if name}
    if options.get("lend"):
        lend_package(options["tests"])


def lend_package(tests):
    """Let the interpreters which tests start find the package.

    They are started with `-I`, which ignores PYTHONPATH, since elsewhere the package is part of the library. Where the
    interpreter under test has no such package of its own, it is told in a way that counts.
    """
    try:
        from test.support import script_helper
    except Exception:
        return
    original = script_helper.run_python_until_end

    def run_python_until_end(*args, **env_vars):
        if not [name for name in env_vars if not name.startswith("__")] and "__isolated" not in env_vars:
            env_vars.update({"__isolated": False, "PYTHONPATH": tests})
        return original(*args, **env_vars)

    script_helper.run_python_until_end = run_python_until_end


def flat(suite):
    """The single tests of nested suites."""
    try:
        inner = list(suite)
    except TypeError:
        yield suite
        return
    for item in inner:
        for test in flat(item):
            yield test


def keys_of(tests, name):
    """Give each test a key: its id below the file's name, made unique."""
    seen = {}
    for test in tests:
        key = key_of(test.id(), name)
        seen[key] = seen.get(key, 0) + 1
        if seen[key] > 1:
            key += "#%d" % seen[key]
        yield key, test


def key_of(text, name):
    if text.startswith("test."):
        text = text[5:]
    if text != name and not text.startswith(name + "."):
        text = name + "." + text
    return "_".join(text.split())


def run(options, log):
    name = options["name"]
    now = clock()
    try:
        prepare(options)
        import unittest

        module = __import__("test." + name, None, None, ["*"])
        tests = unittest.defaultTestLoader.loadTestsFromModule(module)
    except BaseException as problem:
        skip = type(problem).__name__ in ("SkipTest", "ResourceDenied")
        tail = str(problem) if skip else last_lines((type(problem), problem, problem.__traceback__))
        log.event("module", outcome="skip" if skip else "import", tail=tail)
        return
    try:
        import warnings

        if not sys.warnoptions:
            warnings.simplefilter("default")
    except Exception:
        pass
    from unittest.suite import _ErrorHolder

    class Result(unittest.TestResult):
        """Notes the worst thing that happened to the test that is running."""

        key = None
        outcome = None
        tail = ""
        began = 0.0
        fixture = ("error", "neither ran nor failed")

        def note(self, outcome, tail=""):
            if self.outcome is None or RANKS.index(outcome) > RANKS.index(self.outcome):
                self.outcome, self.tail = outcome, tail

        def begin(self, key):
            self.key, self.outcome, self.tail, self.began = key, None, "", now()
            log.event("start", id=key)

        def finish(self):
            if self.key is None:
                return
            if self.outcome is None:
                # Its class or its module could not be set up: it shares their fate.
                self.outcome, self.tail = self.fixture
            log.event("result", id=self.key, outcome=self.outcome, seconds=round(now() - self.began, 4), tail=self.tail)
            self.key = None

        def problem(self, test, outcome, tail):
            if not isinstance(test, _ErrorHolder):
                self.note(outcome, tail)
            elif test.description.startswith("setUp"):
                self.fixture = (outcome, test.description + ": " + tail)
            elif outcome != "skip":
                what, _, where = test.description.partition(" ")
                key = key_of(where.strip("()") + "." + what, name)
                log.event("result", id=key, outcome=outcome, seconds=0, tail=tail)

        def addSuccess(self, test):
            self.note("ok")

        def addError(self, test, err):
            self.problem(test, "error", last_lines(err))

        def addFailure(self, test, err):
            self.problem(test, "fail", last_lines(err))

        def addSkip(self, test, reason):
            self.problem(test, "skip", str(reason))

        def addExpectedFailure(self, test, err):
            self.note("xfail")

        def addUnexpectedSuccess(self, test):
            self.note("fail", "unexpected success")

        def addSubTest(self, test, subtest, err):
            if err is not None:
                failed = issubclass(err[0], test.failureException)
                self.note("fail" if failed else "error", subtest._subDescription() + "\n" + last_lines(err))

    class Suite(unittest.TestSuite):
        """Hands out the tests that are left, and tells the result where it stands."""

        def __iter__(self):
            while left:
                key, test = left.pop()
                result.begin(key)
                yield test
                result.finish()

        def _removeTestAtIndex(self, index):
            pass

    done = set()
    if options.get("done"):
        with open(options["done"], encoding="utf-8") as stream:
            done.update(stream.read().split("\n"))
    wanted = options.get("match", "")
    left = [pair for pair in keys_of(flat(tests), name) if pair[0] not in done and wanted in pair[0]]
    left.reverse()
    log.event("loaded", tests=len(left))
    del tests
    finished = False
    while not finished:
        result = Result()
        before = len(left)
        try:
            Suite().run(result)
            finished = True
        except BaseException as problem:
            # KeyboardInterrupt, say: unittest lets it through. The test is over, the others are not.
            result.note("error", last_lines((type(problem), problem, problem.__traceback__)))
            result.finish()
            finished = len(left) == before
    log.event("end")


if __name__ == "__main__":
    chosen = options_of(sys.argv[1:])
    run(chosen, Log(os.path.abspath(chosen["log"])))
