# sys.settrace, sys.setprofile, sys.monitoring basics, frames.
import sys

events = []


def tracer(frame, event, arg):
    if frame.f_code.co_filename != __file__:
        return None
    events.append((event, frame.f_code.co_name, frame.f_lineno - frame.f_code.co_firstlineno,
        arg if event == "return" else None))
    return tracer


def simple(n):
    total = 0
    for i in range(n):
        total += i
    return total


def raises():
    try:
        {}["k"]
    except KeyError:
        return "caught"


def nested():
    return simple(1)


def run(f, *a):
    events.clear()
    sys.settrace(tracer)
    try:
        f(*a)
    finally:
        sys.settrace(None)
    for e in events:
        print(e)
    print("-")


run(simple, 2)
run(raises)
run(nested)


def generator():
    yield 1
    yield 2


def uses_generator():
    out = []
    for x in generator():
        out.append(x)
    return out


run(uses_generator)
print(sys.gettrace())
calls = []


def profiler(frame, event, arg):
    if event.startswith("c_"):
        calls.append((event, arg.__name__))
    elif frame.f_code.co_filename == __file__:
        calls.append((event, frame.f_code.co_name))


def work():
    len([1])
    return simple(2)


sys.setprofile(profiler)
work()
sys.setprofile(None)
print(calls)


def line_skipper(frame, event, arg):
    if event == "line":
        seen.append(dict(frame.f_locals))
    return line_skipper


def local_values(a):
    b = a + 1
    c = b * 2
    return c


seen = []
sys.settrace(line_skipper)
local_values(1)
sys.settrace(None)
print(seen[:3])


def only_calls(frame, event, arg):
    if frame.f_code.co_filename == __file__:
        names.append((event, frame.f_code.co_name))


names = []
sys.settrace(only_calls)
nested()
sys.settrace(None)
print(names)


def frame_facts(x):
    f = sys._getframe()
    return f.f_code.co_name, f.f_locals["x"], f.f_back.f_code.co_name, f.f_globals is globals(), f.f_lineno - f.f_code.co_firstlineno


def caller():
    return frame_facts(5)


print(caller())


def change_local():
    v = 1
    sys._getframe().f_locals["v"] = 2
    return v


print(change_local())
m = sys.monitoring
tool = m.PROFILER_ID
m.use_tool_id(tool, "test")
got = []
m.register_callback(tool, m.events.PY_START, lambda code, offset: got.append(("start", code.co_name)))
m.register_callback(tool, m.events.PY_RETURN, lambda code, offset, value: got.append(("return", code.co_name, value)))
m.set_local_events(tool, simple.__code__, m.events.PY_START | m.events.PY_RETURN)
simple(3)
nested()
m.set_local_events(tool, simple.__code__, 0)
simple(3)
print(got, m.get_tool(tool))
m.free_tool_id(tool)
print(m.get_tool(tool))
code = simple.__code__
print(code.co_name, code.co_varnames, code.co_argcount, code.co_nlocals, code.co_freevars, code.co_consts is not None,
    len(list(code.co_lines())) > 3, len(list(code.co_positions())) > 5, code.co_flags & 1,
    code.replace(co_name="renamed").co_name)


# Loops on one line, and lines that consist of a jump back.
def loops(items):
    for item in items: pass
    for item in items:
        pass
    for item in items:
        if item:
            continue
        break


def tracer(frame, event, arg):
    if frame.f_code is loops.__code__:
        lines.append((frame.f_lineno - loops.__code__.co_firstlineno, event))
        return tracer


for _ in range(2):
    lines = []
    sys.settrace(tracer)
    loops([1, 2, 0])
    sys.settrace(None)
    print(lines)
tool = m.DEBUGGER_ID
m.use_tool_id(tool, "lines")
seen = []
m.register_callback(tool, m.events.LINE, lambda code, line: seen.append(line - code.co_firstlineno))
m.set_local_events(tool, loops.__code__, m.events.LINE)
loops([1, 2, 0])
m.free_tool_id(tool)
print(seen)
