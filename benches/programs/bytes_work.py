"""Bytes and bytearrays: checksums, run-length coding, hex, struct packing, memory views, a stream cipher."""

import struct

SIZE = 30000
CHECK = {
    1500: (335465021, 812760980, 2974, True, 666546452, True, 7, -1, (3750, 7446656.25), True),
    30000: (3430166705, 286617965, 59766, True, 741598775, True, 98, -1, (75000, 152465035.0), True),
}


def adler(data):
    a, b = 1, 0
    for byte in data:
        a = (a + byte) % 65521
        b = (b + a) % 65521
    return b << 16 | a


CRC = []
for _byte in range(256):
    for _ in range(8):
        _byte = _byte >> 1 ^ (0xEDB88320 if _byte & 1 else 0)
    CRC.append(_byte)


def crc(data):
    value = 0xFFFFFFFF
    for byte in data:
        value = CRC[(value ^ byte) & 255] ^ value >> 8
    return value ^ 0xFFFFFFFF


def squeeze(data):
    out = bytearray()
    at = 0
    while at < len(data):
        end = at
        while end < len(data) and data[end] == data[at] and end - at < 255:
            end += 1
        out.append(end - at)
        out.append(data[at])
        at = end
    return bytes(out)


def stretch(data):
    return b"".join(data[i + 1:i + 2] * data[i] for i in range(0, len(data), 2))


def cipher(data, key):
    box = list(range(256))
    j = 0
    for i in range(256):
        j = (j + box[i] + key[i % len(key)]) & 255
        box[i], box[j] = box[j], box[i]
    i = j = 0
    out = bytearray(len(data))
    for at, byte in enumerate(data):
        i = (i + 1) & 255
        j = (j + box[i]) & 255
        box[i], box[j] = box[j], box[i]
        out[at] = byte ^ box[(box[i] + box[j]) & 255]
    return bytes(out)


def records(n):
    packed = b"".join(struct.pack("<IhBd", i, -i % 30000, i % 256, i / 4) for i in range(n))
    view = memoryview(packed)
    size = struct.calcsize("<IhBd")
    total = 0.0
    for at in range(0, len(packed), size):
        number, short, byte, real = struct.unpack_from("<IhBd", view, at)
        total += number + short - byte + real
    return len(packed), total


def run(n):
    data = bytes(i * i // 50 & 255 for i in range(n))
    small = squeeze(data)
    secret = cipher(data, b"benchmark")
    upper = data.hex().upper().encode()
    return (adler(data), crc(data), len(small), stretch(small) == data, crc(secret), cipher(secret, b"benchmark") == data,
            upper.count(b"FF"), data.find(b"\x10\x10"), records(n // 6), bytes.fromhex(upper.decode()) == data)


if __name__ == "__main__":
    from driver import main
    main(globals())
