"""A plugin of pytest: logs one JSON line for the start and one for the result of each test. Runs in the interpreter under test.

    OUTCOMES_LOG=FILE    where the lines go
    OUTCOMES_DONE=FILE   ids, one a line, that are not to be run (again)

The events are those of tests/cpython/child.py. The log is opened for each line anew, so that a test which ends the process leaves
the lines before it. A test is named by its file without `.py` and its path within the file.
"""

import json
import os
import time

import pytest

LAST_LINES = 12


def identity_of(nodeid):
    """`lib/tests/test_x.py::TestY::test_z[a]` as the list of known failures names it: printable, no two spaces in a row."""
    name = nodeid.replace(".py::", "::", 1)
    name = "".join(char if 32 <= ord(char) < 127 else "\\u%04x" % ord(char) for char in name)
    return name.replace("  ", " \\x20")


class Outcomes:
    """Follows a session, and writes events."""

    def __init__(self):
        self.path = os.environ["OUTCOMES_LOG"]
        self.pid = os.getpid()
        with open(os.environ["OUTCOMES_DONE"], encoding="utf-8") as stream:
            self.done = set(stream.read().split("\n"))
        # Tests replace these.
        self.open, self.write, self.close, self.getpid = os.open, os.write, os.close, os.getpid
        self.flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        self.dumps = json.dumps
        self.clock = time.monotonic
        self.started = 0.0
        self.outcome = "ok"
        self.tail = ""

    def event(self, kind, **facts):
        # A forked child of a test shares the code, but is not this process.
        if self.getpid() != self.pid:
            return
        line = self.dumps(dict(event=kind, **facts)).encode("ascii") + b"\n"
        descriptor = self.open(self.path, self.flags, 0o600)
        try:
            self.write(descriptor, line)
        finally:
            self.close(descriptor)

    def pytest_collectreport(self, report):
        if report.failed:
            self.event("module", outcome="import", tail=last_lines(report))

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items):
        items[:] = [item for item in items if identity_of(item.nodeid) not in self.done]

    def pytest_collection_finish(self, session):
        self.event("loaded")

    def pytest_runtest_logstart(self, nodeid):
        self.outcome, self.tail = "ok", ""
        self.started = self.clock()
        self.event("start", id=identity_of(nodeid))

    def pytest_runtest_logreport(self, report):
        if report.failed and self.outcome in ("ok", "skip", "xfail"):
            self.outcome = "fail" if report.when == "call" else "error"
            self.tail = last_lines(report)
        elif report.skipped and self.outcome == "ok":
            self.outcome = "xfail" if hasattr(report, "wasxfail") else "skip"

    def pytest_runtest_logfinish(self, nodeid):
        seconds = round(self.clock() - self.started, 3)
        self.event("result", id=identity_of(nodeid), outcome=self.outcome, seconds=seconds, tail=self.tail)

    def pytest_sessionfinish(self, session):
        self.event("end")


def last_lines(report):
    """The end of what pytest says about a failure, the exception's own line last."""
    text = report.longreprtext
    crash = getattr(getattr(report.longrepr, "reprcrash", None), "message", "")
    return "\n".join(text.splitlines()[-LAST_LINES:] + crash.splitlines()[:1])


def pytest_configure(config):
    config.pluginmanager.register(Outcomes())
