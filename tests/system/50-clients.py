#!/usr/bin/env python3
"""Clients that no SDK would be: HTTP/1.1 that two readers could read in two ways, HTTP/2 that floods, stalls and breaks off, TLS that proves too little.
What is acknowledged arrives, once; what is refused does not; and the gate serves others all the while. VERBOSE=1 names each case."""
import gzip
import json
import os
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
import zlib

import peers
import rig

H2_ALPN, H1_ALPN = ("h2",), ("http/1.1",)
HOST = "Host: localhost\r\n"
TYPE = "Content-Type: application/x-protobuf\r\n"


class Bench:
    """The gate, what it was asked, and what came of it."""

    def __init__(self, r):
        self.r, self.pki = r, r.dir / "pki"
        self.acknowledged, self.doubtful, self.failed, self.passed = set(), set(), 0, 0
        self.lock = threading.Lock()
        self.h1, self.h2 = (peers.client_context(self.pki, alpn=a) for a in (H1_ALPN, H2_ALPN))

    def check(self, name, good, said=""):
        with self.lock:
            self.passed, self.failed = self.passed + bool(good), self.failed + (not good)
            if not good or os.environ.get("VERBOSE"):
                print(f"{'ok  ' if good else 'FAIL'} {name}{': ' + str(said) if said != '' else ''}", flush=True)

    def ack(self, ids):
        with self.lock:
            self.acknowledged.update(ids)


def new_id():
    return os.urandom(8).hex()


# -- HTTP/1.1 ------------------------------------------------------------------------------------------------------------------------
def post(body, fields="", host=HOST, line="POST /v1/traces HTTP/1.1", type=TYPE, length=True):
    return f"{line}\r\n{host}{type}{f'Content-Length: {len(body)}' + chr(13) + chr(10) if length else ''}{fields}\r\n".encode() + body


def chunks(body, size=40, ext=b"", end=b"0\r\n\r\n"):
    parts = [body[i:i + size] for i in range(0, len(body), size)]
    return b"".join(b"%x%s\r\n%s\r\n" % (len(p), ext, p) for p in parts) + end


def chunked(body, fields="", te="Transfer-Encoding: chunked\r\n", coded=None, **kw):
    return post(b"", te + fields, length=False, **kw) + (chunks(body) if coded is None else coded)


def statuses(data):
    """Of the answers in what was read, in order; each answer has a Content-Length."""
    out = []
    while data.startswith(b"HTTP/1.1 "):
        head, _, rest = data.partition(b"\r\n\r\n")
        out.append(int(head[9:12]))
        length = next((int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
        data = rest[length:]
    return out


def http1_cases():
    """name -> (what is sent for a body, the statuses that may come; the connection's end is waited for, the last request says close)."""
    close = "Connection: close\r\n"
    good = lambda make: (make, ([200],))
    bad = lambda make, *codes: (make, tuple([c] for c in codes or (400,)))
    length = lambda text: bad(lambda b: post(b, text + close, length=False))
    te = lambda text, *codes: bad(lambda b: chunked(b, close, te=text), *codes or (400, 501))
    coded = lambda make: bad(lambda b: chunked(b, close, coded=make(b)))
    inner = post(peers.request([new_id()]), close)
    bomb = gzip.compress(b"\0" * (200 << 20), 1)
    cases = {
        "a length": good(lambda b: post(b, close)),
        "chunks": good(lambda b: chunked(b, close)),
        "chunks in capitals": good(lambda b: chunked(b, close, te="TRANSFER-ENCODING: CHUNKED\r\n")),
        "chunks of one byte": good(lambda b: chunked(b, close, coded=chunks(b, 1))),
        "chunk extensions": good(lambda b: chunked(b, close, coded=chunks(b, ext=b";a=1;b=\"c\""))),
        "gzip": good(lambda b: post(gzip.compress(b), close + "Content-Encoding: gzip\r\n")),
        "gzip of two members": bad(lambda b: post(gzip.compress(b[:40]) + gzip.compress(b[40:]), close + "Content-Encoding: gzip\r\n"), 200, 400),
        "a type with a parameter": good(lambda b: post(b, close, type="content-type:application/x-protobuf ; charset=utf-8\r\n")),
        "a query": good(lambda b: post(b, close, line="POST /v1/traces?x=1 HTTP/1.1")),
        "HTTP/1.0": good(lambda b: post(b, "", line="POST /v1/traces HTTP/1.0", host="")),
        "five at once": (lambda b: post(b) * 4 + post(b, close), ([200] * 5,)),
        "length and chunks": bad(lambda b: chunked(b, f"Content-Length: {len(b)}\r\n")),
        "chunks and length, one within": bad(lambda b: post(b"", "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", length=False) + b"0\r\n\r\n" + inner),
        "one within a refused type": bad(lambda b: post(inner, close, type="Content-Type: text/plain\r\n"), 415),
        "two lengths, the same": length("Content-Length: 5\r\nContent-Length: 5\r\n"),
        "two lengths": length("Content-Length: 5\r\nContent-Length: 500\r\n"),
        "chunks by HTTP/1.0": bad(lambda b: chunked(b, line="POST /v1/traces HTTP/1.0")),
        "trailers": bad(lambda b: chunked(b, close, coded=chunks(b, end=b"0\r\nContent-Length: 5\r\n\r\n")), 200, 400),
        "a fold": bad(lambda b: post(b, "X: a\r\n b\r\n" + close)),
        "a fold of the length": length("Content-Length:\r\n 5\r\n"),
        "LF alone": bad(lambda b: post(b, close).replace(b"\r\n", b"\n", 1)),
        "LF everywhere": bad(lambda b: post(b, close).split(b"\r\n\r\n")[0].replace(b"\r\n", b"\n") + b"\n\n" + b),
        "CR alone": bad(lambda b: post(b, "X: a\rY: b\r\n" + close)),
        "NUL": bad(lambda b: post(b, "X: a\0b\r\n" + close)),
        "a blank before the colon": bad(lambda b: post(b, "X : a\r\n" + close)),
        "no colon": bad(lambda b: post(b, "hello\r\n" + close)),
        "no host": bad(lambda b: post(b, close, host="")),
        "two hosts": bad(lambda b: post(b, "Host: elsewhere\r\n" + close)),
        "an absolute target": bad(lambda b: post(b, close, line="POST https://localhost/v1/traces HTTP/1.1")),
        "an asterisk": bad(lambda b: post(b, close, line="OPTIONS * HTTP/1.1")),
        "CONNECT": bad(lambda b: post(b, close, line="CONNECT localhost:443 HTTP/1.1")),
        "HTTP/1.2": bad(lambda b: post(b, close, line="POST /v1/traces HTTP/1.2"), 505),
        "HTTP/0.9": bad(lambda b: b"GET /\r\n\r\n"),
        "http/1.1": bad(lambda b: post(b, close, line="POST /v1/traces http/1.1")),
        "HTTP/2 on HTTP/1.1's port": bad(lambda b: peers.PREFACE + peers.settings(), 400, 505),
        "GET": bad(lambda b: post(b"", close, line="GET /v1/traces HTTP/1.1"), 405),
        "PUT": bad(lambda b: post(b, close, line="PUT /v1/traces HTTP/1.1"), 405),
        "another path": bad(lambda b: post(b, close, line="POST /v1/TRACES HTTP/1.1"), 404),
        "logs": bad(lambda b: post(b, close, line="POST /v1/logs HTTP/1.1"), 404, 501),
        "a path with dots": bad(lambda b: post(b, close, line="POST /x/../v1/traces HTTP/1.1"), 404),
        "no type": bad(lambda b: post(b, close, type=""), 415),
        "a form": bad(lambda b: post(b, close, type="Content-Type: application/x-www-form-urlencoded\r\n"), 415),
        "two types": bad(lambda b: post(b, close + "Content-Type: application/json\r\n")),
        "brotli": bad(lambda b: post(b, close + "Content-Encoding: br\r\n"), 415),
        "snappy": bad(lambda b: post(b, close + "Content-Encoding: snappy\r\n"), 415),
        "deflate": bad(lambda b: post(zlib.compress(b), close + "Content-Encoding: deflate\r\n"), 415),
        "gzip twice": bad(lambda b: post(gzip.compress(gzip.compress(b)), close + "Content-Encoding: gzip, gzip\r\n"), 415),
        "gzip, cut": bad(lambda b: post(gzip.compress(b)[:-3], close + "Content-Encoding: gzip\r\n")),
        "gzip, more behind it": bad(lambda b: post(gzip.compress(b) + b"more", close + "Content-Encoding: gzip\r\n")),
        "gzip, a wrong sum": bad(lambda b: post(gzip.compress(b)[:-8] + b"\0" * 8, close + "Content-Encoding: gzip\r\n")),
        "a bomb": bad(lambda b: post(bomb, close + "Content-Encoding: gzip\r\n"), 413),
        "a body cut short": bad(lambda b: post(b[:-3], close)),
        "a body and one byte": bad(lambda b: post(b + b"\x0a", close)),
        "a length beyond the limit": bad(lambda b: post(b"", "Content-Length: 10737418240\r\n", length=False), 413),
        "chunks beyond the limit": bad(lambda b: chunked(b, close, coded=chunks(b"\0" * (17 << 20), 1 << 20)), 413),
        "a long line": bad(lambda b: post(b, f"X: {'a' * 200000}\r\n" + close), 431),
        "many fields": bad(lambda b: post(b, "X: a\r\n" * 5000 + close), 431),
        "a long target": bad(lambda b: post(b, close, line=f"POST /{'a' * 9000} HTTP/1.1"), 414, 431),
        "an expectation": bad(lambda b: post(b, close + "Expect: 200-ok\r\n"), 417),
        "waits for a word": (lambda b: post(b, close + "Expect: 100-continue\r\n"), ([100, 200],)),
        "waits for a word, in vain": bad(lambda b: post(b, close + "Expect: 100-continue\r\n", type="Content-Type: text/plain\r\n"), 415),
    }
    cases.update({f"length {t!r}": length(f"Content-Length: {t}\r\n") for t in ("+5", "-5", "0x5", "5 5", "5,5", "5;", "", "99999999999999999999999")})
    cases.update({f"transfer {t!r}": te(f"Transfer-Encoding: {t}\r\n") for t in ("identity", "chunked, chunked", "gzip, chunked", "chunked, identity", "xchunked", "", "\x0bchunked")})
    cases["transfer twice"] = te("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n")
    for n, size in {"0x": "0x20", "a sign": "+20", "a blank before": " 20", "a blank behind": "20 ", "nine digits": "000000020", "too large": "FFFFFFFFF", "none": "", "a line": "\n"}.items():
        cases[f"chunk size, {n}"] = coded(lambda b, s=size: s.encode() + b"\r\n" + b[:32] + b"\r\n0\r\n\r\n")
    cases["a chunk that is longer"] = coded(lambda b: b"20\r\n" + b[:40] + b"\r\n0\r\n\r\n")
    cases["a chunk size that ends with LF"] = coded(lambda b: b"20\n" + b[:32] + b"\r\n0\r\n\r\n")
    cases["a last chunk with LF"] = coded(lambda b: chunks(b, end=b"0\n\n"))
    cases["extensions without an end"] = coded(lambda b: b"20;" + b"a" * 5000 + b"\r\n" + b[:32] + b"\r\n0\r\n\r\n")
    return cases


def http1_one(bench, name, make, wanted, pace=0):
    span = new_id()
    data = make(peers.request([span]))
    s = peers.connect(bench.r.http, bench.h1, timeout=30)
    try:
        if pace:
            for i in range(0, len(data), pace):
                s.sendall(data[i:i + pace])
        else:
            s.sendall(data)
    except OSError:
        pass  # answered before all of it was sent
    got = statuses(peers.read_all(s))
    s.close()
    if got and got[-1] == 200:
        bench.ack([span])
    bench.check(f"HTTP/1.1 {name}", got in wanted, f"{got}")


def http1(bench):
    for name, (make, wanted) in http1_cases().items():
        http1_one(bench, name, make, wanted)
    for name in ("a length", "chunks"):
        http1_one(bench, f"{name}, byte by byte", http1_cases()[name][0], ([200],), 1)


def half_close(bench):
    """All is said, and the sending side ended: the answer may come or not; a sender that got none sends again."""
    for how in ("whole", "cut"):
        span = new_id()
        s = peers.connect(bench.r.http, bench.h1)
        s.sendall(post(peers.request([span]), "Connection: close\r\n")[:None if how == "whole" else -9])
        s.shutdown(socket.SHUT_WR) if how == "cut" else socket.socket.shutdown(s, socket.SHUT_WR)
        got = statuses(peers.read_all(s))
        if how == "whole":
            bench.doubtful.add(span)
        bench.check(f"HTTP/1.1 half closed, {how}", got in ([], [200]) if how == "whole" else got in ([], [400]), got)


def slow_head(bench):
    """A head that never ends, a byte now and then: ended by the gate within its 10 s, and some."""
    s = peers.connect(bench.r.http, bench.h1, timeout=1)
    start = time.monotonic()
    s.sendall(b"POST /v1/traces HTTP/1.1\r\n")
    ended = False
    while not ended and time.monotonic() - start < 25:
        try:
            s.sendall(b"X")
            ended = not s.recv(100) or True
        except (socket.timeout, TimeoutError):
            pass
        except OSError:
            ended = True
    bench.check("HTTP/1.1 slowloris", ended, f"{time.monotonic() - start:.0f} s")
    s.close()


def crowd(bench):
    """300 that come and say nothing, in TLS and below it; another is served at once."""
    idle = []
    for n in range(300):
        s = socket.create_connection(("127.0.0.1", bench.r.http if n % 2 else bench.r.grpc))
        if n % 3 == 0:
            s.sendall(b"\x16\x03\x01\x02\x00")
        idle.append(s)
    start = time.monotonic()
    http1_one(bench, "beside 300 that say nothing", lambda b: post(b, "Connection: close\r\n"), ([200],))
    bench.check("HTTP/1.1 beside 300, in time", time.monotonic() - start < 10, f"{time.monotonic() - start:.1f} s")
    for s in idle:
        s.close()


# -- HTTP/2 --------------------------------------------------------------------------------------------------------------------------
def h2(bench, *pairs):
    return peers.H2Client(bench.r.grpc, bench.h2, *pairs, timeout=20)


def h2_call(bench, name, wanted, send, stream=1, also=(), connection=None):
    """send(client, body) says it; the call's status is one of wanted (None: reset, or the connection's end)."""
    span = new_id()
    c = connection or h2(bench)
    send(c, peers.request([span]))
    got = c.status(stream, 20)
    if got == 0:
        bench.ack([span])
    bench.check(f"HTTP/2 {name}", got in wanted, got)
    if connection is None:
        c.close()
    return got


def head(c, stream=1, block=None, flags=peers.END_HEADERS):
    c.send(peers.frame(peers.HEADERS, flags, stream, peers.grpc_head() if block is None else block))


def h2_calls(bench):
    F, D, H = peers.frame, peers.DATA, peers.HEADERS
    message = peers.grpc_message
    block = peers.grpc_head()

    def pieces(c, body):
        head(c)
        whole = message(body)
        for i, b in enumerate(whole):
            c.send(F(D, 0, 1, bytes([b])))
        c.send(F(D, 1, 1))

    def crumbs(c, body):
        for b in F(H, 4, 1, block) + c.body(1, body):
            c.send(bytes([b]))

    def padded(c, body):
        c.send(F(H, 4 | 8 | 0x20, 1, b"\x07" + b"\0\0\0\0\x10" + block + b"\0" * 7) + F(D, 1 | 8, 1, b"\x05" + message(body) + b"\0" * 5))

    def continued(c, body):
        c.send(F(H, 0, 1, block[:9]) + F(peers.CONTINUATION, 0, 1, block[9:20]) + F(peers.CONTINUATION, 4, 1, block[20:]) + c.body(1, body))

    def trailers(c, body):
        head(c)
        c.send(c.body(1, body, end=False) + F(H, 5, 1, peers.hpack([("x-sum", "1")])))

    def raw(payload, extra=(), flags=1):
        return lambda c, body: c.send(F(H, 4, 1, peers.grpc_head(extra=extra)) + F(D, flags, 1, payload(body)))

    def fields(names):
        return lambda c, body: c.send(F(H, 4, 1, peers.hpack(names)) + c.body(1, body))

    usual = [(":method", "POST"), (":scheme", "https"), (":path", peers.TRACES), (":authority", "localhost"), ("te", "trailers"), ("content-type", "application/grpc")]
    without = lambda name: [f for f in usual if f[0] != name]
    rows = {
        "a call": ((0,), lambda c, b: c.call(1, b)),
        "bytes in frames of their own": ((0,), pieces),
        "byte by byte": ((0,), crumbs),
        "padding and priority": ((0,), padded),
        "CONTINUATION": ((0,), continued),
        "trailers": ((0,), trailers),
        "gzip": ((0,), raw(lambda b: message(gzip.compress(b), True), [("grpc-encoding", "gzip")])),
        "gzip named, not used": ((0,), raw(message, [("grpc-encoding", "gzip")])),
        "gzip not named": ((13, 3), raw(lambda b: message(gzip.compress(b), True))),
        "snappy": ((12,), raw(lambda b: message(b, True), [("grpc-encoding", "snappy")])),
        "deflate": ((12,), raw(lambda b: message(zlib.compress(b), True), [("grpc-encoding", "deflate")])),
        "a flag of 2": ((13,), raw(lambda b: b"\2" + message(b)[1:])),
        "two messages": ((12, 13), raw(lambda b: message(b) * 2)),
        "no message": ((12, 13), raw(lambda b: b"")),
        "half a prefix": ((13,), raw(lambda b: b"\0\0\0")),
        "a message cut short": ((13, 3), raw(lambda b: message(b)[:-3])),
        "4 GiB announced": ((8, 13), raw(lambda b: b"\0\xff\xff\xff\xff", flags=0)),
        "not protobuf": ((3,), raw(lambda b: message(b"\xff" * 40))),
        "another method": ((12,), fields([(":path", "/x.Y/Z") if n == ":path" else (n, v) for n, v in usual])),
        "logs": ((12,), fields([(":path", peers.TRACES.replace("trace", "logs").replace("Trace", "Logs")) if n == ":path" else (n, v) for n, v in usual])),
        "no path": ((None,), fields(without(":path"))),
        "a path twice": ((None,), fields([(":path", "/x")] + usual)),
        "a pseudo-field behind others": ((None,), fields([("x", "y")] + usual)),
        "a name in capitals": ((None,), fields(usual + [("X-Y", "z")])),
        "Connection": ((None,), fields(usual + [("connection", "close")])),
        "Transfer-Encoding": ((None,), fields(usual + [("transfer-encoding", "chunked")])),
        "a length that lies": ((None,), fields(usual + [("content-length", "5")])),
        "a field with LF": ((None,), fields(usual + [("x", "a\nb")])),
        "no time": ((0, 4, None), fields(usual + [("grpc-timeout", "1n")])),
        "a time that is none": ((3, 13, None), fields(usual + [("grpc-timeout", "soon")])),
        "fields of 100 KiB": ((None,), fields(usual + [("x", "y" * 12000)] * 1 + [(f"x{n}", "y" * 1000) for n in range(5)])),
        "on stream 2": ((None,), lambda c, b: c.call(2, b)),
        "DATA without a head": ((None,), lambda c, b: c.send(c.body(1, b))),
    }
    for name, (wanted, send) in rows.items():
        h2_call(bench, name, wanted, send, stream=2 if name == "on stream 2" else 1)
    c = h2(bench)
    head(c, block=peers.grpc_head(extra=[]).replace(b"application/grpc", b"application/json"))
    c.send(c.body(1, peers.request([new_id()])))
    f = c.read(lambda f: f[0] == H and f[2] == 1)
    bench.check("HTTP/2 another type", f is not None and b"415" in f[3], f)


def h2_many(bench):
    """100 calls on a connection, some broken off; and those in a connection that is leaving."""
    c = h2(bench)
    ids = {}
    for n in range(100):
        stream = 2 * n + 1
        span = ids[stream] = new_id()
        c.call(stream, peers.request([span]), end=n % 5 != 4)
        if n % 5 == 4:
            c.send(peers.frame(peers.RST, 0, stream, struct.pack(">I", 8)))
            bench.doubtful.discard(span)
    wanted = {s for s in ids if (s // 2) % 5 != 4}
    got = {}

    def ended(f):
        if f[0] == peers.HEADERS and f[1] & peers.END_STREAM:
            got[f[2]] = peers.grpc_status(f[3])
        return set(got) >= wanted

    c.read(ended, 20)
    bench.ack(ids[s] for s, status in got.items() if status == 0)
    bench.check("HTTP/2 100 calls, 20 broken off", {s for s, v in got.items() if v == 0} == wanted, f"{sum(v == 0 for v in got.values())} of {len(wanted)}")
    c.send(peers.frame(peers.GOAWAY, 0, 0, struct.pack(">II", 0, 0)))
    h2_call(bench, "a call behind the client's own GOAWAY", (0, None), lambda c, b: c.call(201, b), 201, connection=c)
    c.close()


def h2_stalled(bench):
    """No window for answers, until there is: all of them then."""
    c = h2(bench, (4, 0))
    ids = {2 * n + 1: new_id() for n in range(20)}
    for stream, span in ids.items():
        c.call(stream, peers.request([span]))
    c.read(lambda f: False, 1)
    c.send(peers.settings((4, 65535)))
    got = {}

    def ended(f):
        if f[0] == peers.HEADERS and f[1] & peers.END_STREAM:
            got[f[2]] = peers.grpc_status(f[3])
        return len(got) == len(ids)

    c.ended = False
    c.read(ended, 20)
    bench.ack(ids[s] for s, v in got.items() if v == 0)
    bench.doubtful.update(ids.values())
    bench.check("HTTP/2 no window for a second", all(got.get(s) == 0 for s in ids), got)
    c.close()


def flood(bench, name, make, count):
    """Frames without an end: the gate ends the connection, and says so if it can."""
    c = h2(bench)
    c.read(lambda f: f[0] == peers.SETTINGS and f[1] & peers.ACK)
    said = []

    def reader():
        c.read(lambda f: f[0] == peers.GOAWAY and said.append(struct.unpack(">I", f[3][4:8])[0]) or bool(said), 20)

    t = threading.Thread(target=reader)
    t.start()
    sent = 0
    while sent < count and not c.ended and not said:
        if not c.send(b"".join(make(sent + i) for i in range(20))):
            break
        sent += 20
    t.join(25)
    bench.check(f"HTTP/2 flood of {name}", said or c.ended, f"GOAWAY {said} after {sent} of {count}")
    c.close()


def floods(bench):
    F = peers.frame
    block = peers.grpc_head()
    flood(bench, "PING", lambda n: F(peers.PING, 0, 0, b"12345678"), 20000)
    flood(bench, "SETTINGS", lambda n: peers.settings((3, 100)), 20000)
    flood(bench, "PRIORITY", lambda n: F(peers.PRIORITY, 0, 1, b"\0\0\0\0\1"), 20000)
    flood(bench, "WINDOW_UPDATE", lambda n: F(peers.WINDOW, 0, 0, struct.pack(">I", 1)), 20000)
    flood(bench, "unknown frames", lambda n: F(0xbe, 0, 0, b"x"), 20000)
    flood(bench, "rapid resets", lambda n: F(peers.HEADERS, 4, 2 * n + 1, block) + F(peers.RST, 0, 2 * n + 1, struct.pack(">I", 8)), 20000)
    flood(bench, "our own resets", lambda n: F(peers.HEADERS, 5, 2 * n + 1, peers.hpack([("x", "y")])), 20000)
    flood(bench, "empty DATA", lambda n: (F(peers.HEADERS, 4, 1, block) if n == 0 else b"") + F(peers.DATA, 0, 1), 20000)
    flood(bench, "CONTINUATION", lambda n: F(peers.HEADERS, 0, 1, block) if n == 0 else F(peers.CONTINUATION, 0, 1, peers.hpack([("x", "y" * 100)])), 20000)
    flood(bench, "streams that stay", lambda n: F(peers.HEADERS, 4, 2 * n + 1, block), 20000)
    flood(bench, "a table of 4 GiB", lambda n: F(peers.HEADERS, 4, 2 * n + 1, b"\x3f\xe1\xff\xff\xff\x0f" + block), 200)


# -- TLS -----------------------------------------------------------------------------------------------------------------------------
def tls_try(bench, name, context, served, sni="localhost", grpc=False):
    span = new_id()
    got = []
    try:
        s = peers.connect(bench.r.grpc if grpc else bench.r.http, context, sni)
        s.sendall(post(peers.request([span]), "Connection: close\r\n"))
        got = statuses(peers.read_all(s))
    except (ssl.SSLError, OSError):
        pass
    if got == [200]:
        bench.ack([span])
    bench.check(f"TLS {name}", (got == [200]) == served, got)


def tls(bench):
    def signed(name, ca="clients-ca", **kw):
        peers.certificate(bench.pki, name, ca, **{"san": "URI:spiffe://example.org/ns/shop/sa/x", "usage": "clientAuth", "subject": "/C=DE/CN=x", **kw})
        return peers.client_context(bench.pki, name, alpn=H1_ALPN)

    def free():
        """A context that does not look at the server's name."""
        c = peers.client_context(bench.pki, alpn=H1_ALPN)
        c.check_hostname = False
        return c

    tls_try(bench, "a good certificate of our own making", signed("c-good"), True)
    for name, kw in {"expired": {"end": "20210101000000Z"}, "not yet valid": {"start": "20390101000000Z"}, "for servers": {"usage": "serverAuth"}, "of servers' authority": {"ca": "server-ca"},
                     "of backends' authority": {"ca": "backends-ca"}, "two identities": {"san": "URI:spiffe://example.org/a,URI:spiffe://example.org/b"}, "no identity": {"san": "DNS:x.example"},
                     "a foreign identity": {"san": "URI:spiffe://example.com/ns/shop"}, "an identity without a path": {"san": "URI:spiffe://example.org"}}.items():
        tls_try(bench, f"a certificate, {name}", signed("c-" + name.replace(" ", "-").replace("'", ""), **kw), False)
    tls_try(bench, "no certificate", peers.client_context(bench.pki, None, alpn=H1_ALPN), False)
    old = free()
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    tls_try(bench, "1.2", old, False)
    tls_try(bench, "HTTP/1.1 on gRPC's port", peers.client_context(bench.pki, alpn=H1_ALPN), False, grpc=True)
    tls_try(bench, "no ALPN on gRPC's port", peers.client_context(bench.pki), False, grpc=True)
    tls_try(bench, "an unknown ALPN", peers.client_context(bench.pki, alpn=("spdy/3",)), False)
    tls_try(bench, "no ALPN", peers.client_context(bench.pki), True)
    for name, sni in {"none": None, "a foreign one": "elsewhere.example", "a long one": ".".join(["a" * 60] * 4), "an address": "127.0.0.1"}.items():
        tls_try(bench, f"server name, {name}", free(), True, sni)
    for name, data in {"plain HTTP": b"GET / HTTP/1.1\r\n\r\n", "noise": os.urandom(3000), "a record of 64 KiB": b"\x16\x03\x01\xff\xff" + b"x" * 65535}.items():
        s = socket.create_connection(("127.0.0.1", bench.r.http), timeout=15)
        try:
            s.sendall(data)
            got = peers.read_all(s)
        except OSError:
            got = b""
        bench.check(f"TLS {name}", b"HTTP" not in got, got[:20])


def hello_in_bytes(bench):
    """The whole of TLS's side of the client, a byte at a time."""
    raw = socket.create_connection(("127.0.0.1", bench.r.http), timeout=20)
    raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    s = bench.h1.wrap_bio(incoming, outgoing, server_hostname="localhost")
    span = new_id()

    def pump():
        for b in outgoing.read():
            raw.sendall(bytes([b]))

    def step(do):
        while True:
            try:
                return do()
            except ssl.SSLWantReadError:
                pump()
                piece = raw.recv(65536)
                if not piece:
                    return b""
                incoming.write(piece)

    step(s.do_handshake)
    s.write(post(peers.request([span]), "Connection: close\r\n"))
    pump()
    got = statuses(step(lambda: s.read(65536)))
    if got == [200]:
        bench.ack([span])
    bench.check("TLS byte by byte", got == [200], got)
    raw.close()


def refused_handshakes(bench):
    """Their entries come within moments of them."""
    wanted = {"expired", "not_yet_valid", "wrong_purpose", "unknown_ca", "no_certificate", "protocol", "alpn"}
    reasons, deadline = set(), time.monotonic() + 10
    while not wanted <= reasons and time.monotonic() < deadline:
        threading.Event().wait(0.1)
        run = subprocess.run([rig.BINARY, "audit", "tail", "--dir", bench.r.dir / "journal", "--from", "0", "--format", "json"], capture_output=True, check=True)
        reasons = {e["reason"] for e in map(json.loads, run.stdout.splitlines()) if e["type"] == "handshake"}
    bench.check("TLS refusals in the audit", wanted <= reasons, sorted(reasons))


def main():
    with rig.Rig("clients") as r:
        seen = r.ids
        path, ids = r.id_pipe("ids", lambda i: seen.update((i,)))
        sink = r.sink("eu", extra=("--ids", path))
        gate = r.gate(r.config(sink.grpc, rig.free_port()))
        bench = Bench(r)
        parts = [http1, half_close, slow_head, crowd, h2_calls, h2_many, h2_stalled, floods, hello_in_bytes]

        def guarded(part):
            try:
                part(bench)
            except Exception as e:  # what a part cannot even do is a failure of its own
                bench.check(part.__name__, False, repr(e))

        guarded(tls)  # by itself: of a crowd's handshakes only 50 a second are entries of their own
        refused_handshakes(bench)
        threads = [threading.Thread(target=guarded, args=(p,)) for p in parts]
        for t in threads:
            t.start()
        for t in threads:
            t.join(100)
        bench.check("the gate lives", gate.poll() is None)
        http1_one(bench, "after all that", lambda b: post(b, "Connection: close\r\n"), ([200],))
        peak = next(int(line.split()[1]) for line in open(f"/proc/{gate.pid}/status") if line.startswith("VmHWM"))
        bench.check("memory", peak < (300 << 10) * (4 if rig.is_sanitized() else 1), f"{peak >> 10} MiB at most")
        try:
            ids.wait_for(lambda: bench.acknowledged <= set(seen), 20, "all that was acknowledged")
        except TimeoutError:
            pass
        bench.check("the gate ends", rig.stop(gate) == 0)
        bench.check("all that was acknowledged arrived", bench.acknowledged <= set(seen), f"{len(bench.acknowledged - set(seen))} of {len(bench.acknowledged)} lost")
        stray = set(seen) - bench.acknowledged - bench.doubtful
        bench.check("nothing arrived that was refused", not stray, stray)
        bench.check("nothing arrived twice but what was sent twice", sum(n > 1 for n in seen.values()) <= 1, [i for i, n in seen.items() if n > 1])
    print(f"{bench.passed} passed, {bench.failed} failed")
    return 1 if bench.failed else 0


sys.exit(main())
