"""zoneinfo: zones made from bytes, so that no database is needed: changes, rules, folds and gaps, caches, pickling, errors."""

import copy
import datetime
import io
import pickle
import struct
import zoneinfo
from datetime import datetime as D, timedelta, timezone


def file_of(rule="", changes=(), kinds=((0, 0, "UTC"),)):
    """A zone's file: changes are (seconds, kind), kinds (offset, summer, name)."""
    names = b"".join(name.encode() + b"\0" for _, _, name in kinds)
    header = b"TZif2" + bytes(15) + struct.pack(">6l", 0, 0, 0, len(changes), len(kinds), len(names))
    body, at = b"", 0
    for offset, summer, name in kinds:
        body += struct.pack(">lbb", offset, summer, at)
        at += len(name) + 1
    tables = [b"".join(struct.pack(form, seconds) for seconds, _ in changes) + bytes(kind for _, kind in changes)
              for form in (">l", ">q")]
    parts = [header + table + body + names for table in tables]
    return io.BytesIO(b"".join(parts) + b"\n" + rule.encode() + b"\n")


def zone_of(*args, **kwargs):
    return zoneinfo.ZoneInfo.from_file(file_of(*args, **kwargs))


def local_changes(zone, year):
    """(time, name) of each change that a walk by hours meets."""
    found, last, time = [], None, D(year - 1, 12, 30)
    while time.year <= year:
        name = time.replace(tzinfo=zone).tzname()
        if name != last and last is not None:
            found.append((f"{time:%m-%d %H}", name))
        last = name
        time += timedelta(hours=1)
    return found


for rule in ("AAA0BBB,0/0,100/0", "AAA0BBB,J1/0,J59/0", "AAA0BBB,J60/0,J365/0", "AAA0BBB,59/0,60/0", "AAA0BBB,5/0,365/0",
             "AAA5BBB,M3.2.0/2,M11.1.0/2", "AAA-5BBB-4,M10.5.0/-1,M2.1.6/167", "<+03>-3<-01>1,M3.5.0/0,M10.5.0"):
    for year in (2023, 2024):
        print(rule, year, local_changes(zone_of(rule), year))

for rule in ("", "A", "AAA", "AA5", "AAA5B4,M3.2.0,M11.1.0", "AAA+5", "AAA24", "AAA25", "AAA4:60:61", "AAA4BBB", "AAA4BBB,M3.2.0",
             "AAA4BBB,M3.2.0,M4.1.1,", "AAA4,M3.2.0,M4.1.1", "AAA4BBB,M13.2.0,M4.1.1", "AAA4BBB,J0,J4", "AAA4BBB,0,366",
             "AAA4BBB,0/168,3", "AAA4BBB,0/-167,3", "<A>4", "A1<B", "AAA3.5", "AAA-3:3", "AAA03:BBB", "AAA 3", "AAA4BBB,M3.2.7,M4.1.1",
             "AAA4BBB,M03.2.0,M4.1.1", "AAA4BBB,M3.2.0/2:3:,M4.1.1", "AAA0004"):
    try:
        zone = zone_of(rule)
        print(repr(rule), zone.utcoffset(D(2020, 1, 1)), zone.dst(D(2020, 7, 1)), zone.tzname(D(2020, 7, 1)), zone.utcoffset(None))
    except ValueError as problem:
        print(repr(rule), problem)

# Changes listed in the file: standard, summer, standard, a new standard, and a rule.
kinds = [(3600, 0, "STD"), (7200, 1, "SUM"), (10800, 0, "NEW"), (7200, 1, "DBL")]
changes = [(-10**9, 0), (0, 1), (10**7, 0), (10**8, 2), (2 * 10**8, 3)]
zone = zone_of("NEW-3", changes, kinds)
for seconds, _ in changes:
    for offset in (-1, 0, 1, 3599, 3600, 7199, 7200):
        moment = D(1970, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=seconds + offset)
        there = moment.astimezone(zone)
        back = there.astimezone(timezone.utc) == moment
        print(offset, there, there.fold, there.tzname(), there.dst(), back)
print(zone.utcoffset(None), zone.tzname(D(1900, 1, 1)), zone.tzname(D(2100, 1, 1)))
print([D(1970, 4, 26, 18, 46, tzinfo=zone, fold=fold).tzname() for fold in (0, 1)])


class Moment(D):
    """A derived class."""


moment = zone.fromutc(Moment(1970, 4, 26, 17, 50, tzinfo=zone))
print(type(moment).__name__, moment, moment.fold)

# Keys, caches and pickles need a database: this one has a zone of a kind.
text = file_of("AAA-1").getvalue()
zoneinfo._tzpath.find_tzfile = lambda key: None


def load(key):
    if not key.startswith("Test/"):
        raise zoneinfo.ZoneInfoNotFoundError(f"No time zone found with key {key}")
    return io.BytesIO(text)


zoneinfo._common.load_tzdata = load
ZoneInfo = zoneinfo.ZoneInfo
one = ZoneInfo("Test/One")
print(one, repr(one), one.key, one is ZoneInfo("Test/One"), one is ZoneInfo(key="Test/One"), one is ZoneInfo.no_cache("Test/One"))
print(pickle.loads(pickle.dumps(one)) is one, copy.deepcopy(one) is one, ZoneInfo.no_cache("Test/One").__reduce__()[1])
for number in range(20):
    ZoneInfo(f"Test/{number}")
print(one is ZoneInfo("Test/One"))
ZoneInfo.clear_cache(only_keys=["Test/5"])
print(one is ZoneInfo("Test/One"))
ZoneInfo.clear_cache()
print(one is ZoneInfo("Test/One"))


class Mine(ZoneInfo):
    """A derived class has caches of its own."""


mine = Mine("Test/One")
print(repr(mine), mine is Mine("Test/One"), mine is ZoneInfo("Test/One"), type(mine._weak_cache).__name__)
for action in (lambda: ZoneInfo("Other"), lambda: zone.__reduce__(), lambda: zone.fromutc(3), lambda: zone.utcoffset(3),
               lambda: zone.fromutc(D(2000, 1, 1)), lambda: ZoneInfo.clear_cache(3), lambda: ZoneInfo.from_file(io.BytesIO(b"abcd"))):
    try:
        print(action())
    except Exception as problem:
        print(type(problem).__name__, problem)
print(repr(ZoneInfo.from_file(file_of("AAA-1"), key="named")), str(ZoneInfo.from_file(file_of("AAA-1"), key="named")))
