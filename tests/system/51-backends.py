#!/usr/bin/env python3
"""Backends that answer everything a backend could, over gRPC and HTTP, some of it wrong. Whatever they do, a span that was acknowledged to its sender is
acknowledged by its destination, or is kept until it is, or its loss stands in the audit; and none comes to another destination.

Each case is a destination of its own with a country of its own. All misbehave at first; then all are sound. Once the gate lives through it, once it is killed
while they misbehave. VERBOSE=1 names each case."""
import collections
import email.utils
import gzip
import http.client
import json
import os
import ssl
import struct
import subprocess
import sys
import threading
import time

import peers
import rig

COUNTRIES = "AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE IS LI NO US".split()  # a gate has 32 destinations at most
GOOD, RETRY, LOST = "delivered at once", "kept, then delivered", "lost, and recorded"


def retry_info(seconds, code=8):
    """grpc-status-details-bin: google.rpc.Status with a RetryInfo."""
    import base64
    info = peers.field(1, peers.field(1, seconds))
    any_ = peers.field(1, "type.googleapis.com/google.rpc.RetryInfo") + peers.field(2, info)
    return base64.b64encode(peers.field(1, code) + peers.field(3, any_)).decode().rstrip("=")


def partial(rejected):
    return peers.field(1, peers.field(1, rejected) + peers.field(2, "no room"))


def sleep_over(call):
    """Longer than the gate waits. The connection stays."""
    threading.Event().wait(5)
    call.close()


def endless(call, head):
    call.raw(head)
    for _ in range(100 << 4):
        call.raw(b"x" * 65536 if not call.stream else peers.frame(peers.DATA, 0, call.stream, b"x" * 16384))


def chunked(body, trailer=b""):
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n%s\r\n" % (len(body), body, trailer) if body else \
        b"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n%s\r\n" % trailer


def http_cases(elsewhere):
    """name -> (what the backend does with a request, what must come of it)."""
    def say(*args, **kw):
        return lambda call: call.http(*args, **kw)

    def raw(data, then=None):
        return lambda call: (call.raw(data), then and then(call))

    date = email.utils.formatdate(time.time() + 3, usegmt=True)
    garbage = b"<html><body>Welcome</body></html>"
    cases = {str(code): (say(code), LOST) for code in (301, 307, 400, 401, 403, 404, 405, 408, 413, 415, 422, 500, 501, 505)}
    cases.update({str(code): (say(code), RETRY) for code in (429, 502, 503, 504)})
    cases.update({
        "redirect elsewhere": (say(308, extra=f"Location: https://localhost:{elsewhere}/v1/traces\r\n"), LOST),
        "429 for a second": (say(429, extra="Retry-After: 1\r\n"), RETRY),
        "503 until a date": (say(503, extra=f"Retry-After: {date}\r\n"), RETRY),
        "503 for a negative time": (say(503, extra="Retry-After: -7\r\n"), RETRY),
        "204 without a body": (raw(b"HTTP/1.1 204 No Content\r\n\r\n"), GOOD),
        "nothing rejected": (say(body=partial(0)), GOOD),
        "partial success": (say(body=partial(1)), LOST),
        "a type of its own": (say(body=garbage, type="text/html"), LOST),
        "JSON for an answer": (say(body=b'{"partialSuccess":{}}', type="application/json"), GOOD),
        "gzip": (say(body=gzip.compress(partial(0)), extra="Content-Encoding: gzip\r\n"), GOOD),
        "gzip, broken": (say(body=gzip.compress(partial(0))[:-6], extra="Content-Encoding: gzip\r\n"), LOST),
        "brotli": (say(body=b"\x0b\x00\x80x\x03", extra="Content-Encoding: br\r\n"), LOST),
        "chunked": (raw(chunked(partial(0))), GOOD),
        "chunked, trailers": (raw(chunked(b"", b"X-Sum: 1\r\n")), GOOD),
        "chunked, cut": (raw(chunked(partial(0))[:-5], peers.Call.close), RETRY),
        "a size that is none": (raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", peers.Call.close), RETRY),
        "two lengths": (raw(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 7\r\n\r\n", peers.Call.close), RETRY),
        "until the end": (raw(b"HTTP/1.0 200 OK\r\n\r\n" + partial(0), peers.Call.goodbye), GOOD),
        "cut in the head": (raw(b"HTTP/1.1 200 OK\r\nContent-", peers.Call.close), RETRY),
        "cut in the body": (raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc", peers.Call.close), RETRY),
        "reset in the body": (raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc", peers.Call.cut), RETRY),
        "no answer, the end": (peers.Call.close, RETRY),
        "no answer, a reset": (peers.Call.cut, RETRY),
        "no answer at all": (sleep_over, RETRY),
        "half an answer, then none": (raw(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", sleep_over), RETRY),
        "100 MB": (lambda call: endless(call, b"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 104857600\r\n\r\n"), LOST),
        "an endless head": (lambda call: endless(call, b"HTTP/1.1 200 OK\r\nX: "), RETRY),
        "early hints, then 200": (raw(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), GOOD),
        "103 and nothing": (raw(b"HTTP/1.1 103 Early Hints\r\n\r\n", sleep_over), RETRY),
        "another protocol": (raw(b"SSH-2.0-OpenSSH_9.2\r\n", peers.Call.close), RETRY),
        "switched": (raw(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", sleep_over), RETRY),
        "an answer too many": (raw(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 400 No\r\nContent-Length: 0\r\n\r\n"), GOOD),
    })
    return cases


def grpc_cases():
    def say(*args, **kw):
        return lambda call: call.grpc(*args, **kw)

    def only(*args, **kw):
        return lambda call: call.only(*args, **kw)

    def rst(code, after=b""):
        return lambda call: call.raw(after + peers.frame(peers.RST, 0, call.stream, struct.pack(">I", code)))

    def goaway(call, last, code, then):
        call.raw(peers.frame(peers.GOAWAY, 0, 0, struct.pack(">II", last, code)))
        then(call)

    def begun(call, then):
        call.head([(":status", "200"), ("content-type", "application/grpc")])
        then(call)

    def split(call):
        call.head([(":status", "200"), ("content-type", "application/grpc")])
        call.raw(peers.frame(peers.DATA, 0, call.stream, b"\0") + peers.frame(peers.DATA, 0, call.stream, b"\0\0\0\0"))
        block = peers.hpack([("grpc-status", "0"), ("grpc-message", "fine")])
        call.raw(peers.frame(peers.HEADERS, peers.END_STREAM, call.stream, block[:5]) + peers.frame(peers.CONTINUATION, 0, call.stream, block[5:9]) +
                 peers.frame(peers.CONTINUATION, peers.END_HEADERS, call.stream, block[9:]))

    retryable = {1, 4, 10, 11, 14, 15}
    cases = {f"status {n}": (only(n), RETRY if n in retryable else LOST) for n in range(1, 18)}
    packed = gzip.compress(partial(0))
    cases.update({
        "status 0 alone": (only(0), GOOD),
        "status 14 after headers": (say(14), RETRY),
        "status 8, RetryInfo": (only(8, [("grpc-status-details-bin", retry_info(1))]), RETRY),
        "status 14, RetryInfo": (only(14, [("grpc-status-details-bin", retry_info(1, 14))]), RETRY),
        "status 8, a broken RetryInfo": (only(8, [("grpc-status-details-bin", "!!!")]), LOST),
        "status that is no number": (only("OK"), LOST),
        "nothing rejected": (say(0, partial(0)), GOOD),
        "partial success": (say(0, partial(1)), LOST),
        "gzip": (say(0, peers.grpc_message(packed, True), prefix=[("grpc-encoding", "gzip")]), GOOD),
        "split trailers": (split, GOOD),
        "no status, a message": (lambda c: begun(c, lambda c: c.raw(peers.frame(peers.DATA, peers.END_STREAM, c.stream, peers.grpc_message(b"")))), GOOD),
        "no status, nothing": (lambda c: c.head([(":status", "200"), ("content-type", "application/grpc")], 5), LOST),
        "a page": (lambda c: (c.head([(":status", "200"), ("content-type", "text/html")]), c.raw(peers.frame(peers.DATA, 1, c.stream, b"<html>"))), LOST),
        "503 of a proxy": (lambda c: c.head([(":status", "503"), ("content-type", "text/html")], 5), RETRY),
        "403 of a proxy": (lambda c: c.head([(":status", "403"), ("content-type", "text/html")], 5), LOST),
        "301 of a proxy": (lambda c: c.head([(":status", "301"), ("location", "https://localhost:1/")], 5), LOST),
        "two messages": (say(0, peers.grpc_message(b"") * 2, prefix=[("x", "y")]), LOST),
        "reset, cancel": (rst(8), RETRY),
        "reset, refused": (rst(7), RETRY),
        "reset, calm": (rst(11), RETRY),
        "reset in the answer": (lambda c: begun(c, rst(2)), RETRY),
        "reset after all": (lambda c: (c.grpc(0), rst(0)(c)), GOOD),
        "goaway before it": (lambda c: goaway(c, 0, 0, peers.Call.close), RETRY),
        "goaway in the middle": (lambda c: goaway(c, c.stream, 0, lambda c: c.grpc(0)), GOOD),
        "goaway, protocol error": (lambda c: goaway(c, c.stream, 1, peers.Call.close), RETRY),
        "the end after headers": (lambda c: begun(c, peers.Call.close), RETRY),
        "a reset after headers": (lambda c: begun(c, peers.Call.cut), RETRY),
        "no answer at all": (sleep_over, RETRY),
        "headers, then none": (lambda c: begun(c, sleep_over), RETRY),
        "100 MB": (lambda c: begun(c, lambda c: endless(c, b"")), LOST),
        "pings without an end": (lambda c: [c.raw(peers.frame(peers.PING, 0, 0, b"12345678")) for _ in range(20000)] and c.close(), RETRY),
        "CONTINUATION without an end": (lambda c: (c.raw(peers.frame(peers.HEADERS, 0, c.stream, peers.hpack([(":status", "200")]))),
                                                   [c.raw(peers.frame(peers.CONTINUATION, 0, c.stream, peers.hpack([("x", "y" * 9000)]))) for _ in range(2000)]), RETRY),
        "garbage": (lambda c: c.raw(os.urandom(9000)) or c.close(), RETRY),
        "HTTP/1.1": (lambda c: (c.raw(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"), c.close()), RETRY),
    })
    return cases


def settings_cases():
    """What a gRPC backend says first."""
    return {"no streams": (peers.settings((3, 0)), RETRY), "no window": (peers.settings((4, 0)), RETRY), "a forbidden setting": (peers.settings((5, 1)), RETRY),
            "one stream": (peers.settings((3, 1)), GOOD), "a window of 10": (peers.settings((4, 10)), RETRY)}


def tls_cases(pki):
    """Certificates that must not be believed: nothing is sent."""
    peers.certificate(pki, "peer-expired", "backends-ca", end="20210101000000Z")
    peers.certificate(pki, "peer-early", "backends-ca", start="20390101000000Z")
    peers.certificate(pki, "peer-name", "backends-ca", san="DNS:elsewhere.example")
    peers.certificate(pki, "peer-partial", "backends-ca", san="DNS:local*")
    peers.certificate(pki, "peer-subject", "backends-ca", san="DNS:elsewhere.example", subject="/CN=localhost")
    peers.certificate(pki, "peer-client", "backends-ca", usage="clientAuth")
    peers.certificate(pki, "peer-other", "clients-ca")
    names = ("expired", "early", "name", "partial", "subject", "client", "other")
    cases = {f"certificate: {n}": (lambda alpn, n=n: peers.server_context(pki, f"peer-{n}", alpn), RETRY) for n in names}
    cases["TLS 1.2"] = (lambda alpn: peers.server_context(pki, alpn=alpn, maximum=ssl.TLSVersion.TLSv1_2), RETRY)
    return cases


Case = collections.namedtuple("Case", "label country id backend wanted tls")


def make_cases(pki, elsewhere):
    alpn = {True: ("h2",), False: ("http/1.1",)}
    sound = {h2: peers.server_context(pki, alpn=alpn[h2]) for h2 in (True, False)}
    rows = [(f"HTTP  {n}", False, sound[False], b, b"", w, False) for n, (b, w) in http_cases(elsewhere).items()]
    rows += [(f"gRPC  {n}", True, sound[True], b, b"", w, False) for n, (b, w) in grpc_cases().items()]
    rows += [(f"gRPC  {n}", True, sound[True], lambda c: "good", g, w, False) for n, (g, w) in settings_cases().items()]
    for h2 in (True, False):
        rows += [(f"{'gRPC' if h2 else 'HTTP'}  {n}", h2, make(alpn[h2]), lambda c: "good", b"", w, True) for n, (make, w) in tls_cases_once(pki).items()]
    rows.append(("gRPC  no ALPN", True, peers.server_context(pki), lambda c: "good", b"", RETRY, True))
    cases = []
    for n, (label, h2, context, bad, greeting, wanted, tls) in enumerate(rows):
        backend = peers.Backend(label, context, h2, bad, greeting)
        backend.sound = sound[h2]
        cases.append(Case(label, COUNTRIES[n % len(COUNTRIES)], os.urandom(8).hex(), backend, wanted, tls))
    return cases


def tls_cases_once(pki, made={}):
    if not made:
        made.update(tls_cases(pki))
    return made


def write_config(r, cases, extra=""):
    policy = rig.POLICY[:rig.POLICY.index("    - {from: [DE]")].replace("client.certificate.subject.C", "resource.attributes.geo.country.iso_code").replace(
        ", {cloud_region: resource.attributes.cloud.region}", "")
    tls = "{ca_file: pki/backends-ca.crt, cert_file: pki/egress.crt, key_file: pki/egress.key}"
    exporters = ""
    for n, c in enumerate(cases):
        kind = "otlp_grpc" if c.backend.h2 else "otlp_http"
        endpoint = f"localhost:{c.backend.port}" if c.backend.h2 else f"https://localhost:{c.backend.port}"
        exporters += (f"  {kind}/c{n}: {{endpoint: \"{endpoint}\", jurisdiction: EU, compression: {'gzip' if n % 2 else 'none'}, tls: {tls}, timeout: 3s, "
                      "retry_on_failure: {initial_interval: 100ms, max_interval: 300ms}}\n")
        policy += f"    - {{from: [{c.country}], to: [{kind}/c{n}]}}\n"
    config = r.config(1, 1, policy=policy, destinations=(), extra=extra)
    config.write_text(config.read_text().replace("exporters:\n", "exporters:\n" + exporters))
    return config


def send(r, cases, then=None):
    """One request a case, all at once; the ids that were acknowledged, with how many spans were said to be rejected."""
    answers, lock = {}, threading.Lock()
    context = peers.client_context(r.dir / "pki", alpn=("http/1.1",))

    def one(case):
        c = http.client.HTTPSConnection("localhost", r.http, context=context, timeout=30)
        c.request("POST", "/v1/traces", peers.request([case.id], case.country), {"Content-Type": "application/x-protobuf"})
        answer = c.getresponse()
        body = answer.read()
        if then:
            then()
        with lock:
            answers[case.id] = (answer.status, next((v for n, p in peers.fields(body) if n == 1 for m, v in peers.fields(p) if m == 1), 0) if answer.status == 200 else None)

    threads = [threading.Thread(target=one, args=(c,)) for c in cases]
    for t in threads:
        t.start()
    for t in threads:
        t.join(60)
    return answers


def entries(r):
    run = subprocess.run([rig.BINARY, "audit", "tail", "--dir", r.dir / "journal", "--from", "1", "--format", "json"], capture_output=True, check=True)
    return [json.loads(line) for line in run.stdout.splitlines()]


def judge(case, n, answer, lost, deliveries):
    """What is wrong with a case; empty when nothing is."""
    bad = []
    b = case.backend
    name = f"{'otlp_grpc' if b.h2 else 'otlp_http'}/c{n}"
    losses = sum(e["loss"]["spans"] for e in lost if e["loss"]["destination"] == name)
    rejected = sum(d["delivery"].get("rejected", 0) for d in deliveries if d["delivery"]["destination"] == name)
    if answer is None or answer[0] != 200:
        return [f"the sender was answered {answer}"]
    foreign = set(b.seen) - {case.id}
    if foreign:
        bad.append(f"received spans of others: {foreign}")
    if case.wanted is LOST:
        if losses + rejected < 1:
            bad.append("no loss in the audit")
        if b.attempts != 1:
            bad.append(f"tried {b.attempts} times")
    else:
        if losses or rejected:
            bad.append(f"a loss in the audit: {losses} {rejected}")
        if case.wanted is RETRY and case.id not in b.good:
            bad.append("never delivered")
        if case.wanted is GOOD and b.attempts != 1:
            bad.append(f"tried {b.attempts} times")
        if not any(d["delivery"]["destination"] == name and d["outcome"] == "delivered" for d in deliveries):
            bad.append("no delivery in the audit")
    return bad


def wait_until(condition, seconds):
    deadline = time.monotonic() + seconds
    tick = threading.Event()
    while not condition() and time.monotonic() < deadline:
        tick.wait(0.05)
    return condition()


def heal(cases):
    for c in cases:
        c.backend.context = c.backend.sound
        c.backend.healed.set()


def tell(cases, verdicts, how):
    failed = 0
    for c, bad in zip(cases, verdicts):
        failed += bool(bad)
        if bad or os.environ.get("VERBOSE"):
            print(f"{'FAIL' if bad else 'ok  '} {c.label}, {how}: {c.wanted}" + "".join(f"\n     {b}" for b in bad), flush=True)
    return len(cases) - failed, failed


def misbehave(cases, r):
    """They are bad, then they are sound."""
    gate = r.gate(write_config(r, cases))
    answers = send(r, cases)
    threading.Event().wait(4)  # each has had its time-out, and the pauses that were asked for
    early = [c.label for c in cases if c.tls and c.backend.attempts]
    heal(cases)
    wait_until(lambda: all(c.id in c.backend.good for c in cases if c.wanted is RETRY), 20)
    wait_until(lambda: sum(e["type"] == "delivery" for e in entries(r)) >= len(cases), 10)
    if rig.stop(gate):
        raise RuntimeError("the gate did not end well")
    log = entries(r)
    lost, sent = ([e for e in log if e["type"] == kind] for kind in ("loss", "delivery"))
    return tell(cases, [judge(c, n, answers.get(c.id), lost, sent) + (["was sent to before it was sound"] if c.label in early else [])
                        for n, c in enumerate(cases)], "healed")


def misbehave_and_die(cases, r):
    """They are bad, the gate is killed when the last sender has its answer, and they are sound when it comes back."""
    config = write_config(r, cases)
    gate = r.gate(config)
    answers = send(r, cases)
    gate.kill()
    gate.wait()
    heal(cases)
    gate = r.gate(config)
    wait_until(lambda: all(c.id in c.backend.good for c in cases if c.wanted is RETRY), 20)
    if rig.stop(gate):
        raise RuntimeError("the gate did not end well")
    lost = [e for e in entries(r) if e["type"] in ("loss", "delivery")]
    verdicts = []
    for n, c in enumerate(cases):
        name = f"{'otlp_grpc' if c.backend.h2 else 'otlp_http'}/c{n}"
        recorded = sum(e["loss"]["spans"] if "loss" in e else e["delivery"].get("rejected", 0) for e in lost if e.get("loss", e.get("delivery"))["destination"] == name)
        bad = [] if answers.get(c.id, (0,))[0] == 200 else [f"the sender was answered {answers.get(c.id)}"]
        bad += [] if c.id in c.backend.good or recorded or c.wanted is GOOD else ["neither delivered nor recorded as lost"]
        bad += ["received spans of others"] if set(c.backend.seen) - {c.id} else []
        verdicts.append(bad)
    return tell(cases, verdicts, "killed")


def told_then_killed(pki):
    """A sender that is told of a loss can rely on its being recorded, even when the gate dies with that answer."""
    passed = 0
    bad = {False: lambda call: call.http(400), True: lambda call: call.grpc(0, partial(1))}
    for n in range(6):
        with rig.Rig("told") as r:
            use_pki(r, pki)
            h2 = bool(n % 2)
            case = Case("told", "DE", os.urandom(8).hex(), peers.Backend("told", peers.server_context(pki, alpn=("h2",) if h2 else ("http/1.1",)), h2, bad[h2]), LOST, False)
            gate = r.gate(write_config(r, [case], "journal_after: 10s\n"))
            answer = send(r, [case], gate.kill)[case.id]
            gate.wait()
            good = answer == (200, 1) and any(e["type"] == "loss" or e.get("delivery", {}).get("rejected") for e in entries(r))
            passed += good
            if not good:
                print(f"FAIL a loss over {'gRPC' if h2 else 'HTTP'} that the sender was told of ({answer}) does not stand in the audit", flush=True)
    return passed, 6 - passed


def use_pki(r, pki):
    subprocess.run(["rm", "-rf", r.dir / "pki"], check=True)
    (r.dir / "pki").symlink_to(pki)


def all_cases(pki, trap, way):
    """A gate for each 31 of them, all at the same time."""
    cases = make_cases(pki, trap.port)
    results = []

    def one(part):
        with rig.Rig("backends") as r:
            use_pki(r, pki)
            try:
                results.append(way(part, r))
            except (RuntimeError, TimeoutError, OSError) as e:
                print(f"FAIL {e}", flush=True)
                results.append((0, len(part)))

    threads = [threading.Thread(target=one, args=(cases[at:at + len(COUNTRIES)],)) for at in range(0, len(cases), len(COUNTRIES))]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return results


def main():
    with rig.Rig("backends") as first:
        pki = first.dir / "pki"
        trap = peers.Backend("trap", peers.server_context(pki, alpn=("http/1.1",)), False, lambda c: "good")
        results = all_cases(pki, trap, misbehave) + all_cases(pki, trap, misbehave_and_die) + [told_then_killed(pki)]
        results.append((not trap.attempts, bool(trap.attempts)))
        if trap.attempts:
            print("FAIL a redirect was followed")
    passed, failed = (sum(r[n] for r in results) for n in (0, 1))
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
