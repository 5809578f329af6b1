"""Runs random programs under the JIT's modes and under CPython, and compares what they print.

Many programs run in one process (each in a namespace of its own), so that starting up does not dominate.

Usage: compare.py --python RPY [--cpython PYTHON] [--seeds FIRST COUNT] [--batch N] [--modes off,on,eager]
"""

import argparse
import contextlib
import io
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))

# What one process does: the programs of some seeds, one after the other.
RUNNER = """
import contextlib, io, sys
sys.path.insert(0, {here!r})
from generate import program
def one(seed):
    out = io.StringIO()
    try:
        code = compile(program(seed), f"<program {{seed}}>", "exec")
        with contextlib.redirect_stdout(out):
            exec(code, {{"__name__": "__main__"}})
    except Exception as error:
        out.write(f"{{type(error).__name__}}: {{error}}")
    print(seed, repr(out.getvalue()), flush=True)

# No loop of the runner's own, which would be recorded in place of the programs'.
any(map(one, range({first}, {last})))
"""


def run(command, generator, first, last, timeout):
    """What each seed's program printed, and how the process ended."""
    source = RUNNER.format(here=generator, first=first, last=last)
    env = dict(os.environ, PYTHONHASHSEED="0", PYTHONDONTWRITEBYTECODE="1")
    try:
        done = subprocess.run([*command, "-c", source], capture_output=True, text=True, env=env, timeout=timeout)
    except subprocess.TimeoutExpired:
        return {}, "does not end"
    printed = dict(line.split(" ", 1) for line in done.stdout.splitlines() if " " in line)
    ended = "" if done.returncode == 0 else f"status {done.returncode}: {done.stderr.strip().splitlines()[-1:]}"
    return printed, ended


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", required=True)
    parser.add_argument("--cpython")
    parser.add_argument("--seeds", nargs=2, type=int, default=(0, 100), metavar=("FIRST", "COUNT"))
    parser.add_argument("--batch", type=int, default=50)
    parser.add_argument("--modes", default="off,on,eager")
    parser.add_argument("--generator", default=HERE, help="the folder of generate.py")
    parser.add_argument("--timeout", type=float, default=300)
    args = parser.parse_args()
    commands = {f"jit={mode}": [args.python, "-X", f"jit={mode}"] for mode in args.modes.split(",")}
    if args.cpython:
        commands = {"cpython": [args.cpython], **commands}
    first, count = args.seeds
    different = 0
    for start in range(first, first + count, args.batch):
        end = min(start + args.batch, first + count)
        results = {name: run(command, args.generator, start, end, args.timeout) for name, command in commands.items()}
        reference_name = next(iter(results))
        reference = results[reference_name][0]
        for name, (printed, ended) in results.items():
            if ended:
                print(f"{name}: programs {start} to {end - 1}: {ended}; the last that ended: {max(map(int, printed), default=None)}")
                different += 1
            for seed, text in reference.items():
                if seed in printed and printed[seed] != text:
                    print(f"program {seed}: {name} differs from {reference_name}\n  {text}\n  {printed[seed]}")
                    different += 1
    print(f"{count} programs, {different} differences")
    sys.exit(different != 0)


if __name__ == "__main__":
    main()
