"""What tests of hostile peers share: OTLP by hand, TLS contexts, HTTP/2 frames without a library, and a backend whose every answer is a function."""
import gzip
import os
import re
import socket
import ssl
import struct
import threading

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST, SETTINGS, PUSH, PING, GOAWAY, WINDOW, CONTINUATION = range(10)
END_STREAM, END_HEADERS, ACK = 1, 4, 1
TRACES = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"


# -- protobuf ------------------------------------------------------------------------------------------------------------------------
def varint(n):
    out = b""
    while n > 127:
        out, n = out + bytes([n & 127 | 128]), n >> 7
    return out + bytes([n])


def field(number, value):
    """Length-delimited, or a varint."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def attribute(key, value):
    return field(1, key) + field(2, field(1, value))


def request(span_ids, country=None, text="plain"):
    """An ExportTraceServiceRequest with a span an id."""
    spans = b"".join(field(2, field(1, os.urandom(16)) + field(2, bytes.fromhex(i)) + field(5, "GET /orders") + b"\x39" + struct.pack("<Q", 1700000000000000000) +
                           b"\x41" + struct.pack("<Q", 1700000000100000000) + field(9, attribute("note", text))) for i in span_ids)
    resource = field(1, attribute("service.name", "peers")) + (field(1, attribute("geo.country.iso_code", country)) if country else b"")
    return field(1, field(1, resource) + field(2, spans))


def fields(message):
    """(number, value) of a message; values are bytes or numbers."""
    at = 0

    def number():
        nonlocal at
        n = shift = 0
        while True:
            byte = message[at]
            n, at, shift = n | (byte & 127) << shift, at + 1, shift + 7
            if byte < 128:
                return n

    while at < len(message):
        tag = number()
        size = {0: None, 1: 8, 5: 4}.get(tag & 7, -1)
        if size is None:
            yield tag >> 3, number()
            continue
        if size < 0:
            size = number()
        yield tag >> 3, message[at:at + size]
        at += size


def span_ids(message):
    return [v.hex() for n, rs in fields(message) if n == 1 for m, ss in fields(rs) if m == 2 for k, span in fields(ss) if k == 2
            for f, v in fields(span) if f == 2]


# -- TLS -----------------------------------------------------------------------------------------------------------------------------
def client_context(pki, who="shop", ca="server-ca", alpn=()):
    c = ssl.create_default_context(cafile=str(pki / f"{ca}.crt"))
    if who:
        c.load_cert_chain(pki / f"{who}.crt", pki / f"{who}.key")
    if alpn:
        c.set_alpn_protocols(list(alpn))
    return c


def server_context(pki, cert="backend", alpn=(), maximum=None):
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    c.load_cert_chain(pki / f"{cert}.crt", pki / f"{cert}.key")
    c.load_verify_locations(pki / "backends-ca.crt")
    c.verify_mode = ssl.CERT_REQUIRED
    if maximum:
        c.maximum_version = maximum
    if alpn:
        c.set_alpn_protocols(list(alpn))
    return c


def connect(port, context, name="localhost", timeout=10):
    raw = socket.create_connection(("127.0.0.1", port), timeout=timeout)
    return context.wrap_socket(raw, server_hostname=name)


def read_all(s, enough=1 << 20):
    """What comes until the other side ends; b'' and a reset are an end too."""
    got = b""
    try:
        while len(got) < enough:
            piece = s.recv(65536)
            if not piece:
                break
            got += piece
    except (ConnectionError, ssl.SSLError):
        pass
    return got


# -- HTTP/2 --------------------------------------------------------------------------------------------------------------------------
def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def settings(*pairs):
    return frame(SETTINGS, 0, 0, b"".join(struct.pack(">HI", *p) for p in pairs))


def hpack_number(n, bits):
    top = (1 << bits) - 1
    return bytes([n]) if n < top else bytes([top]) + varint(n - top)


def hpack(names):
    """Literal fields without indexing, no Huffman (RFC 7541 section 6.2.2)."""
    out = b""
    for name, value in names:
        name, value = (x.encode() if isinstance(x, str) else x for x in (name, value))
        out += b"\0" + hpack_number(len(name), 7) + name + hpack_number(len(value), 7) + value
    return out


def grpc_head(path=TRACES, extra=()):
    return hpack([(":method", "POST"), (":scheme", "https"), (":path", path), (":authority", "localhost"), ("te", "trailers"),
                  ("content-type", "application/grpc"), *extra])


def grpc_message(body, compressed=False):
    return bytes([compressed]) + struct.pack(">I", len(body)) + body


def frames(data):
    """Whole frames off the front: [(kind, flags, stream, payload)], rest."""
    out = []
    while len(data) >= 9:
        size = int.from_bytes(data[:3], "big")
        if len(data) < 9 + size:
            break
        out.append((data[3], data[4], int.from_bytes(data[5:9], "big") & 0x7fffffff, data[9:9 + size]))
        data = data[9 + size:]
    return out, data


# "grpc-status" as nghttp2 writes it: in Huffman code; the digits are sent plain, since that is no longer.
STATUS = re.compile(rb"\x88\x9a\xca\xc8\xb2\x12\x34\xda\x8f(?:\x01([0-9])|\x02([0-9]{2}))", re.S)


def grpc_status(block):
    m = STATUS.search(block)
    return int(m.group(1) or m.group(2)) if m else None


class H2Client:
    """Frames out, frames in; nothing is done by itself but acknowledging SETTINGS."""

    def __init__(self, port, context, *pairs, timeout=10):
        self.s = connect(port, context, timeout=timeout)
        self.rest, self.seen, self.ended = b"", [], False
        self.send(PREFACE + settings((1, 0), *pairs))  # no table: each status stands in its own block

    def send(self, data):
        try:
            self.s.sendall(data)
        except OSError:
            self.ended = True
            return False
        return True

    def read(self, until, seconds=10):
        """Reads until a frame satisfies until(frame); that frame, or None at the end."""
        self.s.settimeout(seconds)
        while True:
            new, self.rest = frames(self.rest)
            for n, f in enumerate(new):
                self.seen.append(f)
                if f[0] == SETTINGS and not f[1] & ACK:
                    self.send(frame(SETTINGS, ACK, 0))
                if until(f):
                    self.rest = b"".join(frame(*g) for g in new[n + 1:]) + self.rest
                    return f
            try:
                piece = self.s.recv(65536)
            except OSError:
                piece = b""
            if not piece:
                self.ended = True
                return None
            self.rest += piece

    def call(self, stream, body, extra=(), end=True):
        return self.send(frame(HEADERS, END_HEADERS, stream, grpc_head(extra=extra)) + self.body(stream, body, end))

    @staticmethod
    def body(stream, body, end=True):
        message = grpc_message(body)
        pieces = [message[i:i + 16384] for i in range(0, len(message), 16384)]
        return b"".join(frame(DATA, END_STREAM if end and i == len(pieces) - 1 else 0, stream, p) for i, p in enumerate(pieces))

    def status(self, stream, seconds=10):
        f = self.read(lambda f: f[2] == stream and f[0] in (HEADERS, RST) and (f[0] == RST or f[1] & END_STREAM), seconds)
        return None if f is None or f[0] == RST else grpc_status(f[3])

    def close(self):
        try:
            self.s.close()
        except OSError:
            pass


# -- a backend -----------------------------------------------------------------------------------------------------------------------
class Gone(Exception):
    """The connection is over."""


class Call:
    """One request to the backend: how often it came, and ways to answer it badly."""

    def __init__(self, conn, number, ids, stream=0):
        self.conn, self.number, self.ids, self.stream = conn, number, ids, stream

    def raw(self, data):
        try:
            self.conn.sendall(data)
        except OSError:
            raise Gone from None

    def http(self, status=200, body=b"", extra="", type="application/x-protobuf"):
        self.raw(f"HTTP/1.1 {status} Word\r\nContent-Type: {type}\r\nContent-Length: {len(body)}\r\n{extra}\r\n".encode() + body)

    def head(self, pairs, flags=END_HEADERS):
        self.raw(frame(HEADERS, flags, self.stream, hpack(pairs)))

    def grpc(self, status=0, body=b"", extra=(), prefix=None):
        """A usual answer: headers, message, trailers."""
        self.head([(":status", "200"), ("content-type", "application/grpc"), *(prefix or ())])
        self.raw(frame(DATA, 0, self.stream, body if prefix else grpc_message(body)))
        self.trailers(status, extra)

    def trailers(self, status, extra=()):
        self.head([("grpc-status", str(status)), *extra], END_HEADERS | END_STREAM)

    def only(self, status, extra=()):
        self.head([(":status", "200"), ("content-type", "application/grpc"), ("grpc-status", str(status)), *extra], END_HEADERS | END_STREAM)

    def cut(self):
        """The end without a word of TLS, as a process that dies."""
        try:
            self.conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            socket.socket(fileno=self.conn.detach()).close()
        except OSError:
            pass
        raise Gone

    def close(self):
        raise Gone

    def goodbye(self):
        """TLS's own end, then the end."""
        try:
            self.conn.unwrap()
        except OSError:
            pass
        raise Gone


class Backend:
    """Takes OTLP and does with each request what bad(call) says, until it is told to be good. good: ids that were acknowledged by a sound answer."""

    def __init__(self, name, context, h2, bad, greeting=b""):
        self.name, self.h2, self.bad, self.context, self.greeting = name, h2, bad, context, greeting
        self.seen, self.good, self.attempts, self.healed = [], set(), 0, threading.Event()
        self.lock = threading.Lock()
        self.times = []
        self.clock = __import__("time").monotonic
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                raw, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(raw,), daemon=True).start()

    def serve(self, raw):
        try:
            raw.settimeout(60)
            conn = self.context.wrap_socket(raw, server_side=True)
            try:
                (self.serve_h2 if self.h2 else self.serve_http)(conn)
            finally:
                conn.close()
        except (OSError, Gone, ValueError, IndexError):
            raw.close()

    def take(self, conn, body, stream=0):
        ids = span_ids(body)
        with self.lock:
            self.attempts += 1
            self.seen += ids
            self.times.append(self.clock())
            number = self.attempts
        call = Call(conn, number, ids, stream)
        if self.healed.is_set() or self.bad(call) == "good":
            with self.lock:
                self.good.update(ids)
            (call.grpc if self.h2 else call.http)()

    def serve_http(self, conn):
        left = b""
        while True:
            while b"\r\n\r\n" not in left:
                piece = conn.recv(65536)
                if not piece:
                    return
                left += piece
            head, left = left.split(b"\r\n\r\n", 1)
            size = int(re.search(rb"(?i)\r\ncontent-length: *(\d+)", head).group(1))
            while len(left) < size:
                piece = conn.recv(65536)
                if not piece:
                    return
                left += piece
            body, left = left[:size], left[size:]
            self.take(conn, gzip.decompress(body) if b"ontent-Encoding: gzip" in head else body)

    def serve_h2(self, conn):
        conn.sendall(settings((4, 1 << 20)) if not self.greeting or self.healed.is_set() else self.greeting)
        conn.sendall(frame(WINDOW, 0, 0, struct.pack(">I", 1 << 24)))
        left, bodies = b"", {}
        while len(left) < len(PREFACE):
            piece = conn.recv(65536)
            if not piece:
                return
            left += piece
        left = left[len(PREFACE):]
        while True:
            new, left = frames(left)
            for kind, flags, stream, payload in new:
                if kind == SETTINGS and not flags & ACK:
                    conn.sendall(frame(SETTINGS, ACK, 0))
                elif kind == PING and not flags & ACK:
                    conn.sendall(frame(PING, ACK, 0, payload))
                elif kind == DATA:
                    bodies[stream] = bodies.get(stream, b"") + payload
                    if flags & END_STREAM:
                        message = bodies.pop(stream)
                        self.take(conn, gzip.decompress(message[5:]) if message[0] else message[5:], stream)
            piece = conn.recv(65536)
            if not piece:
                return
            left += piece


# -- certificates --------------------------------------------------------------------------------------------------------------------
def certificate(pki, name, ca, *, start="20200101000000Z", end="20400101000000Z", san="DNS:localhost,IP:127.0.0.1", usage="serverAuth", subject="/CN=peer"):
    """NAME.crt and NAME.key under the authority CA of the folder, with what is asked for."""
    import subprocess
    db = pki / f"{name}.db"
    db.mkdir()
    (db / "index.txt").write_text("")
    (db / "serial").write_text(os.urandom(8).hex().replace("8", "1", 1) + "\n")
    (db / "ca.cnf").write_text(f"""\
[ca]
default_ca = d
[d]
database = {db}/index.txt
new_certs_dir = {db}
serial = {db}/serial
default_md = sha256
policy = p
unique_subject = no
copy_extensions = none
x509_extensions = v
[p]
countryName = optional
commonName = optional
[v]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = {usage}
subjectAltName = {san}
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[req]
distinguished_name = n
prompt = no
[n]
""")
    def run(*args):
        subprocess.run(["openssl", *(str(a) for a in args)], check=True, capture_output=True)
    run("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", pki / f"{name}.key")
    run("req", "-new", "-config", db / "ca.cnf", "-key", pki / f"{name}.key", "-subj", subject, "-out", db / "r.csr")
    run("ca", "-batch", "-config", db / "ca.cnf", "-cert", pki / f"{ca}.crt", "-keyfile", pki / f"{ca}.key", "-in", db / "r.csr", "-notext",
        "-out", pki / f"{name}.crt", "-startdate", start, "-enddate", end)
