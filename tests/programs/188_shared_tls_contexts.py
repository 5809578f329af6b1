"""A TLS context that several threads change and make connections of at once, and a connection that they share.
CPython 3.13 dies of it."""

import os
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
# The same, behind a password.
LOCKED_KEY = """\
-----BEGIN ENCRYPTED PRIVATE KEY-----
MIHrMFYGCSqGSIb3DQEFDTBJMCgGCSqGSIb3DQEFDDAbBAgqDpZXM9eH3QIBCjAM
BggqhkiG9w0CCQUAMB0GCWCGSAFlAwQBAgQQSZhaSW9RkyCxmJ3l0lv58wSBkIRi
2YCOhQH8nnf1VwEIou+W5KA2fYnJh+0pyhqW16ANKtPUV+RBMGWyCLMvdfIlIzcE
6Bszg84L+3e5eKCLSZdqGXBx+McoWHgdrvaF0Li94qdiupWt9+nIKHoFMS4r4Jr5
5QuoonxZmsChcysfBZ13U4QBQuywXQFlYpvukSBkcpvI3O7yPlzSIrC+Bj6/6g==
-----END ENCRYPTED PRIVATE KEY-----
"""
ROUNDS = 400


def several(*actions):
    """Runs each action many times in a thread of its own, two threads an action."""
    failures = set()

    def work(action):
        for _ in range(ROUNDS):
            try:
                action()
            except Exception as error:
                failures.add(f"{type(error).__name__}: {error}")

    threads = [threading.Thread(target=work, args=(action,)) for action in actions for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(failures)


with tempfile.TemporaryDirectory() as folder:
    certificate = os.path.join(folder, "certificate.pem")
    key = os.path.join(folder, "key.pem")
    with open(certificate, "w") as file:
        file.write(CERTIFICATE)
    with open(key, "w") as file:
        file.write(KEY)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate, key)
    print(
        several(
            lambda: server.load_cert_chain(certificate, key),
            lambda: server.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_side=True),
            lambda: server.set_alpn_protocols(["h2", "http/1.1"]),
        )
    )

    with open(key, "w") as file:
        file.write(LOCKED_KEY)

    # A function that is asked for the password may use the context that asks.
    asked = []

    def password():
        asked.append(server.cert_store_stats())
        server.set_ciphers("HIGH")
        return "secret"

    server.load_cert_chain(certificate, key, password)
    print(len(asked))

client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
client.check_hostname = False
client.verify_mode = ssl.CERT_NONE

# One connection, over memory.
to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
here = client.wrap_bio(to_client, to_server)
there = server.wrap_bio(to_server, to_client, server_side=True)
for side in (here, there) * 3:
    try:
        side.do_handshake()
    except ssl.SSLWantReadError:
        pass


def read_nothing():
    try:
        here.read(1)
    except ssl.SSLWantReadError:
        pass


DATA = bytes(20_000)
print(several(lambda: here.write(DATA), read_nothing, lambda: to_server.pending))
left = 2 * ROUNDS * len(DATA)
while left:
    left -= len(there.read(65_536))
print(to_server.pending)
print(
    several(
        lambda: client.load_verify_locations(cadata=CERTIFICATE),
        lambda: client.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO()),
        lambda: client.get_ca_certs(),
    )
)
print(client.cert_store_stats())
