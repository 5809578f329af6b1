#!/usr/bin/env python3
"""Run numpy's own tests, from its unmodified wheel, under an interpreter, and compare with the list of known failures.

    run.py --python target/release/rpy [--jit off|on|eager] [-j N] [names...]

The wheel and what its tests need (requirements.txt) are installed with pip into a virtual environment of the interpreter, under
target/. Each test file runs in a process of its own, under pytest with the plugin numpy_outcomes.py. See tests/numpy/README.md.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
REQUIREMENTS = os.path.join(HERE, "requirements.txt")
sys.path.insert(1, os.path.join(os.path.dirname(HERE), "cpython"))

import known
import runner

HEADER = """\
# numpy's tests that are known to fail, each with its reason. tests/numpy/README.md says how the list is used.
# It only shrinks: a line leaves it when its test passes, and a new line needs a reason why it cannot be mended now.
"""

# A cross-section: what extension modules do with types, buffers, iterators, descriptors, capsules, warnings and streams.
FAST = """
    _core/tests/test_api _core/tests/test_array_coercion _core/tests/test_arraymethod _core/tests/test_custom_dtypes
    _core/tests/test_dlpack _core/tests/test_indexing _core/tests/test_item_selection _core/tests/test_memmap
    _core/tests/test_nditer _core/tests/test_overrides _core/tests/test_records _core/tests/test_regression
    _core/tests/test_scalarbuffer _core/tests/test_ufunc fft/tests/test_pocketfft lib/tests/test_index_tricks lib/tests/test_io
    linalg/tests/test_regression ma/tests/test_subclassing random/tests/test_direct tests/test_configtool tests/test_ctypeslib
""".split()


# ---- the environment -----------------------------------------------------------------------------------------------


def environment_folder(python):
    """Where the interpreter's environment is: another one for other requirements."""
    with open(REQUIREMENTS, "rb") as stream:
        key = hashlib.sha1(stream.read() + python.encode()).hexdigest()[:12]
    return os.path.join(ROOT, "target", "numpy-tests", key)


def make_environment(python):
    """The Python of an environment with numpy in it: the one from last time, or a new one."""
    folder = environment_folder(python)
    inside = os.path.join(folder, "bin", "python")
    complete = os.path.join(folder, "complete")
    if os.path.exists(complete):
        return inside
    os.makedirs(os.path.dirname(folder), exist_ok=True)
    pip = [inside, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary=:all:"]
    for command in ([python, "-m", "venv", "--clear", folder], pip + ["-r", REQUIREMENTS]):
        if subprocess.run(command, stdin=subprocess.DEVNULL, cwd=ROOT).returncode != 0:
            sys.exit("run.py: failed: " + " ".join(command))
    with open(complete, "w"):
        pass
    return inside


def package_folder(python):
    """Where numpy is installed."""
    found = runner.ask([python, "-P"], "import importlib.util as u; print(*u.find_spec('numpy').submodule_search_locations)")
    if not found:
        sys.exit("run.py: there is no numpy for " + python)
    return found


def test_files(package):
    """The names of all test files: their paths in the package, without `.py`."""
    found = []
    for folder, _, entries in os.walk(package):
        for entry in entries:
            if entry.startswith("test_") and entry.endswith(".py") and os.path.basename(folder) == "tests":
                found.append(os.path.relpath(os.path.join(folder, entry[:-3]), package))
    return sorted(found)


# ---- the examples --------------------------------------------------------------------------------------------------


def run_examples(python):
    """Do the programs of examples/arrays and of programs/ print what CPython prints, whatever the JIT does? The number of those that do not."""
    bad = 0
    for folder in (os.path.join(ROOT, "examples", "arrays"), os.path.join(HERE, "programs")):
        for name in sorted(entry[:-3] for entry in os.listdir(folder) if entry.endswith(".py")):
            with open(os.path.join(folder, "expected", name + ".txt"), encoding="utf-8") as stream:
                expected = stream.read()
            for mode in ("off", "on", "eager"):
                words = [python, "-X", "jit=" + mode, os.path.join(folder, name + ".py")]
                try:
                    done = subprocess.run(words, capture_output=True, text=True, timeout=120)
                except subprocess.TimeoutExpired:
                    print("%s with jit=%s: does not end" % (name, mode))
                    bad += 1
                    continue
                if done.returncode or done.stdout != expected:
                    print("%s with jit=%s: %s" % (name, mode, done.stderr.strip().splitlines()[-1:] or "prints something else"))
                    bad += 1
    print("%d examples went wrong" % bad)
    return bad


# ---- running -------------------------------------------------------------------------------------------------------


class NumpyRun(runner.FileRun):
    """One of numpy's test files."""

    def count(self):
        try:
            with open(os.path.join(self.package, self.name + ".py"), encoding="utf-8") as stream:
                return max(1, len(re.findall(r"^\s*(?:async )?def test\w*\(", stream.read(), re.MULTILINE)))
        except FileNotFoundError:
            return 0

    def command(self, log, done):
        self.log, self.done = log, done
        command = self.options.command + ["-P", "-m", "pytest", "-q", "--tb=short", "-p", "no:cacheprovider", "-p", "numpy_outcomes",
                                          "-c", os.devnull, "--rootdir", self.package]
        if not self.options.slow:
            command += ["-m", "not slow"]
        if self.options.match:
            command += ["-k", self.options.match]
        return command + [os.path.join(self.package, self.name + ".py")]

    def environment(self, turn):
        env = super().environment(turn)
        # Some tests run the package's commands. The amount of memory decides which tests are skipped; more threads than cores
        # only cost time.
        env["PATH"] = os.path.dirname(self.options.command[0]) + os.pathsep + env.get("PATH", os.defpath)
        env.update(PYTHONPATH=HERE, OUTCOMES_LOG=self.log, OUTCOMES_DONE=self.done, PYTHONHASHSEED="0", NPY_AVAILABLE_MEM="2 GB",
                   OPENBLAS_NUM_THREADS="1")
        for name in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS"):
            env.pop(name, None)
        return env

    def judge(self, reader, status, why, output):
        # pytest's statuses: 1 if tests failed, 5 if none were left, 2 if the file could not be loaded.
        return super().judge(reader, 0 if status in (1, 2, 5) else status, why, output)


def compare_with(path, runs):
    """Print which tests pass in another run, such as CPython's, and not in this one, and what share that leaves."""
    with open(path, encoding="utf-8") as stream:
        files = json.load(stream)["files"]
    here = {identity: method for run in runs for identity, method in run.methods.items()}
    names = {run.name for run in runs}
    there = [identity for name in names if name in files for identity, method in files[name]["methods"].items()
             if method["outcome"] in runner.PASSED]
    behind = [identity for identity in there if here.get(identity, {}).get("outcome") not in runner.PASSED]
    for identity in sorted(behind):
        method = here.get(identity, {"outcome": "not run", "tail": ""})
        print("BEHIND: %s: %s: %s" % (method["outcome"], identity, known.one_line(method["tail"])))
    if there:
        print("\nof the %d tests that pass in %s, %d pass: %.2f %%" % (
            len(there), os.path.basename(path), len(there) - len(behind), 100.0 * (len(there) - len(behind)) / len(there)))


def parse(argv):
    parser = argparse.ArgumentParser(prog="run.py", description="Run numpy's tests under an interpreter.")
    parser.add_argument("names", nargs="*", help="beginnings of test files, such as lib/tests/test_io; all where none is given")
    parser.add_argument("--random", nargs=2, type=int, metavar=("FIRST", "COUNT"),
                        help="instead compare the JIT's modes on random programs (generate.py)")
    parser.add_argument("--examples", action="store_true", help="instead run the programs of examples/arrays and programs/")
    parser.add_argument("--fast", action="store_true", help="only a cross-section, which takes about a minute")
    parser.add_argument("--python", default=os.path.join(ROOT, "target", "release", "rpy"), metavar="PATH",
                        help="the interpreter (default: target/release/rpy)")
    parser.add_argument("--installed", action="store_true", help="numpy is installed for the interpreter: make no environment")
    parser.add_argument("--jit", metavar="MODE", help="off, on, eager, fail or shake=N (default: the interpreter's own)")
    parser.add_argument("-j", "--jobs", type=int, default=1, metavar="N", help="files at a time")
    parser.add_argument("--timeout", type=float, default=120.0, metavar="S", help="time limit of a test (default: 120 s)")
    parser.add_argument("--file-timeout", type=float, default=3600.0, metavar="S", help="time limit of a file (default: 3600 s)")
    parser.add_argument("--match", default="", metavar="EXPRESSION", help="only tests that match, as pytest's -k")
    parser.add_argument("--slow", action="store_true", help="also the tests that numpy marks as slow")
    parser.add_argument("--known", default=os.path.join(HERE, "known_failures.txt"), metavar="FILE", help="the list of known failures")
    parser.add_argument("--no-known", action="store_true", help="count only: compare with no list")
    parser.add_argument("--update", action="store_true", help="rewrite the list for the files that were run")
    parser.add_argument("--json", metavar="FILE", help="write all outcomes there")
    parser.add_argument("--against", metavar="FILE", help="compare with the outcomes another run wrote with --json")
    parser.add_argument("--reasons", type=int, default=0, metavar="N", help="print the N most frequent reasons of failures")
    parser.add_argument("-v", "--verbose", action="store_true", help="print the end of each failure's traceback")
    return parser.parse_args(argv)


def chosen(options, package):
    """The names of the files that were asked for."""
    if options.fast:
        return FAST
    names = [name[:-3] if name.endswith(".py") else name for name in options.names]
    return [name for name in test_files(package) if not names or name.startswith(tuple(names))]


def main(argv=None):
    options = parse(argv)
    python = runner.command_of(options.python)[0]
    if not options.installed:
        python = make_environment(python)
    if options.examples:
        return 1 if run_examples(python) else 0
    if options.random:
        compare = os.path.join(os.path.dirname(HERE), "jit", "compare.py")
        return subprocess.run([sys.executable, compare, "--python", python, "--generator", HERE, "--seeds", *map(str, options.random)]).returncode
    options.command = [python] + (["-X", "jit=" + options.jit] if options.jit else [])
    package = package_folder(python)
    workdir = tempfile.mkdtemp(prefix="rpy-numpy-tests-")
    try:
        runs = [NumpyRun(name, options, package, package, workdir) for name in chosen(options, package)]
        runner.Progress(runs, max(1, options.jobs)).run()
    finally:
        shutil.rmtree(workdir, ignore_errors=True)
    runner.print_total(runs)
    partial = bool(options.match)
    if options.verbose:
        runner.print_failures(runs)
    if options.reasons:
        runner.print_reasons(runs, options.reasons)
    if options.against:
        compare_with(options.against, runs)
    if options.update:
        known.update(options.known, runs, partial=partial, header=HEADER)
        print("wrote " + options.known)
    verdict = [] if options.no_known else known.compare(known.load(options.known), runs, partial=partial)
    if options.json:
        runner.write_report(options.json, options, runs, verdict)
    for line in verdict:
        print("RED: " + line)
    return 1 if verdict else 0


if __name__ == "__main__":
    sys.exit(main())
