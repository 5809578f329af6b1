#!/usr/bin/env python3
"""Feeds damaged input to everything in an interpreter that parses, and reports what ends or hangs it.

    fuzz.py --python RPY [--formats source,re,...] [--seed N] [--inputs N | --cpu-seconds N] [--out FOLDER]
    fuzz.py --python RPY --formats FORMAT --replay FILE...

The seeds come from the interpreter under test (`seeds.py`: its library's files and what its own writers make of them), are damaged
here (`mutate.py`), and read by the interpreter under test (`target.py`), many in one process. A process that ends by a signal, prints
a Rust panic, raises `SystemError`, uses too much CPU or exceeds its address space is a finding: the input is cut down as long as
the same happens, printed, and saved in the folder of `--out`. The exit status is 1 if there was one.

Any Python can run this driver, the interpreter under test included.
"""

import argparse
import collections
import os
import random
import re
import resource
import shutil
import signal
import struct
import subprocess
import sys
import tempfile

from formats import FORMATS
from mutate import Mutator, without_parts

HERE = os.path.dirname(os.path.abspath(__file__))
# What one process is given to do, unless `--batch` says otherwise.
BATCH = 400
# The wall-clock seconds that a batch may take: for what waits without using the CPU.
PATIENCE = 900
# Tries to cut an input down.
EFFORT = 150


def pack(blocks):
    """Blocks of bytes as `target.py` reads them."""
    return b"".join(struct.pack("<I", len(block)) + block for block in blocks)


def unpack(data):
    """The inverse of `pack`."""
    blocks, at = [], 0
    while at < len(data):
        (size,) = struct.unpack_from("<I", data, at)
        blocks.append(data[at + 4 : at + 4 + size])
        at += 4 + size
    return blocks


class Finding(collections.namedtuple("Finding", "format signature data report")):
    """Something that must not happen: what, with which input, and what the process said."""


class Fuzzer:
    """Runs the interpreter under test on inputs of one format."""

    def __init__(self, command, format, folder, cpu_limit, memory):
        self.command = command
        self.format = format
        self.folder = folder
        self.cpu_limit = cpu_limit
        self.memory = memory
        self.env = dict(os.environ, PYTHONHASHSEED="0", PYTHONDONTWRITEBYTECODE="1")

    def seeds(self, seed):
        """Valid inputs, made by the interpreter under test."""
        done = subprocess.run(
            [*self.command, os.path.join(HERE, "seeds.py"), self.format, str(seed)],
            stdout=subprocess.PIPE, env=self.env, check=True,
        )
        return unpack(done.stdout)

    def run(self, inputs):
        """The number of inputs that went well, and the finding (signature, report) that ended the run, if any."""
        batch = os.path.join(self.folder, "batch")
        progress = os.path.join(self.folder, "progress")
        with open(batch, "wb") as file:
            file.write(pack(inputs))
        open(progress, "wb").close()
        arguments = [self.format, batch, progress, str(self.cpu_limit), str(self.memory)]
        process = subprocess.Popen(
            [*self.command, os.path.join(HERE, "target.py"), *arguments],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=self.env, cwd=self.folder,
        )
        try:
            report = process.communicate(timeout=PATIENCE)[1]
            ended = process.returncode
        except subprocess.TimeoutExpired:
            process.kill()
            report = process.communicate()[1]
            ended = "stuck"
        with open(progress, "rb") as file:
            done = int(file.read() or b"0")
        report = report.decode(errors="backslashreplace")
        signature = self.signature(ended, report)
        return (len(inputs) if signature is None else done), signature, report

    def signature(self, ended, report):
        """What went wrong, in a few words that are the same if it happens again; `None` if nothing did."""
        for line in report.splitlines():
            if "panicked at" in line:
                return "panic " + line.split("panicked at")[1].strip(" :")
            if line.startswith(("SystemError", "FUZZ:")):
                return line.removeprefix("FUZZ: ")
        if ended == 0:
            return None
        if ended == "stuck":
            return "does not end, and does not use the CPU"
        if ended == -signal.SIGPROF:
            return "does not end"
        lines = report.strip().splitlines()
        if ended < 0:
            # The innermost line of Python that was running, as faulthandler prints it.
            where = next((line.strip() for line in lines if line.lstrip().startswith("File ")), "")
            said = next((line for line in lines if "alloc" in line or "overflow" in line), "")
            said = re.sub(r"\d+", "N", said)
            return f"signal {-ended} {where} {said}".strip()
        return f"exit status {ended}: {lines[-1] if lines else ''}"

    def cut_down(self, data, signature):
        """A smaller input with which the same happens."""
        effort = EFFORT
        size = max(len(data) // 2, 1)
        while size and effort:
            for smaller in without_parts(data, size):
                if not effort:
                    break
                effort -= 1
                if self.run([smaller])[1] == signature:
                    data = smaller
                    break
            else:
                size //= 2
            size = min(size, len(data) // 2)
        return data

    def fuzz(self, inputs):
        """Runs all inputs; yields what is found."""
        while inputs:
            done, signature, report = self.run(inputs)
            if signature is None:
                return
            alone = self.run(inputs[done : done + 1])
            if alone[1] is None:
                # It takes what came before: all of that is the input.
                yield Finding(self.format, signature + " (not alone)", pack(inputs[: done + 1]), report)
            else:
                yield Finding(self.format, alone[1], inputs[done], alone[2])
            inputs = inputs[done + 1 :]


def cpu_used():
    """The CPU time of the processes that were run, in seconds."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def command_of(args):
    """The interpreter under test, which runs in another folder."""
    program, *options = args.python.split()
    return [os.path.abspath(program) if os.sep in program else program, *options]


class Session:
    """One run of this program."""

    def __init__(self, args):
        self.args = args
        self.found = collections.Counter()
        self.inputs = collections.Counter()
        self.folder = tempfile.mkdtemp(prefix="fuzz-")

    def report(self, fuzzer, finding):
        """Prints a finding, cut down, unless the same was found before."""
        key = finding.format, finding.signature
        self.found[key] += 1
        if self.found[key] > 1:
            return
        data = finding.data
        if "(not alone)" not in finding.signature:
            data = fuzzer.cut_down(data, finding.signature)
        print(f"\n{finding.format}: {finding.signature}\n  input: {data[:2000]!r}", flush=True)
        for line in finding.report.strip().splitlines()[-12:]:
            print("  |", line[:300])
        if self.args.out:
            os.makedirs(self.args.out, exist_ok=True)
            name = f"{finding.format}-{sum(1 for key in self.found if key[0] == finding.format)}"
            with open(os.path.join(self.args.out, name), "wb") as file:
                file.write(data)
        sys.stdout.flush()

    def go_on(self):
        """Whether there is time left."""
        return self.args.cpu_seconds is None or cpu_used() < self.args.cpu_seconds

    def run(self):
        """Goes round the formats, a batch of each at a time."""
        args = self.args
        command = command_of(args)
        rng = random.Random(args.seed)
        sources = []
        for format in args.formats.split(","):
            fuzzer = Fuzzer(command, format, self.folder, args.cpu_limit, args.memory)
            seeds = fuzzer.seeds(args.seed)
            sources.append((fuzzer, Mutator(FORMATS[format], seeds, rng), seeds))
        if args.inputs is None and args.cpu_seconds is None:
            args.inputs = BATCH
        while self.go_on():
            for fuzzer, mutator, seeds in sources:
                left = args.batch if args.inputs is None else min(args.batch, args.inputs - self.inputs[fuzzer.format])
                if left <= 0 or not self.go_on():
                    continue
                # Undamaged seeds come first: they have to pass as well.
                first = seeds[:left] if not self.inputs[fuzzer.format] and not args.damaged else []
                inputs = first + [mutator.damaged() for _ in range(left - len(first))]
                self.inputs[fuzzer.format] += len(inputs)
                for finding in fuzzer.fuzz(inputs):
                    self.report(fuzzer, finding)
            if args.inputs is not None and all(n >= args.inputs for n in self.inputs.values()):
                break

    def summary(self):
        """Prints what was done, and returns the number of different findings."""
        counts = ", ".join(f"{format} {count}" for format, count in sorted(self.inputs.items()))
        print(f"{sum(self.inputs.values())} inputs ({counts}), {cpu_used():.0f} s of CPU, {len(self.found)} findings")
        for (format, signature), count in self.found.most_common():
            print(f"  {count:5} {format}: {signature}")
        return len(self.found)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", required=True, help="the interpreter under test, with options if need be")
    parser.add_argument("--formats", default=",".join(FORMATS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--inputs", type=int, help="inputs of each format")
    parser.add_argument("--cpu-seconds", type=float, help="goes on until the interpreter has used as much")
    parser.add_argument("--batch", type=int, default=BATCH, help="inputs in one process")
    parser.add_argument("--cpu-limit", type=float, default=20, help="the CPU seconds that one input may take")
    parser.add_argument("--memory", type=int, default=1500, help="the address space of a process, in MB")
    parser.add_argument("--damaged", action="store_true", help="leaves the undamaged seeds out")
    parser.add_argument("--out", help="folder for the inputs that were found")
    parser.add_argument("--replay", nargs="+", metavar="FILE", help="runs these files as inputs of the one format")
    args = parser.parse_args()
    session = Session(args)
    try:
        if args.replay:
            fuzzer = Fuzzer(command_of(args), args.formats, session.folder, args.cpu_limit, args.memory)
            for path in args.replay:
                with open(path, "rb") as file:
                    _, signature, report = fuzzer.run([file.read()])
                print(f"{path}: {signature or 'ok'}\n{report}")
                session.found[args.formats, signature] += signature is not None
            sys.exit(1 if session.found.total() else 0)
        session.run()
    finally:
        shutil.rmtree(session.folder, ignore_errors=True)
    sys.exit(1 if session.summary() else 0)


if __name__ == "__main__":
    main()
