# The interpreter as a process: subprocess, exit statuses, argv, stdin, atexit, argparse, signals, environment.
import argparse
import os
import signal
import subprocess
import sys


def run(code, *args, **options):
    done = subprocess.run([sys.executable, "-c", code, *args], capture_output=True, text=True, timeout=60, **options)
    return done.returncode, done.stdout, done.stderr.strip().splitlines()[-1:] if done.stderr else []


print(run("print('hello')"), run("import sys; print(sys.argv)", "a", "b c"), run("import sys; sys.exit(3)"),
    run("import sys; sys.exit('message')"), run("raise SystemExit"), run("1 +"), run("raise ValueError('v')"),
    run("import os; os._exit(9)"))
print(run("import sys; print(sys.stdin.read().upper())", input="from stdin"),
    run("print(input('? '))", input="typed\n"), run("input()", input=""),
    run("import sys; print(sys.stdin.readline(), end=''); print(list(sys.stdin))", input="a\nb\nc\n"))
print(run("import atexit\natexit.register(print, 'first')\natexit.register(print, 'second', sep='')\n@atexit.register\ndef f(): print('third')\nprint('main')"))
print(run("import atexit\natexit.register(lambda: 1 / 0)\natexit.register(print, 'still')")[1],
    run("class A:\n  def __del__(self): print('deleted')\na = A()\nprint('end')"))
print(run("import sys; print('out'); print('err', file=sys.stderr)"),
    run("import os; print(os.environ['MARK'])", env={**os.environ, "MARK": "given"}),
    run("import os; os.kill(os.getpid(), 9)")[0], run("import signal, os; os.kill(os.getpid(), signal.SIGTERM)")[0])
print(run("print(__name__, __file__ if '__file__' in globals() else 'no file')"), run("assert False, 'asserted'")[0],
    run("import sys; print(sys.flags.optimize, sys.flags.utf8_mode >= 0, bool(sys.flags.dev_mode))"))
for flags, code in ((["-O"], "assert False; print(__debug__)"), (["-OO"], "def f(): 'doc'\nprint(f.__doc__)"),
        (["-B"], "import sys; print(sys.dont_write_bytecode)"),
        (["-W", "error"], "import warnings; warnings.warn('x')"),
        (["-I"], "import sys; print(sys.flags.isolated, sys.flags.no_user_site)"),
        (["-S"], "import sys; print('site' in sys.modules)"), (["-u"], "print('unbuffered')"),
        (["-X", "utf8=1"], "import sys; print(sys.flags.utf8_mode)"),
        (["-q", "-E"], "import sys; print(sys.flags.ignore_environment)")):
    done = subprocess.run([sys.executable, *flags, "-c", code], capture_output=True, text=True)
    print(flags, done.returncode, done.stdout.strip(), len(done.stderr) > 0)
done = subprocess.run([sys.executable, "-"], input="import sys\nprint('from', sys.argv)\n", capture_output=True,
    text=True)
print(done.stdout.strip(), subprocess.run([sys.executable, "no-such-file.py"], capture_output=True).returncode,
    subprocess.run([sys.executable, "-m", "no_such_module"], capture_output=True).returncode,
    subprocess.run([sys.executable, "--no-such-option"], capture_output=True).returncode)
print(subprocess.check_output(["echo", "from echo"]), subprocess.run("exit 5", shell=True).returncode,
    subprocess.run(["cat"], input=b"cat", stdout=subprocess.PIPE).stdout, subprocess.getoutput("echo shell"))
for bad in (lambda: subprocess.run(["no-such-program-here"]), lambda: subprocess.run(["false"], check=True),
        lambda: subprocess.run(["sleep", "5"], timeout=0.05)):
    try:
        bad()
    except (OSError, subprocess.SubprocessError) as e:
        print(type(e).__name__, getattr(e, "returncode", None), end=" ")
print()
p = subprocess.Popen([sys.executable, "-c",
    "import sys\nfor line in sys.stdin: print(len(line)); sys.stdout.flush()"], stdin=subprocess.PIPE,
    stdout=subprocess.PIPE, text=True)
p.stdin.write("hello\n")
p.stdin.flush()
print(p.stdout.readline().strip(), p.poll())
p.stdin.close()
print(p.wait(30), p.stdout.read())
p.stdout.close()
a = subprocess.Popen(["printf", "b\\na\\nc\\n"], stdout=subprocess.PIPE)
b = subprocess.Popen(["sort"], stdin=a.stdout, stdout=subprocess.PIPE)
a.stdout.close()
print(b.communicate()[0], a.wait())
pid = os.fork()
if pid == 0:
    os._exit(7)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
caught = []
signal.signal(signal.SIGUSR1, lambda number, frame: caught.append((signal.Signals(number).name, frame is not None)))
os.kill(os.getpid(), signal.SIGUSR1)
for _ in range(1000):
    pass
print(caught, signal.getsignal(signal.SIGUSR1) is not None)
signal.signal(signal.SIGALRM, lambda *a: (_ for _ in ()).throw(TimeoutError("alarm")))
signal.setitimer(signal.ITIMER_REAL, 0.02)
try:
    while True:
        pass
except TimeoutError as e:
    print("interrupted by", e)
# A shell may have started this with the signal ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
try:
    os.kill(os.getpid(), signal.SIGINT)
    for _ in range(10 ** 6):
        pass
except KeyboardInterrupt:
    print("KeyboardInterrupt")
parser = argparse.ArgumentParser(prog="prog", description="what it does", exit_on_error=False)
parser.add_argument("file")
parser.add_argument("rest", nargs="*", type=int)
parser.add_argument("-v", "--verbose", action="count", default=0)
parser.add_argument("--name", default="none", choices=["a", "b", "none"])
parser.add_argument("-n", type=int, dest="number")
parser.add_argument("--flag", action=argparse.BooleanOptionalAction, default=True)
parser.add_argument("--list", action="append")
for arguments in (["f"], ["f", "1", "2", "-vv", "--name=a", "-n5", "--no-flag", "--list", "x", "--list", "y"],
        ["--", "-f"]):
    print(vars(parser.parse_args(arguments)))
for arguments in (["f", "x"], ["f", "--name", "c"], ["f", "-n", "q"]):
    try:
        parser.parse_args(arguments)
    except argparse.ArgumentError as e:
        print("ArgumentError", e.argument_name, end="; ")
print(parser.parse_known_args(["f", "--unknown"])[1])
sub = argparse.ArgumentParser(prog="p")
commands = sub.add_subparsers(dest="command")
commands.add_parser("add").add_argument("x", type=float)
commands.add_parser("list").add_argument("--all", action="store_true")
group = sub.add_mutually_exclusive_group()
group.add_argument("--one", action="store_const", const=1)
group.add_argument("--two", action="store_const", const=2)
print(sub.parse_args(["add", "2.5"]), sub.parse_args(["--two", "list", "--all"]))
sys.stdout.flush()
import contextlib
import io
for arguments in (["bad"], ["--one", "--two"], ["add"]):
    with contextlib.redirect_stderr(io.StringIO()) as err:
        try:
            sub.parse_args(arguments)
        except SystemExit as e:
            print("exit", e.code, "usage" in err.getvalue())
