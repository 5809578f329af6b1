#!/usr/bin/env python3
"""Run the programs of tests/programs and examples, and compare what they print with what CPython prints.

    tests/check_programs.py [--python COMMAND]... [-j N] [names...]

Repeat `--python` to try several interpreters or several modes of one: --python "target/release/rpy -X jit=eager". A name
may be the beginning of a program's name. A program must end with status 0; its error output is not compared.
`--update` writes what the given interpreter prints as the expected output: for CPython only.
"""

import argparse
import difflib
import os
import shlex
import shutil
import subprocess
import sys
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
FOLDERS = (os.path.join(HERE, "programs"), os.path.join(ROOT, "examples"))


def programs(wanted):
    """(folder, name) of each program that was asked for."""
    found = []
    for folder in FOLDERS:
        for entry in sorted(os.listdir(folder)):
            name, extension = os.path.splitext(entry)
            if extension == ".py" and (not wanted or any(name.startswith(beginning) for beginning in wanted)):
                found.append((folder, name))
    return found


def expected_path(folder, name):
    return os.path.join(folder, "expected", name + ".txt")


def run(command, folder, name, seconds):
    """(what the program printed, what went wrong or None)."""
    env = dict(os.environ, PYTHONDONTWRITEBYTECODE="1", LC_ALL="C.UTF-8")
    for variable in ("PYTHONPATH", "PYTHONHOME", "PYTHONWARNINGS", "PYTHONHASHSEED", "PYTHONOPTIMIZE", "PYTHONIOENCODING"):
        env.pop(variable, None)
    try:
        done = subprocess.run(command + [name + ".py"], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=seconds, env=env)
    except subprocess.TimeoutExpired as problem:
        return problem.stdout or b"", "took longer than %g s" % seconds
    if done.returncode != 0:
        lines = [line for line in done.stderr.decode("utf-8", "replace").splitlines() if line.strip()]
        return done.stdout, "exit status %d: %s" % (done.returncode, lines[-1] if lines else "")
    return done.stdout, None


def difference(expected, got):
    """The first lines in which two outputs differ."""
    lines = difflib.unified_diff(expected.decode("utf-8", "replace").splitlines(), got.decode("utf-8", "replace").splitlines(),
                                 "expected", "got", lineterm="", n=0)
    return ["    " + line[:300] for line in list(lines)[2:12]]


def check(command, folder, name, options):
    """None where the program does as expected; the report of what it does otherwise."""
    got, problem = run(command, folder, name, options.timeout)
    if options.update:
        if problem:
            return [name + ": " + problem]
        os.makedirs(os.path.join(folder, "expected"), exist_ok=True)
        with open(expected_path(folder, name), "wb") as stream:
            stream.write(got)
        return None
    with open(expected_path(folder, name), "rb") as stream:
        expected = stream.read()
    if problem is None and got == expected:
        return None
    return ["%s: %s" % (name, problem or "prints something else")] + difference(expected, got)


def command_of(text):
    words = shlex.split(text)
    where = shutil.which(words[0]) if words else None
    if where is None:
        sys.exit("check_programs.py: there is no interpreter " + text)
    return [os.path.abspath(where)] + words[1:]


def main():
    parser = argparse.ArgumentParser(description="Compare programs' output with CPython's.")
    parser.add_argument("names", nargs="*", help="beginnings of program names; all where none is given")
    parser.add_argument("--python", action="append", metavar="COMMAND", help="default: target/release/rpy")
    parser.add_argument("-j", "--jobs", type=int, default=1, metavar="N")
    parser.add_argument("--timeout", type=float, default=60.0, metavar="S", help="time limit of one program (default: 60 s)")
    parser.add_argument("--update", action="store_true", help="write the expected outputs")
    options = parser.parse_args()
    bad = 0
    for text in options.python or [os.path.join(ROOT, "target", "release", "rpy")]:
        command = command_of(text)
        waiting = list(reversed(programs(options.names)))
        total = len(waiting)
        failed = []
        lock = threading.Lock()

        def work():
            while True:
                with lock:
                    if not waiting:
                        return
                    folder, name = waiting.pop()
                report = check(command, folder, name, options)
                if report:
                    with lock:
                        failed.append(name)
                        print("\n".join(report), flush=True)

        threads = [threading.Thread(target=work) for _ in range(max(1, options.jobs))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        print("%s: %d of %d programs as expected" % (text, total - len(failed), total))
        bad += len(failed)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
