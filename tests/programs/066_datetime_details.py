# datetime where it is easy to be wrong: memory layout, folds, subclasses, pickles, zones that misbehave, ISO 8601.
import copy
import pickle
import sys
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo


def attempt(f, *args, **kwargs):
    try:
        return f(*args, **kwargs)
    except ValueError:
        return "ValueError"  # Its words differ between releases.
    except Exception as e:
        return f"{type(e).__name__}: {e}"


# The classes outlive the module, and so do their constants.
for _ in range(3):
    import _datetime
    assert _datetime.date.max > _datetime.date.min and _datetime.timezone.utc is UTC
    assert _datetime.time.__dict__["max"] is _datetime.time.max
    del sys.modules["_datetime"], _datetime
print([c.__basicsize__ for c in (date, time, datetime, timedelta, tzinfo, timezone)])


class Zone(tzinfo):
    """Europe-like: one hour of summer time; the hour before its end is ambiguous."""

    def utcoffset(self, dt):
        return timedelta(hours=1) + self.dst(dt)

    def dst(self, dt):
        if dt is None:
            return timedelta(0)
        begin, end = datetime(dt.year, 3, 31, 2), datetime(dt.year, 10, 27, 3)
        naive = dt.replace(tzinfo=None, fold=0)
        if end - timedelta(hours=1) <= naive < end:
            return timedelta(0) if dt.fold else timedelta(hours=1)
        return timedelta(hours=1) if begin <= naive < end else timedelta(0)

    def tzname(self, dt):
        return "100%" if self.dst(dt) else "Z%H"

    def fromutc(self, dt):
        standard = dt + timedelta(hours=1)
        end = datetime(dt.year, 10, 27, 2)
        naive = standard.replace(tzinfo=None)
        if end <= naive < end + timedelta(hours=1):
            return standard.replace(fold=1)
        return standard + self.dst(standard + timedelta(hours=1))


zone = Zone()
first, second = (datetime(2024, 10, 27, 2, 30, tzinfo=zone, fold=fold) for fold in (0, 1))
print(first == second, first < second, hash(first) == hash(second), first.utcoffset(), second.utcoffset(), second)
print(first.astimezone(UTC), second.astimezone(UTC), first == first.astimezone(UTC), second == second.astimezone(UTC),
    first.astimezone(UTC).astimezone(zone).fold, second.astimezone(UTC).astimezone(zone).fold, second - first)
print(first.strftime("%Z %z %:z %% %f"), time(1, 2, tzinfo=zone).strftime("%Z|%z"), repr(second)[:48])
print(repr(time(1, 2, fold=1)), repr(second.timetz())[:20], second.time().fold, second.replace(fold=0).fold)
for bad in (None, timedelta(hours=24), 1):
    class Bad(tzinfo):
        def utcoffset(self, dt):
            return bad

        tzname = utcoffset
    t = datetime(2020, 1, 1, tzinfo=Bad())
    print([attempt(f) for f in (t.utcoffset, t.isoformat, t.timestamp, t.utctimetuple, t.tzname, t.dst)])
    print(attempt(lambda: t == datetime(2020, 1, 1)), attempt(lambda: t < datetime(2020, 1, 1)))


class Stamp(datetime):
    made = 0

    def __new__(cls, *args, **kwargs):
        cls.made += 1
        self = super().__new__(cls, *args, **kwargs)
        self.note = f"made {cls.made}"
        return self


class Length(timedelta):
    pass


s = Stamp(2024, 2, 29, 12, tzinfo=UTC)
later = s + timedelta(days=366)
print(type(later).__name__, later, later.note, type(s.replace(year=2020)), type(s - timedelta(1)),
    s.astimezone(timezone(timedelta(hours=-5))).note, type(Stamp.fromisoformat("2020-01-01")).__name__,
    type(Stamp.combine(date(1, 1, 1), time(1))).__name__, type(Stamp.fromordinal(5)).__name__,
    type(Length(1) + Length(2)).__name__, type(-Length(1)).__name__, Length(hours=36))
for obj in (s, time(1, 2, 3, 4, fold=1), date.max, timedelta.min, Length(3), UTC, timezone(timedelta(1) / 3, "x")):
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        back = pickle.loads(pickle.dumps(obj, protocol))
        assert type(back) is type(obj) and back == obj, obj
        assert getattr(back, "fold", 0) == (getattr(obj, "fold", 0) if protocol > 3 else 0)
    assert copy.deepcopy(obj) == obj and copy.copy(obj) == obj
print(datetime(b"\x07\xe8\x82\x1d\r\x05\x09\x01\xe2@"), time(b"\x81\2\3\0\0\4").fold, date(b"\x07\xe8\x02\x1d"),
    date("\x07\xe8\x02\x1d"), attempt(datetime, b"\x07\xe8\x02\x1d\1\2\3\4\5\6", 1))
print(second.__reduce_ex__(4)[1][0], second.__reduce__()[1][0], time(3, fold=1).__reduce_ex__(4)[1])

for text in ("2020-W53-5", "2021W011", "20200229", "2019-02-29", "2020-1-1", "2020-W54-1", "2020-W01-8", "2020/01/01", "",
        "2020-01-01T12:30:45,5Z", "2020-01-01x01:02:03.1234567-00:30:15.5",
        "20200101T010203+0130", "2020-W01-1T01", "2020W01101", "2020-01-01\ud80001:02", "2020-01-01T1", "2020-01-01T01:",
        "2020-01-01T01:02:03.", "2020-01-01T25:00", "2020-01-01T01:02+24:00", "2020-01-01T01:0203", "T01:02", "01+05",
        "010203.000001Z", "1:02", "01:02:03.4+05:30"):
    row = []
    for cls in (date, datetime, time):
        value = attempt(cls.fromisoformat, text)
        row.append(str(value))
    print(ascii(text), row)
for spec in ("auto", "hours", "minutes", "seconds", "milliseconds", "microseconds", "x", 1):
    print(attempt(datetime(2020, 1, 2, 3, 4, 5, 6789).isoformat, "\u2192", spec), attempt(time(1, 2).isoformat, spec))

big = timedelta.max
print(attempt(lambda: big + timedelta.resolution), attempt(lambda: -big - timedelta(1)), attempt(timedelta, 10 ** 9),
    timedelta(days=10 ** 30, hours=-24 * 10 ** 30), attempt(timedelta, seconds=10 ** 30), attempt(timedelta, float("inf")),
    attempt(timedelta, "1"), big * 0, attempt(lambda: timedelta(1) * 10 ** 40), attempt(lambda: timedelta(1) * "a"))
print(timedelta(microseconds=0.5), timedelta(microseconds=1.5), timedelta(microseconds=2.5), timedelta(seconds=1e-7 * 5),
    timedelta(1) / 7, timedelta(1) * (1 / 3), timedelta(microseconds=5) / 2, timedelta(microseconds=-5) // 2,
    timedelta(microseconds=7) / 2.0, divmod(timedelta(-1), timedelta(hours=5)), timedelta(-1) % timedelta(hours=5),
    2.5 * timedelta(microseconds=1), timedelta(1) / timedelta(hours=7), big.total_seconds(), str(timedelta.min))
print(attempt(lambda: date.max + timedelta(1)), attempt(lambda: datetime.min - timedelta.resolution),
    date(1, 1, 1) - date.max, attempt(date.fromordinal, 0), date.fromordinal(3652059), attempt(date.fromordinal, 3652060),
    attempt(date, 2 ** 40, 1, 1), attempt(date, 1.5, 1, 1), attempt(date), attempt(date, 1, 2, 3, 4), attempt(time, 24),
    attempt(date.replace, date.max, month=2 ** 40), attempt(date.fromisocalendar, 2021, 53, 1),
    attempt(date.fromisocalendar, 2 ** 70, 1, 1), attempt(datetime.now, 5), attempt(timezone, timedelta(1)),
    attempt(timezone, 1), attempt(timezone, timedelta(0), None), timezone(timedelta(0)) is UTC, attempt(date.max.strftime, 1),
    attempt(lambda: datetime.now() - datetime.now(UTC)), attempt(lambda: datetime.now() < date.today()))
iso = date(2024, 12, 30).isocalendar()
print(iso, tuple(iso), iso.year, iso[1], iso == (2025, 1, 1), pickle.loads(pickle.dumps(iso)), type(iso).__name__)
