"""Callbacks of TLS connections that use the connection they are called for. CPython dies of some of this."""

import ssl

USES = {
    "read": lambda connection: connection.read(1),
    "write": lambda connection: connection.write(b"x"),
    "handshake": lambda connection: connection.do_handshake(),
    "end": lambda connection: connection.unwrap(),
    "version": lambda connection: connection.version(),
    "cipher": lambda connection: connection.cipher(),
}


def handshake(use):
    seen = set()

    def message(connection, *details):
        try:
            seen.add(repr(use(connection)))
        except Exception as error:
            seen.add(type(error).__name__)

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context._msg_callback = message
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    connection = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
    try:
        connection.do_handshake()
    except ssl.SSLError as error:
        seen.add("in the end " + type(error).__name__)
    return sorted(seen), outgoing.pending > 0


for name, use in USES.items():
    print(name, *handshake(use))


def other(connection):
    """Another connection may be used."""
    return handshake(lambda it: it.version())


print("another", *handshake(other))
