#!/usr/bin/env python3
"""Decodes the vectors of this folder with nothing but Python's standard library.

Another reading of the format than the one in Go: written after ../../../sync/wire/badged.cddl,
RFC 8949 (CBOR), RFC 9052 (COSE) and RFC 8032 (Ed25519). For each FILE, or each vector of the
folder, it prints a line of JSON:

  file        name of the vector
  diagnostic  the message as RFC 8949 section 8 writes it, decoded from its bytes
  fields      the message with the names that the schema gives to its keys
  events      of a frame: its events, unpacked, as diagnostics
  chain       of a frame: the chain after its last event, in hex
  signed      whether the signature is the sender's; missing: it is not signed

It ends with 1 at the first file that is not what the format allows.
"""
import hashlib
import json
import pathlib
import re
import sys
import zlib

HERE = pathlib.Path(__file__).resolve().parent
SCHEMA = HERE.parents[2] / "sync" / "wire" / "badged.cddl"
MOST_EVENT_BYTES = 16384


class Malformed(Exception):
    """The bytes are not what the format allows."""


def decode(data, at=0, depth=0):
    """Decodes one item of deterministic CBOR and gives it with where it ends."""
    if depth > 16 or at >= len(data):
        raise Malformed("truncated, or nested too deep")
    major, short, at = data[at] >> 5, data[at] & 31, at + 1
    if major == 7:
        if short not in (20, 21):
            raise Malformed("neither false nor true")
        return short == 21, at
    if short < 24:
        value = short
    elif short < 28:
        size = 1 << (short - 24)
        value = int.from_bytes(data[at:at + size], "big")
        if len(data) < at + size or value < (24, 1 << 8, 1 << 16, 1 << 32)[short - 24]:
            raise Malformed("truncated, or a number in a longer form than it needs")
        at += size
    else:
        raise Malformed("an item without a length")
    if major == 0:
        return value, at
    if major == 1:
        return -1 - value, at
    if major in (2, 3):
        body = data[at:at + value]
        if len(body) != value:
            raise Malformed("truncated")
        return (bytes(body) if major == 2 else body.decode()), at + value
    if major == 4:
        items = []
        for _ in range(value):
            item, at = decode(data, at, depth + 1)
            items.append(item)
        return items, at
    if major == 5:
        pairs, last = {}, b""
        for _ in range(value):
            start = at
            key, at = decode(data, at, depth + 1)
            if data[start:at] <= last:
                raise Malformed("keys twice or out of order")
            last = data[start:at]
            pairs[key], at = decode(data, at, depth + 1)
        return pairs, at
    content, at = decode(data, at, depth + 1)
    return Tagged(value, content), at


class Tagged:
    """An item with a tag."""

    def __init__(self, tag, content):
        self.tag, self.content = tag, content


def whole(data):
    """Decodes bytes that are one item and nothing else."""
    item, end = decode(data)
    if end != len(data):
        raise Malformed("bytes behind the end")
    return item


def diagnostic(item):
    """Writes an item as RFC 8949 section 8 does."""
    if isinstance(item, bool):
        return "true" if item else "false"
    if isinstance(item, int):
        return str(item)
    if isinstance(item, bytes):
        return "h'%s'" % item.hex()
    if isinstance(item, str):
        return json.dumps(item)
    if isinstance(item, list):
        return "[%s]" % ", ".join(map(diagnostic, item))
    return "{%s}" % ", ".join("%s: %s" % (diagnostic(k), diagnostic(v)) for k, v in item.items())


def encode(item):
    """Encodes what a signature covers: texts, byte strings, and lists of them."""
    if isinstance(item, list):
        return head(4, len(item)) + b"".join(map(encode, item))
    body = item if isinstance(item, bytes) else item.encode()
    return head(2 if isinstance(item, bytes) else 3, len(body)) + body


def head(major, n):
    if n < 24:
        return bytes([major << 5 | n])
    size = 0 if n < 1 << 8 else 1 if n < 1 << 16 else 2
    return bytes([major << 5 | 24 + size]) + n.to_bytes(1 << size, "big")


def names():
    """Reads from the schema, for each map, the names of its keys."""
    found, current = {}, None
    for line in SCHEMA.read_text().splitlines():
        begin = re.match(r"(\w+) = \{", line)
        field = re.match(r"\s+\??\s*(-?\d+) => .*?; (\w+)", line)
        if begin:
            current = found.setdefault(begin[1], {})
        elif line.startswith("}"):
            current = None
        elif field and current is not None:
            current[int(field[1])] = field[2]
    return found


def named(item, keys):
    """Gives the keys of a map their names; those inside stay numbers."""
    return {keys.get(k, str(k)): diagnostic(v) for k, v in item.items()}


# Ed25519, after RFC 8032 section 5.1.

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def add(a, b):
    """Adds two points in extended coordinates."""
    e, f = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    g, h = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, g, h, f = f - e, h - g, h + g, f + e
    return e * g % P, h * f % P, g * h % P, e * f % P


def times(n, point):
    out = (0, 1, 1, 0)
    while n:
        if n & 1:
            out = add(out, point)
        point, n = add(point, point), n >> 1
    return out


def unpack(data):
    """Gives the point that 32 bytes stand for."""
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if y >= P or (x * x - square) % P or not x and sign:
        raise Malformed("no point of the curve")
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


def pack(point):
    inverse = pow(point[2], P - 2, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


BASE = unpack((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def public(seed):
    """Gives the public key of a seed."""
    half = int.from_bytes(hashlib.sha512(seed).digest()[:32], "little")
    return pack(times(half & (1 << 254) - 8 | 1 << 254, BASE))


def signed_by(key, message, signature):
    s = int.from_bytes(signature[32:], "little")
    if len(signature) != 64 or s >= ORDER:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % ORDER
    return pack(times(s, BASE)) == pack(add(unpack(signature[:32]), times(h, unpack(key))))


def open_signed(data, context, key):
    """Gives the payload of a COSE_Sign1 (RFC 9052 section 4.2), and whether the key signed it for the context."""
    message = whole(data)
    if not isinstance(message, Tagged) or message.tag != 18 or len(message.content) != 4:
        raise Malformed("not a COSE_Sign1")
    protected, unprotected, payload, signature = message.content
    sender = "hub" if context["Dir"] == "down" else context["Terminal"]
    if whole(protected) != {1: -8, 4: sender.encode()} or unprotected != {}:
        raise Malformed("other headers than the sender's")
    external = encode(["badged/1", context["Site"], context["Terminal"], context["Dir"], context["Kind"]])
    return payload, signed_by(key, encode(["Signature1", protected, external, payload]), signature)


def events_of(frame):
    """Gives the encodings of a frame's events."""
    data = frame[6]
    if frame.get(5):
        unpacker = zlib.decompressobj(-15)
        data = unpacker.decompress(data, MOST_EVENT_BYTES + 1)
        if not unpacker.eof or unpacker.unused_data:
            raise Malformed("not one whole DEFLATE stream")
    if len(data) > MOST_EVENT_BYTES:
        raise Malformed("too many bytes of events")
    found, at = [], 0
    while at < len(data):
        _, end = decode(data, at)
        found.append(data[at:end])
        at = end
    if not 1 <= len(found) <= 64 or len(found) != frame[4]:
        raise Malformed("another number of events than it says")
    return found


def chain(before, encodings):
    for e in encodings:
        before = hashlib.sha256(before + hashlib.sha256(e).digest()).digest()[:16]
    return before


def report(path, schema):
    """Decodes one file."""
    if path.suffix == ".hex":
        vector = {"type": "Frame", "cbor": path.read_text().strip()}
    else:
        vector = json.loads(path.read_text())
    data = bytes.fromhex(vector["cbor"])
    item = whole(data)
    out = {"file": path.name, "diagnostic": diagnostic(item), "fields": named(item, schema[vector["type"]])}
    if vector["type"] == "Frame":
        encodings = events_of(item)
        out["events"] = [diagnostic(whole(e)) for e in encodings]
        out["chain"] = chain(item[7], encodings).hex()
    if vector.get("signed"):
        payload, good = open_signed(bytes.fromhex(vector["signed"]), vector["context"], public(bytes.fromhex(vector["seed"])))
        out["signed"] = good and payload == data
    return out


def main(paths):
    schema = names()
    for path in paths or sorted(p for p in HERE.iterdir() if p.suffix in (".json", ".hex")):
        try:
            print(json.dumps(report(pathlib.Path(path), schema), ensure_ascii=False))
        except (Malformed, KeyError, ValueError, zlib.error) as e:
            sys.exit("%s: %s" % (path, e))


if __name__ == "__main__":
    main(sys.argv[1:])
