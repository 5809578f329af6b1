"""What every benchmark program ends in: measure `run(n)`, check its value, report.

A program is a module with

    SIZE        what `run` is given when it is timed
    CHECK       {n: expected value, ...}; it must hold SIZE
    run(n)      does the work from scratch and returns a value that can be compared

and ends with

    if __name__ == "__main__":
        from driver import main
        main(globals())

Run by hand, a program prints one readable line. `benches/compare` sets the environment variables below and
reads JSON lines. `shim/pyperf.py` measures through the same code, so that both kinds are timed alike.

    BENCH_JSON=1        print one JSON line, after the marker "@bench ", for each thing measured
    BENCH_ONCE=1        call once only: for checking results
    BENCH_SECONDS=1.0   how long to go on taking samples after the first call
    BENCH_CPU=1         count the time of the processor, not of the clock

This file keeps to `sys` and `time` (and the environment), so that an interpreter which can do little can run it.
"""

import sys
import time

try:
    from os import environ
except ImportError:
    environ = {}

clock = time.process_time if environ.get("BENCH_CPU") else time.perf_counter

MARKER = "@bench "
SHORTEST_SAMPLE = 0.01
FEWEST_SAMPLES = 5
MOST_SAMPLES = 200


def setting(name, default):
    """A number from the environment; the default where it is absent or nonsense."""
    try:
        return float(environ.get(name, default))
    except ValueError:
        return float(default)


def median(values):
    ordered = sorted(values)
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return (ordered[middle - 1] + ordered[middle]) / 2


def measure(timed):
    """Time `timed(loops) -> seconds`: (first call, loops in a sample, seconds a loop of each sample)."""
    first = timed(1)
    if setting("BENCH_ONCE", 0):
        return first, 1, []
    budget = setting("BENCH_SECONDS", 1.0)
    loops = 1
    spent = 0.0
    samples = []
    while len(samples) < MOST_SAMPLES:
        took = timed(loops)
        spent += took
        if took < SHORTEST_SAMPLE and spent < budget:
            # Too short for the clock, and maybe only so since the code has just got fast:
            # lengthen, and forget what was measured with the shorter sample.
            loops *= 2
            samples = []
            continue
        samples.append(took / loops)
        if spent >= budget and (len(samples) >= FEWEST_SAMPLES or spent >= 3 * budget):
            break
    return first, loops, samples


def steady(samples):
    """The time a loop takes once the program is warm: the median of the later half."""
    return median(samples[len(samples) // 2:])


def digest(value):
    """A short text that differs where values differ; None where a value cannot be compared across processes."""
    text = repr(value)
    if " at 0x" in text:
        return None
    if len(text) <= 60:
        return text
    step = len(text) // 20000 + 1
    total = 0
    for char in text[::step]:
        total = (total * 1000003 + ord(char)) & 0xFFFFFFFF
    return "%d chars, %08x" % (len(text), total)


def quoted(text):
    """`text` as a JSON string."""
    out = ['"']
    for char in text:
        code = ord(char)
        if char == '"' or char == "\\":
            out.append("\\" + char)
        elif 32 <= code < 127:
            out.append(char)
        else:
            if code > 0xFFFF:
                code -= 0x10000
                out.append("\\u%04x" % (0xD800 + (code >> 10)))
                code = 0xDC00 + (code & 0x3FF)
            out.append("\\u%04x" % code)
    out.append('"')
    return "".join(out)


def as_json(value):
    """Only what a report needs: None, booleans, numbers, strings, lists, dicts."""
    if value is None:
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join([as_json(item) for item in value]) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join([quoted(key) + ": " + as_json(value[key]) for key in value]) + "}"
    return repr(value)


def report(name, first, loops, samples, value, good):
    """One line, for a reader or for `benches/compare`."""
    if setting("BENCH_JSON", 0):
        facts = {
            "name": name,
            "first": first,
            "steady": steady(samples) if samples else None,
            "best": min(samples) if samples else None,
            "loops": loops,
            "samples": samples,
            "value": value,
            "good": good,
        }
        print(MARKER + as_json(facts))
    else:
        line = "%-24s %s  first %9.3f ms" % (name, "ok   " if good else "WRONG", first * 1e3)
        if samples:
            line += "  steady %9.3f ms  (%d samples of %d)" % (steady(samples) * 1e3, len(samples), loops)
        print(line)
    sys.stdout.flush()


def main(module):
    """Measure the program whose globals are given; exit status 1 where its value is wrong."""
    run = module["run"]
    size = module["SIZE"]
    expected = module["CHECK"]
    name = module["__file__"].replace("\\", "/").split("/")[-1]
    if name.endswith(".py"):
        name = name[:-3]
    values = []

    def timed(loops):
        start = clock()
        for _ in range(loops):
            value = run(size)
        took = clock() - start
        # Every sample's value is kept apart from the timing: code that has just been compiled may be the code
        # that is wrong.
        if not values or value != values[-1]:
            values.append(value)
        return took

    first, loops, samples = measure(timed)
    good = values == [expected[size]]
    for n in expected:
        if n != size and run(n) != expected[n]:
            good = False
    report(name, first, loops, samples, digest(values[-1]), good)
    if not good:
        sys.stderr.write("%s: wrong value %s, expected %s\n" % (name, digest(values[-1]), digest(expected[size])))
        sys.exit(1)
