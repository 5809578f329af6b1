"""Sockets with a time limit that are closed, more events than memory has room for, threads that cannot be started."""

import resource
import select
import socket
import threading
import time


def tried(what, action):
    start = time.monotonic()
    try:
        action()
    except Exception as error:
        print(what, type(error).__name__, getattr(error, "errno", None), time.monotonic() - start < 1)
    else:
        print(what, "done")


# A closed socket has nothing to wait for.
for limit in (None, 0, 2):
    closed = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    closed.settimeout(limit)
    closed.close()
    room = bytearray(10)
    for what, action in [
        ("recv", lambda: closed.recv(1)),
        ("recv_into", lambda: closed.recv_into(room)),
        ("recvfrom", lambda: closed.recvfrom(1)),
        ("recvmsg", lambda: closed.recvmsg(1)),
        ("send", lambda: closed.send(b"x")),
        ("sendall", lambda: closed.sendall(b"x")),
        ("sendto", lambda: closed.sendto(b"x", ("127.0.0.1", 9))),
        ("sendmsg", lambda: closed.sendmsg([b"x"])),
        ("accept", lambda: closed.accept()),
        ("connect", lambda: closed.connect(("127.0.0.1", 9))),
    ]:
        tried(f"{what} within {limit}", action)

# One that is open has.
here, there = socket.socketpair()
here.settimeout(0.01)
tried("recv of nothing", lambda: here.recv(1))
there.send(b"here")
print(here.recv(10))
here.close()
there.close()

# The events of a poll are room for what may happen, of which little does.
soft, hard = resource.getrlimit(resource.RLIMIT_AS)
resource.setrlimit(resource.RLIMIT_AS, (16 << 30, hard))
with select.epoll() as poll:
    here, there = socket.socketpair()
    poll.register(here, select.EPOLLIN)
    there.send(b"x")
    print(len(poll.poll(1)), len(poll.poll(1, 1)), len(poll.poll(1, 1_000_000)))
    tried("as many events as there are numbers", lambda: poll.poll(0, 2**31 - 1))
    print([events == select.EPOLLIN for _, events in poll.poll(1, 5)])
    here.close()
    there.close()
resource.setrlimit(resource.RLIMIT_AS, (soft, hard))

# The end of the program does not wait for a thread that never was.
size = threading.stack_size(1 << 46)
kept = threading.Thread(target=print)
tried("a thread with more stack than there is", kept.start)
threading.stack_size(size)
print(kept.is_alive(), threading.active_count())
other = threading.Thread(target=print, args=("another thread runs",))
other.start()
other.join()
tried("joining it", kept.join)
