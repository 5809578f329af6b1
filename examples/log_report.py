"""Read a web server's log and report: hours, paths, errors, slow requests, visitors and their visits.

    rpy examples/log_report.py [FILE]

Without a file it makes up a day's log.
"""

import re
import sys
from collections import Counter, defaultdict
from datetime import datetime, timedelta, timezone
from statistics import mean, median

LINE = re.compile(
    r'(?P<host>\S+) - (?P<user>\S+) \[(?P<time>[^\]]+)\] "(?P<method>[A-Z]+) (?P<path>\S+) HTTP/[\d.]+" '
    r"(?P<status>\d{3}) (?P<size>\d+|-) (?P<ms>\d+)$")


class Request:
    __slots__ = ("host", "user", "time", "method", "path", "status", "size", "ms")

    def __init__(self, match):
        for name in self.__slots__:
            setattr(self, name, match[name])
        self.time = datetime.strptime(self.time, "%d/%b/%Y:%H:%M:%S %z")
        self.path = self.path.partition("?")[0]
        self.status = int(self.status)
        self.size = 0 if self.size == "-" else int(self.size)
        self.ms = int(self.ms)


def made_up_log(lines=600):
    """Lines of a log, always the same ones."""
    state = 2024

    def below(limit):
        nonlocal state
        state = (state * 1103515245 + 12345) % 2147483648
        return (state >> 16) % limit

    paths = ["/", "/about", "/shop", "/shop/cart", "/img/logo.png", "/api/items", "/login", "/admin"]
    time = datetime(2024, 2, 28, 22, 0, tzinfo=timezone(timedelta(hours=1)))
    for number in range(lines):
        time += timedelta(seconds=below(240), milliseconds=below(1000))
        path = paths[min(below(8), below(8))]
        status = 403 if path == "/admin" else [200, 200, 200, 200, 304, 404, 500][min(below(7), below(7))]
        query = f"?page={below(9)}" if below(4) == 0 else ""
        size = "-" if status == 304 else below(50_000)
        if number % 97 == 50:
            yield "something unreadable %d" % number
        user = ["-", "anna", "ben"][below(3)]
        yield (f'10.0.{below(2)}.{below(6)} - {user} [{time:%d/%b/%Y:%H:%M:%S %z}] '
               f'"{["GET", "GET", "POST"][below(3)]} {path}{query} HTTP/1.1" {status} {size} {below(80) ** 2 // 10 + 1}')


def read(lines):
    """(requests, lines that are none)"""
    requests, strange = [], []
    for line in lines:
        match = LINE.match(line.rstrip("\n"))
        if match:
            requests.append(Request(match))
        else:
            strange.append(line)
    return requests, strange


def visits(requests, pause=timedelta(minutes=30)):
    """How long each visitor stayed: a longer pause begins a new visit."""
    by_host = defaultdict(list)
    for request in requests:
        by_host[request.host].append(request.time)
    for host, times in sorted(by_host.items()):
        start = last = times[0]
        for time in times[1:]:
            if time - last > pause:
                yield host, last - start
                start = time
            last = time
        yield host, last - start


def bar(value, most, width=30):
    return "#" * round(width * value / most)


def title(text):
    print()
    print(text)
    print("-" * len(text))


def main(arguments):
    if arguments:
        with open(arguments[0], encoding="utf-8", errors="replace") as stream:
            requests, strange = read(stream)
    else:
        requests, strange = read(made_up_log())
    first, last = requests[0].time, requests[-1].time
    print(f"{len(requests)} requests from {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} ({last - first})")
    print(f"{len(strange)} lines could not be read" + (f", such as {strange[0]!r}" if strange else ""))

    title("Requests by hour (UTC)")
    hours = Counter(request.time.astimezone(timezone.utc).replace(minute=0, second=0) for request in requests)
    most = max(hours.values())
    for hour in sorted(hours):
        print(f"{hour:%a %d %b %H:00} {hours[hour]:4d} {bar(hours[hour], most)}")

    title("Paths")
    times = defaultdict(list)
    sizes = Counter()
    for request in requests:
        times[request.path].append(request.ms)
        sizes[request.path] += request.size
    for path, taken in sorted(times.items(), key=lambda item: (-len(item[1]), item[0])):
        print(f"{path:<14} {len(taken):4d} requests  median {median(taken):6.1f} ms  mean {mean(taken):6.1f} ms  {sizes[path]:>9,} bytes")

    title("Status codes")
    for status, number in sorted(Counter(request.status for request in requests).items()):
        print(f"{status} {number:4d} {number / len(requests):6.1%}")
    failing = Counter((r.path, r.method) for r in requests if r.status >= 500)
    for (path, method), number in failing.most_common(3):
        print(f"  failing: {method} {path} ({number})")

    title("Slowest")
    for request in sorted(requests, key=lambda r: (-r.ms, r.time))[:4]:
        print(f"{request.ms:4d} ms  {request.time:%H:%M:%S}  {request.method:<4} {request.path}  by {request.user}")

    title("Visitors")
    stays = defaultdict(list)
    for host, stay in visits(requests):
        stays[host].append(stay)
    for host, lengths in sorted(stays.items(), key=lambda item: (-sum(item[1], timedelta()), item[0]))[:5]:
        total = sum(lengths, timedelta())
        print(f"{host:<9} {len(lengths):3d} visits, {total} in all, the longest {max(lengths)}")


if __name__ == "__main__":
    main(sys.argv[1:])
