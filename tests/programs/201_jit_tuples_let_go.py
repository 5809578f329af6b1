"""In which order a tuple lets go of its items, where a compiled loop never makes the tuple."""


class Noted:
    def __init__(self, name, log):
        self.name = name
        self.log = log

    def __del__(self):
        self.log.append(self.name)


def dropped(n):
    log = []
    for i in range(n):
        pair = (Noted("a", log), Noted("b", log), Noted("c", log))
        log.append("-")
        pair = None
        log.append("/")
    return log


def nested(n):
    log = []
    for i in range(n):
        outer = (Noted("a", log), (Noted("b", log), Noted("c", log)), Noted("d", log))
        outer = i
        log.append("/")
    return log


def partly(n):
    log = []
    for i in range(n):
        pair = (Noted("a", log), Noted("b", log), Noted("c", log))
        middle = pair[1]
        pair = None
        log.append("-")
        middle = None
        log.append("/")
    return log


def returned(n):
    log = []

    def make():
        return Noted("a", log), Noted("b", log)

    for i in range(n):
        make()
        log.append("/")
    return log


class Holder:
    def __init__(self, first, second):
        self.first = first
        self.second = second


def instances(n):
    log = []
    for i in range(n):
        holder = Holder(Noted("a", log), (Noted("b", log), Noted("c", log)))
        holder = None
        log.append("/")
    return log


for test in dropped, nested, partly, returned, instances:
    rounds = "".join(test(3000)).split("/")
    print(test.__name__, sorted(set(rounds)))
