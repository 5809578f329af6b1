"""Exceptions raised and caught at several depths, `finally`, context managers, and `try` blocks that raise nothing."""

SIZE = 25000
CHECK = {
    1250: (77875, 7891, 1112, 1250, [1250, 1112, 125], 13, 11556, 250, 125),
    25000: (31245000, 3114250, 22250, 25000, [25000, 22250, 2500], 250, 231229, 5000, 2500),
}


class Problem(Exception):
    def __init__(self, code, text=""):
        super().__init__(code, text)
        self.code = code


class Small(Problem):
    pass


class Large(Problem):
    pass


class Transaction:
    """Commits when its block ends well, and swallows small problems."""

    def __init__(self, log):
        self.log = log

    def __enter__(self):
        self.log[0] += 1
        return self

    def __exit__(self, kind, value, trace):
        if kind is None:
            self.log[1] += 1
        elif issubclass(kind, Small):
            self.log[2] += 1
            return True
        return False


def check(number):
    if number % 10 == 3:
        raise Small(number)
    if number % 100 == 7:
        raise Large(number, "too large")
    return number


def deep(number, depth):
    if depth == 0:
        return check(number)
    return deep(number, depth - 1)


def parse(text):
    try:
        return int(text)
    except ValueError:
        try:
            return round(float(text))
        except ValueError:
            return None


def run(n):
    small = large = done = cleaned = 0
    for i in range(n):
        try:
            deep(i, 4)
        except Small as problem:
            small += problem.code
        except Problem as problem:
            large += problem.args[0]
        else:
            done += 1
        finally:
            cleaned += 1
    log = [0, 0, 0]
    escaped = 0
    for i in range(n):
        try:
            with Transaction(log):
                check(i)
        except Large:
            escaped += 1
    texts = ["12", "3.7", "x", "-5", "1e2", ""]
    parsed = 0
    for i in range(n // 2):
        value = parse(texts[i % 6])
        if value is not None:
            parsed += value
    missing = 0
    table = {"a": 1}
    for i in range(n):
        try:
            table["a"]
            if i % 5 == 0:
                table["b"]
        except KeyError:
            missing += 1
    chained = 0
    for i in range(n // 10):
        try:
            try:
                [][i]
            except IndexError as cause:
                raise Problem(i) from cause
        except Problem as problem:
            chained += isinstance(problem.__cause__, IndexError)
    return small, large, done, cleaned, log, escaped, parsed, missing, chained


if __name__ == "__main__":
    from driver import main
    main(globals())
