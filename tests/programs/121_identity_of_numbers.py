# A number that was taken out of a container is the object that is there, whatever compiled code has made of it in between.
import operator
import types


def last(count, values):
    for i in range(count):
        number = values["x"]
        number + 1
    return number is values["x"], operator.is_(number, values["x"])


def in_between(count, values):
    others = 0
    for i in range(count):
        number = values["x"]
        if i % 7 == 3:
            others += number is not values["x"]
    return others


for x in (12345678, -(10**12), 2.5, 10**30, 3, True):
    values = {"x": x}
    print(last(400, values), in_between(400, values))

first, second = types.SimpleNamespace(), types.SimpleNamespace()
names = []
for k in range(60):
    value = [k * 1000, float(k), "s%d" % k, k, None, k + 100000, print][k % 7]
    setattr(first, "n%d" % k, value)
    setattr(second, "n%d" % k, value)
    names.append("n%d" % k)


def check():
    wrong = []
    for name in names:
        if name.startswith("__"):
            continue
        member = getattr(first, name)
        other = dict(x=second, y=[name])["x"]
        if not (member is getattr(other, name)):
            wrong.append((name, member))
    return wrong


print([found for _ in range(100) if (found := check())])
print(12345678 is 12345679, 2.5 is 3.5, 1 is 1.0, 0.0 is -0.0, float("nan") is float("nan"))
