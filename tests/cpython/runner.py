#!/usr/bin/env python3
"""Run CPython's own test files under an interpreter, count methods, and compare with the list of known failures.

    runner.py --python target/release/rpy --tests DIR [--strip-marks] [-j N] [names...]

Each file runs in a child process (child.py). A method that ends the process is marked as a crash, one that takes too long as a timeout,
and the file goes on after it. See tests/cpython/README.md.
"""

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

import known
import marks

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))

# The files for the language itself and for the modules that every program uses.
DEFAULT = """
    test_grammar test_syntax test_int test_float test_complex test_bool test_str test_bytes test_list test_tuple test_dict
    test_set test_range test_slice test_iter test_generators test_coroutines test_exceptions test_exception_group test_with
    test_class test_descr test_super test_property test_decorators test_scope test_patma test_type_params test_fstring
    test_tstring test_format test_unpack test_unpack_ex test_extcall test_functools test_itertools test_collections
    test_operator test_math test_struct test_json test_re test_enum test_dataclasses test_contextlib test_copy test_weakref
    test_gc test_import test_io test_threading test_datetime test_traceback test_builtin test_sys
""".split()

PASSED = ("ok", "xfail")
FAILED = ("fail", "error", "crash", "timeout")
POLL = 0.05
EXIT_GRACE = 60.0
MOST_RESTARTS = 100


# ---- where the tests are -------------------------------------------------------------------------------------------


def ask(command, code):
    """What the interpreter prints for a line of code; None where it cannot."""
    try:
        done = subprocess.run(command + ["-c", code], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode("utf-8", "replace").strip() if done.returncode == 0 else None


def is_test_package(path):
    return os.path.isfile(os.path.join(path, "__init__.py")) and os.path.isdir(os.path.join(path, "support"))


def own_package(command):
    """The `test` package that an interpreter brings along, if it has one."""
    found = ask(command, "import test.support, test; print(list(test.__path__)[0])")
    return found if found and is_test_package(found) else None


def find_package(given, command):
    """The folder of the `test` package: the one given, or that of an installed Python of the same version."""
    if given:
        for path in (given, os.path.join(given, "test"), os.path.join(given, "Lib", "test")):
            if is_test_package(path):
                return os.path.abspath(path)
        return None
    found = own_package(command)
    if found:
        return found
    version = ask(command, "import sys; print('%d.%d' % sys.version_info[:2])") or "3.14"
    for name in ("python" + version, "python3"):
        where = shutil.which(name)
        if where and ask([where], "import sys; print('%d.%d' % sys.version_info[:2])") == version:
            found = own_package([where])
            if found:
                return found
    return None


def lay_out(package, strip, workdir):
    """A folder with nothing but the package in it: put in front of sys.path, it hides no other module."""
    folder = os.path.join(workdir, "tests")
    os.mkdir(folder)
    target = os.path.join(folder, "test")
    if strip:
        changed = marks.copy_without_marks(package, target)
        print("took marks out of %d files" % changed, flush=True)
    else:
        os.symlink(package, target)
    return folder


def files_of(package, name):
    """The source files that belong to a test name."""
    single = os.path.join(package, name + ".py")
    if os.path.isfile(single):
        return [single]
    folder = os.path.join(package, name)
    if not os.path.isdir(folder):
        return []
    return [os.path.join(base, entry) for base, _, entries in sorted(os.walk(folder)) for entry in sorted(entries)
            if entry.endswith(".py") and (entry.startswith("test") or entry == "__init__.py")]


def count_methods(package, name):
    """How many test methods a file spells out: what is lost when it cannot be loaded."""
    count = 0
    for path in files_of(package, name):
        with open(path, encoding="utf-8", errors="replace") as stream:
            count += len(re.findall(r"^[ \t]+(?:async )?def test\w*\(", stream.read(), re.MULTILINE))
    return max(count, 1)


# ---- running one file ----------------------------------------------------------------------------------------------


class FileRun:
    """One test file: its processes, and what became of its methods."""

    def __init__(self, name, options, tests, package, workdir):
        self.name = name
        self.options = options
        self.tests = tests
        self.package = package
        self.folder = os.path.join(workdir, name.replace("/", "-"))
        self.methods = {}
        self.module = None
        self.tail = ""
        self.seconds = 0.0
        self.restarts = 0
        self.spelled = 0

    def run(self):
        start = time.monotonic()
        self.spelled = self.count()
        if not self.spelled:
            self.module, self.tail = "missing", "the test package has no such file"
            return self
        os.mkdir(self.folder)
        deadline = start + self.options.file_timeout
        try:
            while self.one_process(deadline):
                self.restarts += 1
                if self.restarts > MOST_RESTARTS:
                    self.module, self.tail = "crash", "more than %d crashes; gave up" % MOST_RESTARTS
                    break
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)
        self.seconds = time.monotonic() - start
        return self

    def one_process(self, deadline):
        """Run the methods that are left in one process; True where another process must go on after this one."""
        turn = os.path.join(self.folder, "run%d" % self.restarts)
        os.mkdir(turn)
        cwd = os.path.join(turn, "cwd")
        os.mkdir(cwd)
        log, done, output = (os.path.join(turn, name) for name in ("log", "done", "output"))
        with open(done, "w", encoding="utf-8") as stream:
            stream.write("\n".join(self.methods))
        reader = LogReader(log)
        with open(output, "wb") as sink:
            process = subprocess.Popen(self.command(log, done), cwd=cwd, env=self.environment(turn), stdin=subprocess.DEVNULL,
                                       stdout=sink, stderr=subprocess.STDOUT, start_new_session=True)
            try:
                why = self.watch(process, reader, deadline)
            finally:
                end_group(process)
        reader.read()
        self.methods.update(reader.results)
        again = self.judge(reader, process.returncode, why, output)
        shutil.rmtree(turn, ignore_errors=True)
        return again

    def count(self):
        """How many test methods the file spells out; 0 where there is no such file."""
        return count_methods(self.package, self.name) if files_of(self.package, self.name) else 0

    def command(self, log, done):
        """The command that runs the methods which are not in `done`, and logs them."""
        arguments = ["log=" + log, "done=" + done, "tests=" + self.tests, "match=" + self.options.match,
                     "resources=" + self.options.resources, "memory=%d" % self.options.memory, "lend=" + self.options.lend,
                     self.name]
        return self.options.command + [os.path.join(HERE, "child.py")] + arguments

    def environment(self, turn):
        env = dict(os.environ)
        for name in ("PYTHONSTARTUP", "PYTHONWARNINGS", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "PYTHON_COLORS",
                     "FORCE_COLOR", "NO_COLOR", "PYTHONOPTIMIZE", "PYTHONHOME", "PYTHONPYCACHEPREFIX"):
            env.pop(name, None)
        temporary = os.path.join(turn, "tmp")
        os.mkdir(temporary)
        # Tests start interpreters of their own, which must find the package too.
        path = [self.tests] + ([env["PYTHONPATH"]] if env.get("PYTHONPATH") else [])
        env.update(PYTHONPATH=os.pathsep.join(path), TMPDIR=temporary)
        env.setdefault("LANG", "C.UTF-8")
        return env

    def watch(self, process, reader, deadline):
        """Wait for the process; kill it, and say why, where a method or the file takes too long."""
        last = time.monotonic()
        pause = 0.005
        while True:
            try:
                process.wait(pause)
                return None
            except subprocess.TimeoutExpired:
                pause = POLL
            now = time.monotonic()
            if reader.read():
                last = now
            why = None
            if now > deadline:
                why = "the file took longer than %g s" % self.options.file_timeout
            elif reader.ended and now - last > EXIT_GRACE:
                why = "the process did not end after the last test"
            elif now - last > self.options.timeout:
                why = "took longer than %g s" % self.options.timeout
            if why:
                end_group(process)
                return why

    def judge(self, reader, status, why, output):
        """Fold what a process left behind into the results; True where methods may be left."""
        if reader.module is not None:
            self.module, self.tail = reader.module
            return False
        if reader.ended and status == 0:
            return False
        outcome = "timeout" if why else "crash"
        text = why or describe(status)
        lines = last_output(output)
        if lines:
            text = lines + "\n" + text
        if reader.open is not None:
            self.methods[reader.open] = {"outcome": outcome, "seconds": 0, "tail": text}
            if why and why.startswith("the file"):
                self.module, self.tail = outcome, why
                return False
            return True
        # Nothing was running: it happened while the file was loaded, or while the interpreter shut down.
        self.module, self.tail = outcome, text
        return False


def end_group(process):
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass
    process.wait()


def describe(status):
    if status < 0:
        try:
            return "killed by " + signal.Signals(-status).name
        except ValueError:
            return "killed by signal %d" % -status
    return "ended with exit status %d" % status


def last_output(path):
    with open(path, "rb") as stream:
        stream.seek(0, os.SEEK_END)
        stream.seek(max(0, stream.tell() - 20000))
        lines = stream.read().decode("utf-8", "replace").splitlines()
    return "\n".join([line for line in lines if line.strip()][-150:])


class LogReader:
    """Follows a child's log as it grows."""

    def __init__(self, path):
        self.path = path
        self.offset = 0
        self.rest = b""
        self.results = {}
        self.open = None
        self.ended = False
        self.module = None

    def read(self):
        """Take in what is new; whether there was anything."""
        try:
            with open(self.path, "rb") as stream:
                stream.seek(self.offset)
                data = stream.read()
        except FileNotFoundError:
            return False
        self.offset += len(data)
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            self.take(json.loads(line.decode("ascii")))
        return bool(data)

    def take(self, event):
        kind = event.pop("event")
        if kind == "start":
            self.open = event["id"]
        elif kind == "result":
            identity = event.pop("id")
            self.results[identity] = event
            if identity == self.open:
                self.open = None
        elif kind == "module":
            self.module = event["outcome"], event["tail"]
        elif kind == "end":
            self.ended = True


# ---- counting and judging ------------------------------------------------------------------------------------------


def summary_of(run):
    """The counts of one file."""
    outcomes = [method["outcome"] for method in run.methods.values()]
    passed = sum(outcome in PASSED for outcome in outcomes)
    failed = sum(outcome in FAILED for outcome in outcomes)
    counts = {"passed": passed, "failed": failed, "skipped": outcomes.count("skip"), "crashed": outcomes.count("crash"),
              "hung": outcomes.count("timeout")}
    if run.module in ("import", "crash", "timeout") and not outcomes:
        # Nothing ran, but something should have: its methods count as failed.
        counts["failed"] = failed = run.spelled
        counts["estimated"] = True
    counts["run"] = passed + failed
    counts["percent"] = percent(passed, passed + failed)
    return counts


def percent(passed, run):
    return round(100.0 * passed / run, 2) if run else None


def total_of(summaries):
    total = {key: sum(summary[key] for summary in summaries) for key in ("run", "passed", "failed", "skipped", "crashed", "hung")}
    total["percent"] = percent(total["passed"], total["run"])
    return total


def line_of(run, counts):
    share = "-" if counts["percent"] is None else "%.1f %%" % counts["percent"]
    line = "%-24s run %5d  passed %5d  failed %4d  skipped %4d  %8s  %6.1f s" % (
        run.name, counts["run"], counts["passed"], counts["failed"], counts["skipped"], share, run.seconds)
    for key in ("crashed", "hung"):
        if counts[key]:
            line += "  %s: %d" % (key, counts[key])
    if run.module is not None:
        line += "  [%s: %s]" % (run.module, known.one_line(run.tail))
    return line


class Progress:
    """Works through the files with some threads, and prints each as it is done."""

    def __init__(self, runs, jobs):
        self.waiting = list(reversed(runs))
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.work) for _ in range(jobs)]
        self.problems = []

    def run(self):
        for thread in self.threads:
            thread.start()
        for thread in self.threads:
            thread.join()
        if self.problems:
            raise self.problems[0]

    def work(self):
        while True:
            with self.lock:
                if not self.waiting or self.problems:
                    return
                run = self.waiting.pop()
            try:
                run.run()
            except BaseException as problem:
                self.problems.append(problem)
                return
            with self.lock:
                print(line_of(run, summary_of(run)), flush=True)


def print_reasons(runs, most):
    """The most frequent last lines of tracebacks: what to mend first."""
    counts = {}
    for run in runs:
        if run.module in ("import", "crash", "timeout"):
            counts.setdefault(known.one_line(run.tail), []).append(run.name)
        for identity, method in run.methods.items():
            if method["outcome"] in FAILED:
                reason = known.one_line(method["tail"])
                counts.setdefault(reason, []).append(identity)
    if counts:
        print("\nmost frequent reasons:")
    for reason, identities in sorted(counts.items(), key=lambda item: -len(item[1]))[:most]:
        print("%5d  %s  (%s)" % (len(identities), reason, identities[0]))


def parse(argv):
    parser = argparse.ArgumentParser(prog="runner.py", description="Run CPython's test files under an interpreter.")
    parser.add_argument("names", nargs="*", help="test files, such as test_int; a default list where none is given")
    parser.add_argument("--python", default=os.path.join(ROOT, "target", "release", "rpy"), metavar="COMMAND",
                        help="the interpreter, with options if need be (default: target/release/rpy)")
    parser.add_argument("--tests", metavar="DIR", help="the `test` package, or the folder it is in; an installed CPython's otherwise")
    parser.add_argument("--strip-marks", action="store_true", help="take RustPython's marks out (of a temporary copy)")
    parser.add_argument("-j", "--jobs", type=int, default=1, metavar="N", help="files at a time")
    parser.add_argument("--timeout", type=float, default=120.0, metavar="S", help="time limit of a method (default: 120 s)")
    parser.add_argument("--file-timeout", type=float, default=1800.0, metavar="S", help="time limit of a file (default: 1800 s)")
    parser.add_argument("--memory", type=int, default=8192, metavar="MB", help="address space of a child, 0 for no limit")
    parser.add_argument("--resources", default="", metavar="A,B", help="test resources to allow, such as cpu,network")
    parser.add_argument("--match", default="", metavar="TEXT", help="only methods whose id contains the text")
    parser.add_argument("--known", default=os.path.join(HERE, "known_failures.txt"), metavar="FILE", help="the list of known failures")
    parser.add_argument("--no-known", action="store_true", help="count only: compare with no list")
    parser.add_argument("--update", action="store_true", help="rewrite the list for the files that were run")
    parser.add_argument("--at-least", type=float, metavar="PERCENT", help="also fail where fewer methods pass in total")
    parser.add_argument("--json", metavar="FILE", help="write all outcomes there")
    parser.add_argument("--reasons", type=int, default=0, metavar="N", help="print the N most frequent reasons of failures")
    parser.add_argument("-v", "--verbose", action="store_true", help="print the end of each failure's traceback")
    return parser.parse_args(argv)


def command_of(text):
    import shlex

    words = shlex.split(text)
    where = shutil.which(words[0]) if words else None
    if where is None:
        sys.exit("runner.py: there is no interpreter " + text)
    # Not resolved further: a virtual environment's `python` is a link, and its place matters.
    return [os.path.abspath(where)] + words[1:]


def print_total(runs):
    """Print the counts of all files together, and return them."""
    total = total_of([summary_of(run) for run in runs])
    print("\n%-24s run %5d  passed %5d  failed %4d  skipped %4d  %8s  (crashed %d, hung %d)" % (
        "total", total["run"], total["passed"], total["failed"], total["skipped"],
        "-" if total["percent"] is None else "%.2f %%" % total["percent"], total["crashed"], total["hung"]))
    return total


def print_failures(runs):
    """Print the end of each failure's traceback."""
    for run in runs:
        for identity, method in run.methods.items():
            if method["outcome"] in FAILED:
                print("\n%s: %s\n    %s" % (method["outcome"], identity, method["tail"].replace("\n", "\n    ")))


def write_report(path, options, runs, verdict):
    """Write all outcomes as JSON."""
    with open(path, "w", encoding="utf-8") as stream:
        json.dump(report(options, runs, verdict), stream, indent=1, sort_keys=True)
        stream.write("\n")


def report(options, runs, verdict):
    files = {}
    for run in runs:
        files[run.name] = dict(summary_of(run), module=run.module, tail=run.tail, seconds=round(run.seconds, 2), methods=run.methods)
    return {"python": options.command, "total": total_of([summary_of(run) for run in runs]), "files": files, "red": verdict}


def main(argv=None):
    options = parse(argv)
    options.command = command_of(options.python)
    package = find_package(options.tests, options.command)
    if package is None:
        print("No `test` package of CPython found%s: nothing was run." % (" in " + options.tests if options.tests else ""))
        return 0
    options.lend = "" if own_package(options.command) else "1"
    names = [name[:-3] if name.endswith(".py") else name for name in options.names] or DEFAULT
    workdir = tempfile.mkdtemp(prefix="rpy-cpython-tests-")
    try:
        tests = lay_out(package, options.strip_marks, workdir)
        runs = [FileRun(name, options, tests, os.path.join(tests, "test"), workdir) for name in names]
        Progress(runs, max(1, options.jobs)).run()
        total = print_total(runs)
    finally:
        shutil.rmtree(workdir, ignore_errors=True)
    if options.verbose:
        print_failures(runs)
    if options.reasons:
        print_reasons(runs, options.reasons)
    if options.update:
        known.update(options.known, runs, partial=bool(options.match))
        print("wrote " + options.known)
    verdict = []
    if not options.no_known:
        verdict = known.compare(known.load(options.known), runs, partial=bool(options.match))
    if options.at_least is not None and (total["percent"] or 0) < options.at_least:
        verdict.append("only %s %% passed, not %g %%" % (total["percent"], options.at_least))
    if options.json:
        write_report(options.json, options, runs, verdict)
    for line in verdict:
        print("RED: " + line)
    return 1 if verdict else 0


if __name__ == "__main__":
    sys.exit(main())
