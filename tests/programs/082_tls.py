# TLS: contexts, loopback connections over sockets and over memory, asyncio, errors, certificates; OpenSSL's hashes.
import asyncio
import hashlib
import hmac
import os
import socket
import ssl
import tempfile
import threading

# A certificate of 2020 to 2120 for localhost, signed by itself.
CERTIFICATE = """\
-----BEGIN CERTIFICATE-----
MIICXjCCAgSgAwIBAgICEjQwCgYIKoZIzj0EAwIwNTELMAkGA1UEBhMCWFgxEjAQ
BgNVBAoMCXJweSB0ZXN0czESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTIwMDEwMTAw
MDAwMFoYDzIxMjAwMTAxMDAwMDAwWjA1MQswCQYDVQQGEwJYWDESMBAGA1UECgwJ
cnB5IHRlc3RzMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAASLJXStRp1AzG934e12fjG21v2I5PYAazNvxiFQGtIOiKsQdAiBkYfF
rZyANwdjXX6d7B0pTn4H0mSNk0Xt84gGo4IBADCB/TBUBgNVHREETTBLgglsb2Nh
bGhvc3SCDiouZXhhbXBsZS50ZXN0hwR/AAABhxAAAAAAAAAAAAAAAAAAAAABhhZo
dHRwczovL2V4YW1wbGUudGVzdC9hMA8GA1UdEwEB/wQFMAMBAf8wDgYDVR0PAQH/
BAQDAgKEMB0GA1UdDgQWBBRvD4NSMi19ELgvYnYT+b6Xk2FusTA1BggrBgEFBQcB
AQQpMCcwJQYIKwYBBQUHMAGGGWh0dHA6Ly9vY3NwLmV4YW1wbGUudGVzdC8wLgYD
VR0fBCcwJTAjoCGgH4YdaHR0cDovL2NybC5leGFtcGxlLnRlc3QveC5jcmwwCgYI
KoZIzj0EAwIDSAAwRQIgM6gkA/oUtiQnyGl8Yq8cGUBi4M6GC/LpQCwRFcZRtOoC
IQCsFMqB1Y/WWWEFY8d6edldcNUcCoaDvk+KGdzja2wlvw==
-----END CERTIFICATE-----
"""
KEY = """\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgo8OWaMGCAv3094YS
ypLZ9BiBcnDzp8nm6Ql7fmbptjqhRANCAASLJXStRp1AzG934e12fjG21v2I5PYA
azNvxiFQGtIOiKsQdAiBkYfFrZyANwdjXX6d7B0pTn4H0mSNk0Xt84gG
-----END PRIVATE KEY-----
"""


def contexts(folder):
    certificate = os.path.join(folder, "certificate.pem")
    key = os.path.join(folder, "key.pem")
    with open(certificate, "w") as file:
        file.write(CERTIFICATE)
    with open(key, "w") as file:
        file.write(KEY)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate, key)
    server.set_alpn_protocols(["h2", "http/1.1"])
    client = ssl.create_default_context(cadata=CERTIFICATE)
    client.set_alpn_protocols(["http/1.1"])
    return server, client


def settings(server, client):
    print(client.check_hostname, client.verify_mode, client.minimum_version, client.protocol, server.verify_mode)
    print(client.cert_store_stats(), client.get_ca_certs())
    print(client.get_ca_certs(True)[0] == ssl.PEM_cert_to_DER_cert(CERTIFICATE))
    client.verify_mode = ssl.CERT_REQUIRED
    for name, value in [("verify_mode", ssl.CERT_NONE), ("num_tickets", 1), ("sni_callback", print)]:
        try:
            setattr(client, name, value)
        except ValueError as e:
            print(name, e)
    for call, args in [
        (client.set_ciphers, ("nonsense",)),
        (client.load_verify_locations, (None, None, "")),
        (client.load_verify_locations, (None, None, "junk")),
        (client.load_verify_locations, ()),
        (client.set_ecdh_curve, ("nonsense",)),
        (client.wrap_bio, (ssl.MemoryBIO(), ssl.MemoryBIO(), False, ".x")),
        (ssl.SSLContext, (99,)),
        (client.load_cert_chain, ("/does/not/exist",)),
    ]:
        try:
            call(*args)
        except Exception as e:
            print(type(e).__name__, str(e).split(" (_ssl")[0])
    print(ssl._txt2obj("serverAuth", True), ssl._nid2obj(129))
    print(len(ssl.RAND_bytes(7)), ssl.RAND_status(), ssl.HAS_TLSv1_3, ssl.OPENSSL_VERSION.split()[0])


def serve(server, listener, handle):
    def run():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            try:
                with server.wrap_socket(connection, server_side=True) as tls:
                    handle(tls)
            except OSError:
                connection.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def echo(tls):
    while data := tls.recv(1000):
        tls.sendall(data.upper())
    tls.unwrap()


def over_sockets(server, client):
    names = []

    def sni(connection, name, context):
        names.append((type(connection).__name__, name, context is server))
        return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME if name == "refused.example.test" else None

    server.sni_callback = sni
    listener = socket.create_server(("127.0.0.1", 0))
    thread = serve(server, listener, echo)
    address = listener.getsockname()
    with client.wrap_socket(socket.create_connection(address), server_hostname="localhost") as tls:
        tls.sendall(b"hello")
        print(tls.recv(100), tls.version(), tls.selected_alpn_protocol(), tls.server_hostname, tls.session_reused)
        print(tls.getpeercert())
        print(tls.getpeercert(True) == ssl.PEM_cert_to_DER_cert(CERTIFICATE), tls.cipher()[1:])
        print(len(tls.get_verified_chain()), len(tls.get_unverified_chain()), tls.compression(), tls.pending())
        room = bytearray(10)
        tls.send(b"into")
        print(tls.recv_into(room), bytes(room))
        big = b"x" * 300_000
        received = bytearray()
        sender = threading.Thread(target=tls.sendall, args=(big,))
        sender.start()
        while len(received) < len(big):
            received += tls.recv(100_000)
        sender.join()
        print(received == big.upper())
        tls.settimeout(0.05)
        try:
            tls.recv(1)
        except TimeoutError as e:
            print("TimeoutError", e)
        tls.setblocking(False)
        try:
            tls.recv(1)
        except ssl.SSLWantReadError as e:
            print(e.args[0], e.args[1].split(" (_ssl")[0], e.reason, e.library)
        tls.settimeout(10)
        plain = tls.unwrap()
        print(type(plain).__name__)
        plain.close()
    for host in "other.test", "10.0.0.1", "refused.example.test":
        connection = socket.create_connection(address)
        try:
            client.wrap_socket(connection, server_hostname=host)
        except ssl.SSLError as e:
            print(type(e).__name__, e.library, e.reason, getattr(e, "verify_message", None), isinstance(e, ValueError))
        connection.close()
    stranger = ssl.create_default_context(cafile=None, cadata=None)
    connection = socket.create_connection(address)
    try:
        stranger.wrap_socket(connection, server_hostname="localhost")
    except ssl.SSLCertVerificationError as e:
        print(e.verify_code, e.verify_message)
    connection.close()
    names_seen = list(names)
    server.sni_callback = None
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()
    print(names_seen)


def over_memory(server, client):
    server.maximum_version = ssl.TLSVersion.TLSv1_2
    client.set_ciphers("ECDHE-ECDSA-AES256-GCM-SHA384")
    session = None
    for _ in range(2):
        to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
        there = client.wrap_bio(to_client, to_server, server_hostname="a.example.test", session=session)
        here = server.wrap_bio(to_server, to_client, server_side=True)
        rounds = 0
        done = set()
        while len(done) < 2:
            rounds += 1
            for end in there, here:
                try:
                    end.do_handshake()
                    done.add(end)
                except ssl.SSLWantReadError:
                    pass
        there.write(b"one")
        here.write(b"two")
        session = there.session
        print(rounds, here.read(), there.read(10), there.version(), there.cipher(), there.session_reused)
        print(there.get_channel_binding() == here.get_channel_binding(), here.getpeercert(), session.has_ticket)
        try:
            here.read()
        except ssl.SSLWantReadError:
            print("nothing yet")
        try:
            there.unwrap()
        except ssl.SSLWantReadError:
            pass
        print(repr(here.read()), to_client.pending > 0, to_client.eof)
    print(session == there.session, client.session_stats()["hits"], server.session_stats()["accept"])
    server.maximum_version = ssl.TLSVersion.MAXIMUM_SUPPORTED
    bio = ssl.MemoryBIO()
    print(bio.write(b"abc"), bio.pending, bio.read(2), bio.eof, bio.write_eof(), bio.read(), bio.eof)
    try:
        bio.write(b"x")
    except ssl.SSLError as e:
        print(e)
    bad = client.wrap_bio(bio := ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname="localhost")
    bio.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    try:
        bad.do_handshake()
    except ssl.SSLError as e:
        print(e.library, e.reason, str(e).split(" (_ssl")[0])


async def over_asyncio(server, client):
    async def handle(reader, writer):
        while line := await reader.readline():
            writer.write(line[::-1])
            await writer.drain()
        writer.close()

    async def ask(port, text):
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=client, server_hostname="localhost")
        writer.write(text + b"\n")
        answer = await reader.read(len(text) + 1)
        kind = writer.get_extra_info("ssl_object").version()
        writer.close()
        await writer.wait_closed()
        return answer, kind

    async with await asyncio.start_server(handle, "127.0.0.1", 0, ssl=server) as listener:
        port = listener.sockets[0].getsockname()[1]
        print(await asyncio.gather(*(ask(port, b"line %d" % i) for i in range(5))))


def hashes():
    for name in "md5", "sha1", "sha256", "sha512_256", "sha3_256", "blake2s":
        if name in hashlib.algorithms_available:
            h = hashlib.new(name, b"abc")
            print(h.name, h.digest_size, h.block_size, h.hexdigest())
    print(hashlib.shake_128(b"abc").hexdigest(8), hashlib.sha256 is not None)
    h = hashlib.sha384(b"a" * 5000)
    c = h.copy()
    c.update(b"more")
    print(h.hexdigest() != c.hexdigest(), c.hexdigest()[:16])
    print(hashlib.pbkdf2_hmac("sha256", b"password", b"salt", 1000).hex())
    print(hashlib.scrypt(b"password", salt=b"salt", n=16, r=8, p=1, dklen=16).hex())
    print(hmac.new(b"key", b"message", "sha256").hexdigest(), hmac.digest(b"key", b"message", "md5").hex())
    m = hmac.new(b"key", digestmod=hashlib.sha1)
    m.update(b"x")
    print(m.name, m.digest_size, m.block_size, m.hexdigest(), hmac.compare_digest("a", "b"))
    for call, args in [
        (hashlib.new, ("nonsense",)),
        (hashlib.sha256, ("text",)),
        (hashlib.pbkdf2_hmac, ("nonsense", b"", b"", 1)),
        (hashlib.pbkdf2_hmac, ("md5", b"", b"", 0)),
        (hmac.compare_digest, ("a", "ä")),
    ]:
        try:
            call(*args)
        except (TypeError, ValueError) as e:
            print(type(e).__name__)


with tempfile.TemporaryDirectory() as folder:
    server, client = contexts(folder)
    settings(server, client)
    over_sockets(server, client)
    over_memory(server, client)
    asyncio.run(over_asyncio(server, client))
hashes()
