# Child processes: pipelines, signals, ways of starting and of waiting, forks in the presence of threads, crashes with faulthandler.
import faulthandler
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import warnings

python = sys.executable


def run(code, *options, **kwargs):
    return subprocess.run([python, *options, "-c", code], capture_output=True, text=True, timeout=60, **kwargs)


# pipelines
first = subprocess.Popen(["printf", "b\\na\\nc\\n"], stdout=subprocess.PIPE)
second = subprocess.Popen(["sort", "-r"], stdin=first.stdout, stdout=subprocess.PIPE)
first.stdout.close()
print(second.communicate()[0], first.wait(), second.returncode)
print(subprocess.run("echo out; echo err >&2; exit 3", shell=True, capture_output=True))
big = b"x" * 300000
print(subprocess.run(["cat"], input=big, capture_output=True).stdout == big)
print(subprocess.check_output(["tr", "a-z", "A-Z"], input="text\n", text=True))
for call in (
    lambda: subprocess.run(["false"], check=True),
    lambda: subprocess.run(["sleep", "5"], timeout=0.05),
    lambda: subprocess.Popen(["/nonexistent/program"]),
    lambda: subprocess.Popen(["true"], cwd="/nonexistent"),
    lambda: subprocess.Popen(["true"], preexec_fn=lambda: 1 / 0),
):
    try:
        call()
    except Exception as e:
        print(type(e).__name__, e if not isinstance(e, subprocess.TimeoutExpired) else e.timeout > 0)
print(subprocess.run(["sh", "-c", "echo $A$B"], env={"A": "1", "B": "2"}, capture_output=True, text=True).stdout)
with tempfile.TemporaryFile() as file:
    child = subprocess.run(["cat", f"/dev/fd/{file.fileno()}"], pass_fds=[file.fileno()], capture_output=True)
    print(child.returncode)

# how a process ends
print(run("import sys; sys.exit(7)").returncode, run("raise SystemExit('words')").returncode)
print(run("import os; os.abort()").returncode == -signal.SIGABRT)
child = run("import os, signal; os.kill(os.getpid(), signal.SIGINT); print('not reached')")
print(child.returncode == -signal.SIGINT, child.stdout, child.stderr.splitlines()[-1])
child = subprocess.Popen([python, "-c", "print('ready', flush=True)\nwhile True: pass"], stdout=subprocess.PIPE)
child.stdout.readline()
child.terminate()
print(child.wait() == -signal.SIGTERM)
child.stdout.close()
for i in range(5):
    # The signal arrives while the child goes from one call to the next.
    child = subprocess.Popen(
        [python, "-c", "import time\nprint('ready', flush=True)\ntime.sleep(60)"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    child.stdout.readline()
    child.send_signal(signal.SIGINT)
    if b"KeyboardInterrupt" not in child.communicate(timeout=30)[1]:
        print("lost")

# other ways to start and to wait
pid = os.posix_spawn("/bin/sh", ["sh", "-c", "exit 4"], os.environ)
pid, status, usage = os.wait4(pid, 0)
print(os.waitstatus_to_exitcode(status), usage.ru_maxrss > 0)
read, write = os.pipe()
actions = [(os.POSIX_SPAWN_DUP2, write, 1), (os.POSIX_SPAWN_CLOSE, read)]
pid = os.posix_spawnp("echo", ["echo", "moved"], {"PATH": os.environ["PATH"]}, file_actions=actions, setsigdef=[signal.SIGPIPE])
result = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
print(result.si_pid == pid, result.si_status, result.si_code == os.CLD_EXITED, os.waitpid(pid, 0)[1])
os.close(write)
print(os.read(read, 100))
os.close(read)
for call in (
    lambda: os.posix_spawn("/nonexistent", ["x"], None),
    lambda: os.posix_spawn("/bin/true", [], {}),
    lambda: os.posix_spawn("/bin/true", ["true"], {}, file_actions=[(os.POSIX_SPAWN_CLOSE,)]),
    lambda: os.waitpid(-1, 0),
):
    try:
        call()
    except Exception as e:
        print(type(e).__name__, e)

# fork, with threads around
before = []
os.register_at_fork(
    before=lambda: before.append("before"),
    after_in_child=lambda: before.append("child"),
    after_in_parent=lambda: before.append("parent"),
)
stop = threading.Event()
thread = threading.Thread(target=stop.wait)
thread.start()
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    pid = os.fork()
    if pid == 0:
        good = not thread.is_alive() and threading.active_count() == 1 and before == ["before", "child"]
        other = threading.Thread(target=lambda: before.append("new"))
        other.start()
        other.join()
        os._exit(0 if good and before[-1] == "new" and threading.main_thread() is threading.current_thread() else 1)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), before, caught[0].category.__name__, "fork()" in str(caught[0].message))
stop.set()
thread.join()


def in_thread():
    pid = os.fork()
    if pid == 0:
        main.join()
        os._exit(5 if threading.main_thread() is threading.current_thread() else 6)
    codes.append(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


codes = []
main = threading.main_thread()
with warnings.catch_warnings(action="ignore"):
    thread = threading.Thread(target=in_thread)
    thread.start()
    thread.join()
print(codes)

# the end of the interpreter: daemons stop, and what cannot be done any more says so
code = """
import threading, os, sys
class Last:
    def __init__(self):
        self.me = self
        self.thread = threading.Thread(target=loop, daemon=True)
        self.thread.start()
    def __del__(self):
        for call in self.thread.join, os.fork, threading.Thread(target=print).start:
            try:
                call()
            except PythonFinalizationError:
                print("too late")
def loop():
    while True:
        pass
Last()
"""
if sys.version_info >= (3, 14):
    child = run(code)
    print(child.stdout, child.returncode)
else:
    # joining waits forever
    print("too late\n" * 3, 0)

# faulthandler
print(faulthandler.is_enabled(), run("import faulthandler; print(faulthandler.is_enabled())", "-X", "faulthandler").stdout)
child = run("import faulthandler\ndef f():\n    faulthandler._sigsegv()\nfaulthandler.enable()\nf()")
lines = child.stderr.splitlines()
print(child.returncode == -signal.SIGSEGV, lines[0], lines[3:5])
child = run("import faulthandler, sys\ndef f():\n    faulthandler.dump_traceback(sys.stdout, all_threads=False)\nf()")
print(child.stdout)
with tempfile.TemporaryFile() as file:
    faulthandler.dump_traceback_later(0.05, file=file)
    time.sleep(0.3)
    faulthandler.cancel_dump_traceback_later()
    file.seek(0)
    lines = file.read().splitlines()
    print(lines[0], b"most recent call first" in lines[1], b"in <module>" in lines[-1])
with tempfile.TemporaryFile() as file:
    faulthandler.register(signal.SIGUSR1, file, all_threads=False)
    os.kill(os.getpid(), signal.SIGUSR1)
    print(faulthandler.unregister(signal.SIGUSR1), faulthandler.unregister(signal.SIGUSR1))
    file.seek(0)
    print(file.readline())
for call in (
    lambda: faulthandler.register(signal.SIGSEGV),
    lambda: faulthandler.register(1000),
    lambda: faulthandler.dump_traceback_later(0),
    lambda: faulthandler.enable(-1),
):
    try:
        call()
    except Exception as e:
        print(type(e).__name__, e)
print(run("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)").returncode == -signal.SIGSEGV)
