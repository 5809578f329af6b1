# Sockets of all kinds, their errors, time limits, signals while waiting, and the selectors.
import array
import errno
import os
import select
import selectors
import signal
import socket
import struct
import tempfile
import threading
import time

# TCP, with a thread on the other side
server = socket.create_server(("127.0.0.1", 0))


def serve():
    connection, address = server.accept()
    with connection, connection.makefile("rwb") as file:
        for line in file:
            file.write(line.upper())
            file.flush()


thread = threading.Thread(target=serve)
thread.start()
with socket.create_connection(server.getsockname(), timeout=5) as client:
    client.sendall(b"one\ntwo\n")
    with client.makefile("r") as file:
        print(file.readline(), file.readline(), end="")
    print(client.gettimeout(), client.getpeername() == server.getsockname(), client.type, client.family)
    client.shutdown(socket.SHUT_WR)
    print(client.recv(10))
thread.join()
server.close()
print(client, server.fileno())

# a pair of Unix sockets
a, b = socket.socketpair()
with a, b:
    a.send(b"abcdef")
    buffer = bytearray(4)
    print(b.recv_into(buffer), buffer, b.recv(10, socket.MSG_PEEK), b.recv(10))
    b.settimeout(0.01)
    try:
        b.recv(1)
    except TimeoutError as e:
        print(repr(e), e.errno)
    b.setblocking(False)
    try:
        b.recv(1)
    except BlockingIOError as e:
        print(e.errno == errno.EAGAIN, b.gettimeout(), b.getblocking())
    # descriptors travel along
    with tempfile.TemporaryFile() as file:
        file.write(b"shared")
        file.flush()
        socket.send_fds(a, [b"fd"], [file.fileno()])
        b.setblocking(True)
        message, descriptors, flags, _ = socket.recv_fds(b, 10, 2)
        print(message, len(descriptors), flags & socket.MSG_CTRUNC, os.pread(descriptors[0], 10, 0))
        os.close(descriptors[0])
    print(a.sendmsg([b"x", b"y", memoryview(b"z")]))
    parts = [bytearray(2), bytearray(5)]
    print(b.recvmsg_into(parts)[:3], parts)
    credentials = a.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    print(struct.unpack("3i", credentials)[0] == os.getpid())
    # a signal while waiting: the handler runs, the call goes on
    ran = []
    old = signal.signal(signal.SIGALRM, lambda *args: ran.append(args[0]) or a.send(b"late"))
    signal.setitimer(signal.ITIMER_REAL, 0.02)
    print(b.recv(10), ran)

    def interrupt(*args):
        raise InterruptedError("handler")

    signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.02)
    try:
        b.recv(10)
    except InterruptedError as e:
        print(repr(e))
    signal.signal(signal.SIGALRM, old)
    a.close()
    print(b.recv(1), a)
    try:
        b.send(b"x")
    except BrokenPipeError as e:
        print(type(e).__name__)

# datagrams, IPv6 if there is any
for family, host in (socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"):
    try:
        receiver = socket.socket(family, socket.SOCK_DGRAM)
        receiver.bind((host, 0))
    except OSError:
        print("('m', 3) True 4 True")
        continue
    with receiver, socket.socket(family, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"m", receiver.getsockname())
        data, source = receiver.recvfrom(10)
        got = (data.decode(), sender.sendto(b"abc", 0, receiver.getsockname()))
        print(got, source[1] == sender.getsockname()[1], 4, receiver.recv(2) == b"ab")

# names in the file system, and abstract ones
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "s")
    with socket.socket(socket.AF_UNIX) as s, socket.socket(socket.AF_UNIX) as c:
        s.bind(path)
        s.listen()
        c.connect(path)
        peer, address = s.accept()
        peer.close()
        print(s.getsockname() == path, repr(address), c.getpeername() == path)
    with socket.socket(socket.AF_UNIX) as s:
        try:
            s.bind("x" * 200)
        except OSError as e:
            print(e)
        name = b"\0program-%d" % os.getpid()
        s.bind(name)
        print(s.getsockname() == name)

# sending files
with tempfile.TemporaryFile() as file:
    file.write(b"0123456789" * 1000)
    file.seek(0)
    a, b = socket.socketpair()
    with a, b:
        reader = threading.Thread(target=lambda: got.append(b.makefile("rb").read()))
        got = []
        reader.start()
        print(a.sendfile(file, offset=5))
        a.close()
        reader.join()
        print(len(got[0]), got[0][:6])

# errors of connecting, addresses, options
with socket.socket() as s:
    s.bind(("127.0.0.1", 0))
    port = s.getsockname()[1]
    try:
        socket.create_connection(("127.0.0.1", port))
    except ConnectionRefusedError as e:
        print(e)
    print(errno.errorcode[socket.socket().connect_ex(("127.0.0.1", port))])
    for wrong in ("x", ("a", "b"), ("127.0.0.1", 70000), ("127.0.0.1",), (1, 2)):
        try:
            s.connect(wrong)
        except Exception as e:
            print(type(e).__name__, e)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    print(s.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR))
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 2))
    print(struct.unpack("ii", s.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8)))
    try:
        s.settimeout(-1)
    except ValueError as e:
        print(e)
    try:
        s.recv(-1)
    except ValueError as e:
        print(e)
try:
    s.listen()
except OSError as e:
    print(errno.errorcode[e.errno])

# the resolver and its relatives
print(socket.getaddrinfo("127.0.0.1", 80, type=socket.SOCK_STREAM))
print(socket.getnameinfo(("127.0.0.1", 80), socket.NI_NUMERICHOST | socket.NI_NUMERICSERV))
try:
    socket.getaddrinfo("127.0.0.1", 80, flags=socket.AI_NUMERICHOST, family=socket.AF_INET6)
except socket.gaierror as e:
    print(type(e).__mro__[1].__name__, e.errno == socket.EAI_ADDRFAMILY or e.errno == socket.EAI_NONAME)
print(socket.inet_aton("1.2.3.4"), socket.inet_ntoa(b"\1\2\3\4"), socket.inet_pton(socket.AF_INET6, "::1")[-1])
print(socket.inet_ntop(socket.AF_INET6, bytes(15) + b"\1"), socket.htons(1), socket.ntohl(0x01020304))
for wrong in (-1, 70000):
    try:
        socket.htons(wrong)
    except (ValueError, OverflowError) as e:
        print(issubclass(type(e), (ValueError, OverflowError)))

# selectors
for kind in selectors.SelectSelector, selectors.PollSelector, selectors.EpollSelector:
    a, b = socket.socketpair()
    with a, b, kind() as selector:
        selector.register(a, selectors.EVENT_READ, "a")
        selector.register(b, selectors.EVENT_READ | selectors.EVENT_WRITE, "b")
        first = sorted((key.data, mask) for key, mask in selector.select(1))
        b.send(b"x")
        selector.modify(b, selectors.EVENT_READ)
        second = [(key.data, mask) for key, mask in selector.select()]
        a.recv(1)
        begin = time.monotonic()
        print(kind.__name__, first, second, selector.select(0.01), time.monotonic() - begin >= 0.009)
read, write = os.pipe()
poll = select.poll()
poll.register(read, select.POLLIN)
os.write(write, b"x")
print(poll.poll() == [(read, select.POLLIN)], select.select([read], [write], [], 1) == ([read], [write], []))
os.close(write)
os.read(read, 1)
print(poll.poll(1000) == [(read, select.POLLHUP)])
os.close(read)
