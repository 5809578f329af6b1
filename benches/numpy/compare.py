"""Runs border.py under two interpreters in turn, and prints how fast the first is relative to the second.

Usage: compare.py PYTHON [OPTIONS ...] -- BASE [OPTIONS ...]
"""

import math
import os
import subprocess
import sys

BORDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "border.py")
TURNS = 3


def measure(command, best):
    out = subprocess.run([*command, BORDER], check=True, capture_output=True, text=True).stdout
    for line in out.splitlines():
        name, time = line.split()
        best[name] = min(best.get(name, math.inf), float(time))


def main():
    split = sys.argv.index("--")
    commands = sys.argv[1:split], sys.argv[split + 1:]
    results = {}, {}
    for _ in range(TURNS):
        for command, best in zip(commands, results):
            measure(command, best)
    ratios = []
    for name in results[0]:
        if name in results[1]:
            ratio = results[1][name] / results[0][name]
            ratios.append(ratio)
            print(f"{name:12} {results[0][name]:10.1f} {results[1][name]:10.1f} ns {ratio:6.2f}x")
    print(f"geometric mean {math.exp(sum(map(math.log, ratios)) / len(ratios)):.2f}x")


if __name__ == "__main__":
    main()
