"""A stand-in for the `pyperf` module, as far as pyperformance's benchmarks use it.

The real one starts worker processes and asks psutil for the machine's state. This one measures in this very process,
through the code that our own programs use (`programs/driver.py`), and prints one JSON line for each benchmark. That is
what a side by side comparison needs, and it asks little of the interpreter under test.
"""

import os
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "programs"))

import driver  # noqa: E402  (found through the line above)

perf_counter = driver.clock

VERSION = (0, 0)
__version__ = "0.0"
__all__ = ["Runner", "perf_counter", "python_implementation", "python_has_jit"]


def python_implementation():
    name = sys.implementation.name
    return name.lower()


def python_has_jit():
    """Whether the interpreter has a JIT that gives it a warm-up phase."""
    return python_implementation() == "pypy" or hasattr(sys, "_rpy")


class Runner:
    """The subset of `pyperf.Runner` that benchmark files call."""

    def __init__(self, values=None, processes=None, loops=0, min_time=0.1, metadata=None, show_name=True,
                 program_args=None, add_cmdline_args=None, _argparser=None, warmups=None):
        self.metadata = dict(metadata or {})
        self.args = None
        self._parser = _argparser

    @property
    def argparser(self):
        """Made when first asked for, as most benchmarks take no arguments."""
        if self._parser is None:
            import argparse

            parser = argparse.ArgumentParser()
            quiet = argparse.SUPPRESS
            for flag in ("--rigorous", "--fast", "--debug-single-value", "--worker", "--copy-env"):
                parser.add_argument(flag, action="store_true", help=quiet)
            for short, flag in (("-p", "--processes"), ("-n", "--values"), ("-w", "--warmups"), ("-l", "--loops")):
                parser.add_argument(short, flag, type=int, help=quiet)
            for short, flag in (("-o", "--output"), ("-a", "--affinity"), ("-t", "--timeout")):
                parser.add_argument(short, flag, help=quiet)
            parser.add_argument("--inherit-environ", help=quiet)
            parser.add_argument("--python", default=sys.executable, help=quiet)
            self._parser = parser
        return self._parser

    def parse_args(self, args=None):
        if self.args is None:
            self.args = self.argparser.parse_args(args)
        return self.args

    def bench_time_func(self, name, time_func, *args, inner_loops=None, metadata=None):
        """`time_func(loops, *args)` does the timing itself and returns seconds."""
        return self._bench(name, lambda loops: time_func(loops, *args), inner_loops, [])

    def bench_func(self, name, func, *args, inner_loops=None, metadata=None):
        """`func(*args)` is called; what its first call returned becomes part of the report."""
        values = []

        def timed(loops):
            rounds = range(loops)
            start = perf_counter()
            for _ in rounds:
                value = func(*args)
            took = perf_counter() - start
            if not values:
                values.append(value)
            return took

        return self._bench(name, timed, inner_loops, values)

    def bench_async_func(self, name, func, *args, inner_loops=None, metadata=None, loop_factory=None):
        """Each sample runs in an event loop of its own; starting and closing the loop is not measured."""
        import asyncio

        values = []

        async def work(loops):
            rounds = range(loops)
            start = perf_counter()
            for _ in rounds:
                value = await func(*args)
            took = perf_counter() - start
            if not values:
                values.append(value)
            return took

        def timed(loops):
            if loop_factory is None:
                return asyncio.run(work(loops))
            with asyncio.Runner(loop_factory=loop_factory) as runner:
                return runner.run(work(loops))

        return self._bench(name, timed, inner_loops, values)

    def bench_command(self, name, command):
        """The wall time of a whole process."""
        import subprocess
        from time import perf_counter

        def timed(loops):
            start = perf_counter()
            for _ in range(loops):
                subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            return perf_counter() - start

        return self._bench(name, timed, None, [])

    def timeit(self, name, stmt=None, setup="pass", teardown="pass", inner_loops=None, duplicate=None, metadata=None,
               globals=None):
        """Time a statement given as text."""
        space = dict(globals or {})
        lines = [setup, "def _timed(_rounds, _clock):", "    _start = _clock()", "    for _round in _rounds:"]
        lines += ["        " + line for line in (stmt if stmt is not None else name).splitlines()]
        lines += ["    return _clock() - _start"]
        exec("\n".join(lines), space)
        return self._bench(name, lambda loops: space["_timed"](range(loops), perf_counter), inner_loops, [])

    def _bench(self, name, timed, inner_loops, values):
        if self.args is None and (self._parser is not None or len(sys.argv) > 1):
            self.parse_args()
        first, loops, samples = driver.measure(timed)
        inner = inner_loops or 1
        value = values[0] if values else None
        if driver.setting("BENCH_ONCE", 0):
            import probes

            value = (value, probes.probe(sys.modules["__main__"].__dict__, name))
        driver.report(name, first / inner, loops, [sample / inner for sample in samples], driver.digest(value), True)
        return None
