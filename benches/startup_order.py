#!/usr/bin/env python3
"""Finds out which functions and tables a start of the interpreter uses, for the linker to put side by side.

The kernel maps a file's pages in groups of sixteen: functions that are spread over all of the executable make all of it resident. The
list that this program writes (`src/startup_order.txt`) is turned into a linker script by `build.rs`.

    RPY_LINK_MAP=/tmp/rpy.map cargo build --release --ignore-rust-version
    benches/startup_order.py target/release/rpy /tmp/rpy.map > src/startup_order.txt

It needs valgrind. A line is a pattern for the names of sections. The hash at a name's end is left out, unless most functions that have
the same name with other hashes (instances of a generic one) are not used: such lines hold for one version of the compiler only. A
list that has become old is no mistake: what it does not name is resident with its neighbours.
"""

import bisect
import collections
import re
import subprocess
import sys

PLACES = (".text.unlikely.", ".text.", ".data.")
INPUT = re.compile(r"\s*([0-9a-f]+)\s+[0-9a-f]+\s+([0-9a-f]+)\s+\d+ {9}\S.*:\((\.(?:text|data)\.[^)]*)\)")
# What `valgrind --tool=lackey --trace-mem=yes` prints for instructions, loads, stores and modifications.
ACCESS = re.compile(rb" ?[ILSM] +([0-9a-f]+),")


def sections(map_file):
    """Address, size and name of the input sections that can be ordered."""
    with open(map_file) as lines:
        found = [(int(m[1], 16), int(m[2], 16), m[3]) for m in map(INPUT.match, lines) if m]
    return sorted((start, size, name) for start, size, name in found if size and not name.startswith(".data.rel.ro"))


def accessed(binary, options):
    """The addresses that a start uses, in units of 8 bytes."""
    command = ["valgrind", "--tool=lackey", "--trace-mem=yes", "--log-fd=2", binary, *options, "-c", "pass"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        return {int(m[1], 16) >> 3 for m in map(ACCESS.match, process.stderr) if m}


def symbol(section):
    """The place and the name of a section, without what changes from build to build."""
    place = next(place for place in PLACES if section.startswith(place))
    return place.removesuffix("unlikely."), re.sub(r"\.llvm\.\d+$", "", section.removeprefix(place))


def family(name):
    """A name without its hash."""
    name = re.sub(r"17h[0-9a-f]{16}E.*$", "17h*", name)
    return re.sub(r"Cs[0-9A-Za-z]{10,12}_", "Cs*_", name) if name.startswith("_R") else name


def patterns(all_sections, used):
    """The lines of the list."""
    sizes, families, used_of = {}, collections.defaultdict(set), collections.defaultdict(set)
    for start, size, section in all_sections:
        place, name = symbol(section)
        sizes[place, name] = size
        families[place, family(name)].add(name)
        if start in used:
            used_of[place, family(name)].add(name)
    for (place, pattern), names in sorted(used_of.items()):
        wanted = sum(sizes[place, name] for name in names)
        taken = sum(sizes[place, name] for name in families[place, pattern])
        if wanted * 2 >= taken or taken - wanted < 1500:
            yield place + pattern.removesuffix("*") + "*"
        else:
            yield from (f"{place}{name}*" for name in sorted(names))


def main():
    binary, map_file = sys.argv[1:]
    all_sections = sections(map_file)
    starts = [start for start, _, _ in all_sections]
    used = set()
    for options in ([], ["-I"]):
        for unit in accessed(binary, options):
            address = unit << 3
            at = bisect.bisect_right(starts, address + 7) - 1
            if at >= 0 and address < starts[at] + all_sections[at][1]:
                used.add(starts[at])
    for line in patterns(all_sections, used):
        print(line)


if __name__ == "__main__":
    main()
