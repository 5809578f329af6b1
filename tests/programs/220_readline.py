# readline without a terminal: the history and its files, settings, and what is refused.
import ctypes
import os
import tempfile

try:
    ctypes.CDLL("libreadline.so.8")
except OSError:
    # GNU readline is the system's: where it is not installed there is nothing to see.
    with open("expected/220_readline.txt") as expected:
        print(expected.read(), end="")
    raise SystemExit
os.environ["INPUTRC"] = os.devnull
import readline


def attempt(function, *args):
    try:
        result = function(*args)
    except Exception as error:
        print("  %s%a: %s: %s" % (function.__name__, args, type(error).__name__, error))
    else:
        print("  %s%a: %a" % (function.__name__, args, result))


def history():
    print("  history:", *(ascii(readline.get_history_item(i + 1)) for i in range(readline.get_current_history_length())))


print("at first")
for name in ("get_begidx", "get_endidx", "get_completion_type", "get_line_buffer", "get_completer", "get_completer_delims",
             "get_history_length", "get_current_history_length"):
    attempt(getattr(readline, name))
print(" ", readline._READLINE_LIBRARY_VERSION.split(".")[0] == str(readline._READLINE_RUNTIME_VERSION >> 8))

print("the list")
for line in ("first", "s\u00e9cond \u20ac", "third", "\udcff raw"):
    attempt(readline.add_history, line)
history()
for index in (0, -1, 5, 2 ** 31 - 1, -2 ** 31, 2 ** 31, -2 ** 80, "1", 1.0, True):
    attempt(readline.get_history_item, index)
attempt(readline.replace_history_item, 0, "first, replaced")
attempt(readline.replace_history_item, 4, "x")
attempt(readline.replace_history_item, -1, "x")
attempt(readline.replace_history_item, 0, 1)
attempt(readline.replace_history_item, 0)
attempt(readline.remove_history_item, 2)
attempt(readline.remove_history_item, 3)
attempt(readline.remove_history_item, -1)
history()

print("files")
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "history")

    def content():
        with open(path, "rb") as file:
            print("  content:", file.read())

    readline.write_history_file(path)
    content()
    readline.append_history_file(1, os.fsencode(path))
    content()
    readline.append_history_file(0, path)
    readline.append_history_file(100, path)
    content()
    readline.set_history_length(2)
    attempt(readline.get_history_length)
    readline.write_history_file(path)
    content()
    readline.append_history_file(1, path)
    content()
    readline.set_history_length(-1)
    readline.clear_history()
    history()
    readline.add_history("before")

    class Path:
        def __fspath__(self):
            return path

    readline.read_history_file(Path())
    history()
    with open(path, "w") as file:
        file.write("set completion-ignore-case on\n")
    attempt(lambda: readline.read_init_file(path))
    # Without a name: the same again.
    attempt(readline.read_init_file)
for function in (readline.read_init_file, readline.read_history_file, readline.write_history_file):
    attempt(function, "/nonexistent/file")
    attempt(function, 1)
    attempt(function, "a\0b")
attempt(readline.append_history_file, 1, "/nonexistent/file")
attempt(readline.append_history_file)
attempt(readline.append_history_file, "1")

print("hooks")
for name in ("completer", "startup_hook", "pre_input_hook", "completion_display_matches_hook"):
    function = getattr(readline, "set_" + name)
    attempt(function, 1)
    function(print)
    attempt(readline.get_completer)
    attempt(function, None)
    attempt(function)
    attempt(function, None, None)
attempt(readline.get_completer)

print("texts")
attempt(readline.set_completer_delims, " \u00e9")
attempt(readline.get_completer_delims)
attempt(readline.insert_text, "b\u00e9gin ")
attempt(readline.insert_text, "and \udc80 end")
attempt(readline.get_line_buffer)
attempt(readline.parse_and_bind, "tab: complete")
attempt(readline.parse_and_bind, "set bell-style none")
for text in (1, None, b"x", "a\0b", "ab\ud800"):
    for function in (readline.parse_and_bind, readline.add_history, readline.insert_text, readline.set_completer_delims):
        attempt(function, text)
attempt(readline.set_auto_history)
attempt(readline.set_auto_history, [])
attempt(readline.set_history_length, "1")
attempt(readline.set_history_length, 2 ** 31)

print("input from what is no terminal")
attempt(input)
history()
