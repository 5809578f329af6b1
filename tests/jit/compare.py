"""Runs random programs under the JIT's modes and under CPython, and compares what they print.

Many programs run in one process (programs.py), so that starting up does not dominate; where one ends or hangs its process, another process goes on
behind it.

Usage: compare.py --python RPY [--cpython PYTHON] [--seeds FIRST COUNT] [--batch N] [--modes off,on,eager]
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))


class Command:
    """One of the ways to execute the programs."""

    def __init__(self, name, words, generator, timeout):
        self.name, self.words, self.generator, self.timeout = name, words, generator, timeout
        self.seconds = 0.0

    def run(self, seeds, store):
        """What each seed's program printed, and for those that did not come to an end, how the process ended."""
        printed, broken = {}, {}
        while len(printed) + len(broken) < len(seeds):
            lines, ended = self.process(seeds, store, [*printed, *broken])
            printed.update((int(seed), text) for seed, text in lines)
            rest = [seed for seed in seeds if seed not in printed and seed not in broken]
            if ended or rest:
                # The one that the process was at; after the last one, it went wrong in ending.
                broken[rest[0] if rest else None] = ended or "ended early"
        return printed, broken

    def process(self, seeds, store, without):
        """The lines that one process printed, and how it ended if not well."""
        words = [*self.words, os.path.join(HERE, "programs.py"), self.generator, seeds[0], seeds[-1] + 1, store, *without]
        env = dict(os.environ, PYTHONHASHSEED="0", PYTHONDONTWRITEBYTECODE="1")
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        try:
            done = subprocess.run(list(map(str, words)), capture_output=True, text=True, env=env, timeout=self.timeout)
            output, ended = done.stdout, ""
            if done.returncode != 0:
                ended = f"status {done.returncode}: {done.stderr.strip().splitlines()[-1:]}"
        except subprocess.TimeoutExpired as error:
            output, ended = (error.stdout or b"").decode(), "does not end"
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.seconds += after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
        return [line.split(" ", 1) for line in output.splitlines() if line[:1].isdigit() and " " in line], ended


def compare(commands, seeds):
    """Run the programs of some seeds under all commands. The number of differences, which are printed."""
    different = 0
    with tempfile.TemporaryDirectory(prefix="rpy-random-") as folder:
        results = [command.run(seeds, os.path.join(folder, os.path.basename(command.words[0]))) for command in commands]
    reference = results[0][0]
    for command, (printed, broken) in zip(commands, results):
        for seed, how in broken.items():
            print(f"program {seed}: {command.name}: {how}", flush=True)
            different += 1
        for seed, text in printed.items():
            if reference.get(seed, text) != text:
                print(f"program {seed}: {command.name} differs from {commands[0].name}\n  {reference[seed]}\n  {text}", flush=True)
                different += 1
    return different


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", required=True)
    parser.add_argument("--cpython")
    parser.add_argument("--seeds", nargs=2, type=int, default=(0, 100), metavar=("FIRST", "COUNT"))
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--modes", default="off,on,eager")
    parser.add_argument("--generator", default=HERE, help="the folder of generate.py")
    parser.add_argument("--timeout", type=float, default=300, help="seconds that a batch may take")
    args = parser.parse_args()
    ways = [("cpython", [args.cpython])] if args.cpython else []
    ways += [(f"jit={mode}", [args.python, "-X", f"jit={mode}"]) for mode in args.modes.split(",")]
    commands = [Command(name, words, args.generator, args.timeout) for name, words in ways]
    first, count = args.seeds
    batches = [range(start, min(start + args.batch, first + count)) for start in range(first, first + count, args.batch)]
    different = sum(compare(commands, seeds) for seeds in batches)
    print("ms a program:", *(f"{command.name} {command.seconds * 1000 / count:.1f}" for command in commands))
    print(f"{count} programs, {different} differences")
    sys.exit(different != 0)


if __name__ == "__main__":
    main()
