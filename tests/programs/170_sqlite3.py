"""Databases: connections, cursors, rows, transactions, functions in Python, blobs, copies."""

import contextlib
import gc
import os
import sqlite3
import tempfile
import threading
import warnings


def failure(function, *args, **kwargs):
    try:
        return function(*args, **kwargs)
    except Exception as e:
        return f"{type(e).__name__}: {e}"


def heading(text):
    print(f"-- {text}")


heading("values and parameters")
con = sqlite3.connect(":memory:")
print(con.isolation_level == "", con.in_transaction, con.autocommit, con.total_changes)
con.execute("create table t(i integer, f real, s text, b blob, n)")
values = [
    (1, 1.5, "one", b"\x00\x01", None),
    (-(2**63), -0.0, "zwei\0drei", bytearray(b"xyz"), True),
    (2**63 - 1, float("inf"), "\u20ac\U0001f600", memoryview(b"abc"), "text"),
]
cur = con.executemany("insert into t values (?, ?, ?, ?, ?)", values)
print(cur.rowcount, cur.lastrowid, con.in_transaction, con.total_changes)
con.commit()
print(con.in_transaction)
for row in con.execute("select rowid, * from t"):
    print(row)
cur = con.execute("select i, s as text from t where f > :least and i <> :other", {"least": 1, "other": 5})
print([column[0] for column in cur.description], cur.fetchone(), cur.fetchmany(5), cur.fetchone(), cur.rowcount)
print(con.execute("select ?1, ?2, ?1", (1, 2)).fetchall())
print(con.execute("").fetchall(), con.execute("-- nothing").description)
print(con.execute("select typeof(?), typeof(?), typeof(?)", (float("nan"), b"", "")).fetchone())

heading("mistakes")
print(failure(con.execute, "select ?", (2**63,)))
print(failure(con.execute, "select ?, ?", (1,)))
print(failure(con.execute, "select ?", {"a": 1}))
print(failure(con.execute, "select :a", {"b": 1}))
print(failure(con.execute, "select :a", {"a": object()}))
print(failure(con.execute, "select ?", 5))
print(failure(con.execute, "select 1; select 2"))
print(failure(con.execute, "select nothing"))
print(failure(con.executemany, "select ?", [(1,)]))
print(failure(con.execute, "select '\0'"))
print(failure(con.cursor, lambda connection: None))
print(failure(sqlite3.connect, ":memory:", isolation_level="slow"))
print(failure(sqlite3.connect, ":memory:", autocommit=7))
con.execute("create table u(x unique check (x > 0))")
con.execute("insert into u values (1)")
for number in 1, -1:
    try:
        con.execute("insert into u values (?)", (number,))
    except sqlite3.IntegrityError as e:
        print(e, e.sqlite_errorcode == getattr(sqlite3, e.sqlite_errorname), e.sqlite_errorname)
print([c.__name__ for c in sqlite3.IntegrityError.__mro__], con.IntegrityError is sqlite3.IntegrityError)

heading("objects without __init__, closed ones, other threads")
print(failure(sqlite3.Connection.__new__(sqlite3.Connection).cursor))
print(failure(sqlite3.Cursor.__new__(sqlite3.Cursor).close))
print(failure(sqlite3.Cursor.__new__(sqlite3.Cursor).execute, "select 1"))
closed = sqlite3.connect(":memory:")
cur = closed.cursor()
rows = closed.execute("select 1 union select 2")
closed.close()
closed.close()
print(failure(cur.execute, "select 1"), failure(rows.fetchall), failure(closed.commit), failure(closed.__enter__))
cur = con.cursor()
cur.close()
print(failure(cur.fetchone))
answers = []
thread = threading.Thread(target=lambda: answers.append(failure(con.execute, "select 1")))
thread.start()
thread.join()
print(answers[0].split(" The object")[0])

heading("rows")
con.row_factory = sqlite3.Row
row = con.execute("select 1 as one, 'zwei' as Two").fetchone()
print(tuple(row), row.keys(), row["one"], row["TWO"], row[-1], row[:1], len(row), dict(row), list(reversed(row)))
same, other = con.execute("select 1 as one, 'zwei' as Two"), con.execute("select 1 as one, 'zwei' as Drei")
same, other = same.fetchone(), other.fetchone()
print(row == same, hash(row) == hash(same), row == other, row != other, row == (1, "zwei"))
print(failure(lambda: row["three"]), failure(lambda: row[2]), failure(lambda: row[1.0]), failure(lambda: row < same))
con.row_factory = lambda cursor, row: {d[0]: v for d, v in zip(cursor.description, row)}
print(con.execute("select 1 as one, 2 as two").fetchall())
con.row_factory = None
con.text_factory = bytes
print(con.execute("select 'text'").fetchone())
con.text_factory = lambda data: data.decode("latin-1").upper()
print(con.execute("select 'text'").fetchone())
con.text_factory = str
print(failure(con.execute("select cast(x'ff41' as text) as col").fetchone))

heading("adapters and converters")


class Point:
    def __init__(self, x, y):
        self.x, self.y = x, y

    def __conform__(self, protocol):
        if protocol is sqlite3.PrepareProtocol:
            return f"{self.x};{self.y}"

    def __repr__(self):
        return f"Point({self.x}, {self.y})"


class Money(int):
    pass


sqlite3.register_adapter(Money, lambda money: f"{int(money)} EUR")
sqlite3.register_converter("point", lambda data: Point(*map(int, data.split(b";"))))
with contextlib.closing(sqlite3.connect(":memory:", detect_types=sqlite3.PARSE_DECLTYPES | sqlite3.PARSE_COLNAMES)) as typed:
    typed.execute("create table p(p point, q point(2), r text)")
    typed.execute("insert into p values (?, ?, ?)", (Point(1, 2), None, Money(5)))
    cur = typed.execute('select p, q, r, p || "" as "p [point]", p as "p [other]" from p')
    print(cur.fetchall(), [d[0] for d in cur.description])
print(sqlite3.adapt(Point(3, 4)), failure(sqlite3.adapt, object()), sqlite3.adapt(object(), sqlite3.PrepareProtocol, "else"))

heading("transactions")
con.executescript("drop table u; create table u(x); insert into u values (1);")
print(con.in_transaction)
with con:
    con.execute("insert into u values (2)")
with contextlib.suppress(ZeroDivisionError), con:
    con.execute("insert into u values (3)")
    1 / 0
print(con.execute("select x from u").fetchall(), con.in_transaction)
traced = []
for level in None, "", "deferred", "IMMEDIATE", "exclusive":
    con.isolation_level = level
    con.set_trace_callback(traced.append)
    con.execute("insert into u values (?)", (level,))
    con.rollback()
    con.set_trace_callback(None)
    print(repr(con.isolation_level), traced)
    traced.clear()
with contextlib.closing(sqlite3.connect(":memory:", autocommit=False)) as modern:
    print(modern.autocommit, modern.in_transaction)
    modern.execute("create table t(x)")
    modern.rollback()
    print(failure(modern.execute, "select * from t"), modern.in_transaction)
    modern.autocommit = True
    print(modern.autocommit, modern.in_transaction)

heading("functions in Python")
con.isolation_level = ""
con.create_function("plus", -1, lambda *args: sum(args), deterministic=True)
con.create_function("kinds", -1, lambda *args: " ".join(type(a).__name__ for a in args))
con.create_function("fail", 1, lambda x: 1 / x)
print(con.execute("select plus(1, 2, 3), plus(), kinds(1, 1.0, 'a', x'00', null), fail(4)").fetchone())
print(failure(con.execute, "select fail(0)"))
con.create_function("huge", 0, lambda: 2**64)
con.create_function("odd", 0, lambda: object())
print(failure(con.execute, "select huge()"), "/", failure(con.execute, "select odd()"))


class Longest:
    def __init__(self):
        self.words = []

    def step(self, word):
        self.words.append(word)

    def inverse(self, word):
        self.words.remove(word)

    def value(self):
        return max(self.words, key=len, default=None)

    def finalize(self):
        return self.value()


class NoStep:
    def finalize(self):
        return 1


con.execute("create table words(n, w)")
con.executemany("insert into words values (?, ?)", enumerate("a short list of some words".split()))
con.create_aggregate("longest", 1, Longest)
con.create_aggregate("nostep", 1, NoStep)
print(con.execute("select longest(w) from words").fetchone(), con.execute("select longest(w) from words where 0").fetchone())
print(failure(con.execute, "select nostep(w) from words"))
con.create_window_function("widest", 1, Longest)
window = "select widest(w) over (order by n rows between 1 preceding and 1 following) from words"
print([w for (w,) in con.execute(window)])
con.create_window_function("widest", 1, None)
print(failure(con.execute, window))
con.create_collation("backwards", lambda a, b: (a[::-1] > b[::-1]) - (a[::-1] < b[::-1]))
print([w for (w,) in con.execute("select w from words order by w collate backwards")])
con.create_collation("wrong", lambda a, b: 1 / 0)
print(failure(con.execute, "select w from words order by w collate wrong"))
con.create_collation("wrong", None)
print(failure(con.execute, "select w from words order by w collate wrong"))

heading("hooks")
con.set_authorizer(lambda action, *names: sqlite3.SQLITE_DENY if "words" in names else sqlite3.SQLITE_OK)
print(failure(con.execute, "select * from words"), failure(con.execute, "select 1").fetchall())
con.set_authorizer(None)
calls = []
con.set_progress_handler(lambda: len(calls) > 5 or calls.append(None), 100)
many = "with recursive c(x) as (select 1 union all select x + 1 from c where x < 100000) select max(x) from c"
print(failure(con.execute, many), len(calls))
con.set_progress_handler(None, 0)
print(con.execute(many).fetchone())

heading("cursors in use")
typed = sqlite3.connect(":memory:", detect_types=sqlite3.PARSE_COLNAMES)
cur = typed.cursor()
for name, use in ("fetch", cur.fetchone), ("close", cur.close), ("init", lambda: cur.__init__(typed)):
    sqlite3.register_converter(name, lambda data, use=use: use())
    cur.execute(f"select 'x' as 'x [{name}]'")
    print(name, failure(cur.fetchall))
typed.close()
first, second = con.execute("select n from words"), con.execute("select n from words")
print(first.fetchone(), second.fetchmany(2), first.fetchone(), next(second))
for index, row in enumerate(con.execute("select w from words order by n")):
    con.execute("insert into u values (?)", row)
    con.commit()
print(index, con.execute("select count(*) from u").fetchone())

heading("blobs")
con.execute("create table files(data)")
con.execute("insert into files values (zeroblob(10))")
with con.blobopen("files", "data", 1) as blob:
    blob.write(b"hello")
    blob[-1] = 33
    blob[5:9:2] = b"--"
    blob.seek(-3, os.SEEK_END)
    print(len(blob), blob.tell(), blob.read(), blob[0], blob[1:4], blob.read())
    print(failure(blob.seek, 11), failure(blob.write, b"long"), failure(lambda: blob[10]))
    print(failure(blob.__setitem__, 0, 256), failure(blob.__setitem__, slice(0, 2), b"a"), failure(blob.__delitem__, 0))
print(failure(blob.read), failure(con.blobopen, "files", "data", 2))
print(con.execute("select data from files").fetchone())

heading("files, copies and dumps")
con.commit()
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "database")
    with contextlib.closing(sqlite3.connect(path)) as target:
        steps = []
        con.backup(target, pages=1, progress=lambda status, remaining, total: steps.append(remaining))
        print(steps == sorted(steps, reverse=True), steps[-1], target.execute("select count(*) from words").fetchone())
    uri = f"file:{path}?mode=ro"
    with contextlib.closing(sqlite3.connect(uri, uri=True)) as target:
        print(failure(target.execute, "delete from words"))
    print(failure(sqlite3.connect, os.path.join(folder, "none", "x")))
    with contextlib.closing(sqlite3.connect(path, timeout=0)) as a, contextlib.closing(sqlite3.connect(path, timeout=0)) as b:
        a.execute("insert into u values (1)")
        print(failure(b.execute, "insert into u values (1)"))
copy = sqlite3.connect(":memory:")
copy.deserialize(con.serialize())
print(copy.execute("select longest from (select 1 as longest)").fetchone(), copy.execute("select count(*) from u").fetchone())
small = sqlite3.connect(":memory:")
small.executescript("create table t(a, b); insert into t values (1, 'it''s'); create index i on t(a);")
print(list(small.iterdump()))

heading("settings and features")
print(con.setlimit(sqlite3.SQLITE_LIMIT_SQL_LENGTH, 20) > 20, con.getlimit(sqlite3.SQLITE_LIMIT_SQL_LENGTH))
print(failure(con.execute, "select 'longer than twenty'"), failure(con.getlimit, 1000))
con.setlimit(sqlite3.SQLITE_LIMIT_SQL_LENGTH, 10000)
print(con.getconfig(sqlite3.SQLITE_DBCONFIG_ENABLE_FKEY), failure(con.setconfig, -1))
print(con.execute("select sqrt(16), json_extract('{\"a\": [1, 2]}', '$.a[1]')").fetchone())
con.execute("create virtual table search using fts5(body)")
con.execute("insert into search values ('the quick brown fox')")
print(con.execute("select body from search where search match 'quick'").fetchall())
print(sqlite3.complete_statement("select 1;"), sqlite3.complete_statement("select"), sqlite3.apilevel, sqlite3.paramstyle)

heading("warnings")
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    con.create_function(name="f", narg=0, func=None)
    con.set_trace_callback(trace_callback=None)
    forgotten = sqlite3.connect(":memory:")
    del forgotten
    gc.collect()
print([(w.category.__name__, str(w.message).split(" at 0x")[0]) for w in caught])

for connection in con, copy, small:
    connection.close()
