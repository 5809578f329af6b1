# datetime, calendar, time formatting that does not depend on the clock.
import calendar
import time
from datetime import MAXYEAR, UTC, date, datetime, timedelta, timezone
from datetime import time as time_

d = date(2024, 2, 29)
print(d, repr(d), d.year, d.month, d.day, d.weekday(), d.isoweekday(), d.isocalendar(), d.isoformat(), d.ctime(),
    d.strftime("%Y/%m/%d %A %j %U"), d.replace(year=2023, day=28), d.toordinal(), date.fromordinal(738000),
    date.fromisoformat("2020-12-31"), date.fromisocalendar(2020, 53, 5), date.fromisoformat("2021W052"),
    d.timetuple()[:8], date.min, date.max, hash(d) == hash(date(2024, 2, 29)), f"{d:%d.%m.%y}")
print(d + timedelta(days=366), d - timedelta(1), d - date(2023, 1, 1), d < date(2024, 3, 1), d == date(2024, 2, 29),
    max(d, date.min), sorted([d, date(1999, 1, 1)]), date(2024, 1, 31) + timedelta(weeks=2))
dt = datetime(2024, 2, 29, 13, 5, 9, 123456)
print(dt, repr(dt), dt.date(), dt.time(), dt.isoformat(" ", "milliseconds"),
    dt.strftime("%H:%M:%S.%f %p %I %y %b %B %a %%"), dt.replace(hour=0, microsecond=0), dt.timetuple().tm_yday,
    dt.weekday(), datetime.combine(d, time_(1, 2)), datetime.fromisoformat("2024-01-02T03:04:05.678+02:00"),
    datetime.fromisoformat("20240102T030405Z"), datetime.strptime("5 Mar 2021 07:08", "%d %b %Y %H:%M"),
    datetime.strptime("2021-064 +0230", "%Y-%j %z"), dt.isoformat(timespec="minutes"), f"{dt:%Y-%m}",
    str(dt.replace(microsecond=0)), repr(datetime(2024, 1, 1)))
print(dt + timedelta(hours=12), dt - datetime(2024, 1, 1), dt - timedelta(weeks=1, seconds=-5),
    dt > datetime(2023, 1, 1), dt == datetime(2024, 2, 29, 13, 5, 9, 123456),
    datetime(2024, 1, 1) == date(2024, 1, 1), dt.utcoffset(), dt.tzinfo, datetime.min, datetime.max.microsecond)
td = timedelta(days=1, hours=2, minutes=3, seconds=4, milliseconds=5, microseconds=6)
print(td, repr(td), td.days, td.seconds, td.microseconds, td.total_seconds(), -td, abs(-td), td * 2, td / 2,
    td // timedelta(hours=1), td % timedelta(hours=1), td / timedelta(hours=1), divmod(td, timedelta(minutes=7)),
    td + timedelta(1), td > timedelta(1), bool(timedelta(0)), timedelta(seconds=-1), timedelta(microseconds=1.5),
    timedelta.max, timedelta.min, timedelta.resolution, timedelta(0.1), timedelta(days=1.5) * 0.25,
    sum([timedelta(1)] * 3, timedelta()), str(timedelta(days=100, seconds=1)), timedelta(hours=-5),
    hash(td) == hash(timedelta(1, 7384, 5006)))
tz = timezone(timedelta(hours=5, minutes=30), "IST")
aware = datetime(2024, 6, 1, 12, 0, tzinfo=tz)
print(aware, aware.utcoffset(), aware.tzname(), aware.astimezone(UTC),
    aware.astimezone(timezone(timedelta(hours=-8))), aware.timestamp(), datetime.fromtimestamp(0, UTC),
    datetime.fromtimestamp(1.5, tz), aware == datetime(2024, 6, 1, 6, 30, tzinfo=UTC),
    aware - datetime(2024, 6, 1, tzinfo=UTC), repr(timezone.utc), repr(tz), timezone(timedelta(hours=-3)),
    str(timezone(timedelta(minutes=-90))), aware.isoformat(), aware.strftime("%z %Z %:z"), aware.replace(tzinfo=None),
    aware.utctimetuple()[:5], hash(aware) == hash(aware.astimezone(UTC)),
    datetime(1970, 1, 2, tzinfo=UTC).timestamp(), datetime(1960, 1, 1, tzinfo=UTC).timestamp())
t = time_(14, 30, 15, 500)
print(t, repr(t), t.isoformat("auto"), t.replace(hour=1), t < time_(15), time_.fromisoformat("04:05:06.789"),
    time_.min, time_.max, t.strftime("%H-%M"), time_(1, tzinfo=UTC), bool(time_(0)), time_(12, fold=1).fold,
    hash(time_(1)) == hash(time_(1, 0)))
for bad in (lambda: date(2023, 2, 29), lambda: date(0, 1, 1), lambda: datetime(2024, 13, 1), lambda: time_(25),
        lambda: date.fromisoformat("2024-1-1"), lambda: datetime.strptime("x", "%Y"), lambda: date.max + timedelta(1),
        lambda: timedelta(10 ** 10), lambda: datetime.now() < aware, lambda: timezone(timedelta(hours=25)),
        lambda: date(2024, 1, 1) < 5, lambda: date("x", 1, 1), lambda: datetime.strptime("2024", "%Y %m"),
        lambda: timedelta(1) / 0):
    try:
        print(bad())
    except (ValueError, OverflowError, TypeError, ZeroDivisionError) as e:
        print(type(e).__name__, end=" ")
print()
print(calendar.isleap(2000), calendar.isleap(1900), calendar.monthrange(2024, 2), calendar.leapdays(2000, 2025),
    calendar.day_name[0], list(calendar.month_abbr)[:3], calendar.timegm((1970, 1, 2, 0, 0, 0)),
    [w for w in calendar.monthcalendar(2024, 2)][:2])
print(calendar.month(2024, 2))
print(time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(86400 * 365)), time.gmtime(0)[:6],
    time.strptime("30 Nov 00", "%d %b %y")[:3], time.asctime(time.gmtime(1e9)), time.perf_counter() >= 0,
    time.monotonic() <= time.monotonic(), time.time() > 1.6e9, time.gmtime(0).tm_year, type(time.time_ns()).__name__)


class MyDate(date):
    def quarter(self):
        return (self.month - 1) // 3 + 1


class Zone(timezone.__base__):
    def utcoffset(self, dt):
        return timedelta(hours=1 + bool(self.dst(dt)))

    def dst(self, dt):
        return timedelta(hours=1) if dt and 4 <= dt.month <= 9 else timedelta(0)

    def tzname(self, dt):
        return "summer" if self.dst(dt) else "winter"


m = MyDate(2024, 8, 1)
z = datetime(2024, 7, 1, 12, tzinfo=Zone())
print(m.quarter(), type(m + timedelta(1)).__name__, type(m.replace(day=2)).__name__, z, z.dst(), z.tzname(),
    z.replace(month=1), z.astimezone(UTC))
import pickle
print(pickle.loads(pickle.dumps(dt)) == dt, pickle.loads(pickle.dumps(aware)) == aware,
    pickle.loads(pickle.dumps(td)) == td, MAXYEAR)
day, count = date(2024, 1, 1), 0
while day.year == 2024:
    count += day.weekday() == 4 and day.day == 13
    day += timedelta(1)
print("Friday the 13th:", count)
