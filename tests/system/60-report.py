#!/usr/bin/env python3
"""A report says exactly what the senders know that they sent: traffic with known content goes through the real gate, is counted here from the senders' side, and
compared with the report of the log that the gate wrote. Then the report's files: the same twice, a change is noticed, its own entry is in the log."""
import collections
import csv
import datetime
import json
import random
import signal
import subprocess
import sys

import rig

IBANS = ["DE89370400440532013000", "GB82WEST12345698765432", "FR1420041010050500013M02606"]
CARDS = ["4111111111111111", "5500005555555559", "378282246310005"]
SERVICE = 'identities: [{match: "spiffe://example.org/ns/shop/*", service: checkout}]\n'


class Truth:
    """What the senders know."""

    def __init__(self):
        self.requests = self.spans = self.refused = 0
        self.findings = collections.Counter()    # entity
        self.senders = collections.Counter()     # (who, entity)
        self.transfers = collections.Counter()   # (origin, destination) -> spans
        self.denied = collections.Counter()      # (origin, destination) -> spans


def span(rng, truth, who):
    """A span with some personal values in attributes, and the truth about it."""
    attributes = [{"key": "http.request.method", "value": {"stringValue": "GET"}}]
    wanted = {"EMAIL_ADDRESS": lambda: f"user{rng.randrange(10**6)}@example.org", "IBAN": lambda: rng.choice(IBANS), "CREDIT_CARD": lambda: rng.choice(CARDS)}
    for entity, value in wanted.items():
        for i in range(rng.choice((0, 0, 1, 2))):
            attributes.append({"key": f"app.note{len(attributes)}", "value": {"stringValue": f"order of {value()} done"}})
            truth.findings[entity] += 1
            truth.senders[who, entity] += 1
    return {"traceId": f"{rng.getrandbits(128):032x}", "spanId": f"{rng.getrandbits(64):016x}", "name": "work", "kind": 2,
            "startTimeUnixNano": "1", "endTimeUnixNano": "2", "attributes": attributes}


def requests(rng, truth, who, origin, allowed, denied, count):
    """OTLP/JSON, a request a line."""
    lines = []
    for _ in range(count):
        spans = [span(rng, truth, who) for _ in range(rng.randrange(1, 40))]
        truth.requests += 1
        truth.spans += len(spans)
        truth.transfers[origin, allowed] += len(spans)
        truth.denied[origin, denied] += len(spans)
        lines.append(json.dumps({"resourceSpans": [{"resource": {"attributes": []}, "scopeSpans": [{"spans": spans}]}]}))
    return "\n".join(lines) + "\n"


def spangate(*args, ok=(0,)):
    p = subprocess.run([rig.BINARY, *map(str, args)], capture_output=True, text=True)
    if p.returncode not in ok:
        raise RuntimeError(f"{args}: {p.returncode}: {p.stderr}{p.stdout}")
    return p


def traffic(r, truth):
    rng = random.Random(7)
    everything = (("shop", "checkout", "DE", "otlp_grpc/eu", "otlp_http/us"),
                  ("us", "spiffe://example.org/ns/us/sa/orders", "US", "otlp_http/us", "otlp_grpc/eu"))
    for who, service, origin, allowed, denied in everything:
        for protocol in ("grpc", "http/protobuf", "http/json"):
            path = r.dir / f"sent-{who}.jsonl"
            path.write_text(requests(rng, truth, service, origin, allowed, denied, 12))
            p = r.send(0, protocol, who, ("--file", path))
            p.stdout.read()
            if p.wait(60) != 0:
                raise RuntimeError(f"send {who} {protocol} ended with {p.returncode}")
    curl = ["curl", "-s", "--cacert", r.dir / "pki/server-ca.crt", "-H", "content-type: application/json", f"https://localhost:{r.http}/v1/traces"]
    for _ in range(3):  # refused whole: not JSON
        subprocess.run([*curl, "--cert", r.dir / "pki/shop.crt", "--key", r.dir / "pki/shop.key", "--data", "{", "-o", "/dev/null"], check=True)
        truth.refused += 1
    for _ in range(2):  # refused handshakes: no certificate
        subprocess.run([*curl, "--data", "{}", "-o", "/dev/null"], check=False)


def log_key(r):
    """The verifier key, as an operator gets it."""
    return spangate("audit", "keygen", "--origin", "audit.example.org/spangate/test", "--out", r.dir / "log.key").stdout.split()[-1]


def wait_for_entry(r, condition, what):
    p = subprocess.Popen([rig.BINARY, "audit", "tail", "--dir", str(r.dir / "journal"), "--from", "0", "--follow", "--format", "json"], stdout=subprocess.PIPE)
    r.processes.append(p)
    timer = rig.threading.Timer(30, p.kill)
    timer.start()
    try:
        for line in p.stdout:
            if condition(json.loads(line)):
                return
    finally:
        timer.cancel()
        p.kill()
        p.wait()
    raise TimeoutError(what)


def compare(truth, report, check):
    t, tables = report["totals"], report["tables"]
    rows = lambda name: tables[name]["rows"]
    check("requests", t["requests"], truth.requests + truth.refused)
    check("spans in", t["spans_in"], truth.spans)
    check("spans out", t["spans_out"], truth.spans)
    check("spans allowed", t["spans_allowed"], sum(truth.transfers.values()))
    check("spans delivered", t["spans_delivered"], truth.spans)
    check("spans lost", t["spans_lost"], 0)
    check("undecidable", t["undecidable"], 0)
    check("findings", t["findings"], sum(truth.findings.values()))
    check("by entity", {x["entity"]: x["findings"] for x in rows("findings")}, dict(truth.findings))
    check("by sender", {(x["sender"], x["entity"]): x["findings"] for x in rows("findings-senders")}, dict(truth.senders))
    check("senders over time", collections.Counter(x["sender"] for x in rows("findings-senders-time") for _ in range(x["findings"])),
          collections.Counter(who for (who, _), n in truth.senders.items() for _ in range(n)))
    check("over time", sum(x[c] for x in rows("findings-time") for c in ("contact", "financial", "government", "health", "network", "secret", "other")),
          sum(truth.findings.values()))
    check("transfers", {(x["origin"], x["destination"]): x["spans"] for x in rows("transfers")}, dict(truth.transfers))
    check("denied", {(x["origin"], x["destination"]): x["spans"] for x in rows("denied-routes")}, dict(truth.denied))
    check("refused requests", sum(x["requests"] for x in rows("refused-requests")), truth.refused)
    check("refused handshakes", sum(x["count"] for x in rows("handshakes")), 2)
    check("identities", {x["service"] for x in rows("identities")}, {"checkout", ""})
    check("changes", sorted((x["what"], x["outcome"]) for x in rows("changes")), [("configuration", "changed"), ("policy", "changed")])
    check("log verified", (report["log"]["verified"], report["log"]["problem"]), (True, ""))
    check("verdict", {x["section"]: x["answer"] for x in rows("verdict") if x["section"] in ("integrity", "redaction", "transfers")},
          {"integrity": "yes", "redaction": "yes", "transfers": "yes"})
    check("verdict on losses", [x["answer"] for x in rows("verdict") if x["section"] == "availability"], ["yes", "yes"])
    check("acts", [x["verb"] for x in rows("acts")], ["start", "reload", "stop"])


def main():
    counts = collections.Counter()

    def check(what, found, wanted):
        ok = found == wanted
        counts[ok] += 1
        if not ok:
            print(f"FAIL {what}: {found!r}, wanted {wanted!r}")

    truth = Truth()
    with rig.Rig("report") as r:
        key = log_key(r)
        eu, us = r.sink("eu"), r.sink("us")
        extra = SERVICE + "audit: {dir: audit, checkpoint: {sign_key_file: log.key}}\n"
        gate = r.gate(r.config(eu.grpc, us.http, extra=extra))
        traffic(r, truth)
        r.config(eu.grpc, us.http, extra=extra + "# changed\n", policy=rig.POLICY + "# changed\n")
        gate.send_signal(signal.SIGHUP)
        wait_for_entry(r, lambda e: e["type"] == "admin" and e["reason"] == "reload", "the reload")
        check("gate stopped", rig.stop(gate), 0)

        today = datetime.datetime.now(datetime.timezone.utc).date()
        period = f"{today - datetime.timedelta(1)}..{today}"  # the test may have begun before midnight
        signer = spangate("audit", "keygen", "--origin", "privacy.example.org", "--out", r.dir / "report.key").stdout.split()[-1]
        build = ["report", "build", r.dir / "audit", "--period", period, "--trust", key, "--format", "html,json,csv,oscal", "--sign", r.dir / "report.key"]
        spangate(*build, "--out", r.dir / "one", "--journal", r.dir / "journal")
        spangate(*build, "--out", r.dir / "two", "--journal", r.dir / "nowhere")
        compare(truth, json.loads((r.dir / "one/report.json").read_text()), check)
        names = sorted(str(p.relative_to(r.dir / "one")) for p in (r.dir / "one").rglob("*") if p.is_file())
        check("the same twice", [n for n in names if (r.dir / "one" / n).read_bytes() != (r.dir / "two" / n).read_bytes()], [])
        with open(r.dir / "one/csv/findings.csv", newline="") as f:
            check("csv", {x["entity"]: int(x["findings"]) for x in csv.DictReader(f)}, dict(truth.findings))
        check("report verifies", spangate("report", "verify", r.dir / "one", "--trust", signer).returncode, 0)
        check("another key", spangate("report", "verify", r.dir / "one", "--trust", key, ok=(0, 5)).returncode, 5)
        with open(r.dir / "two/report.html", "ab") as f:
            f.write(b" ")
        check("a change shows", spangate("report", "verify", r.dir / "two", "--trust", signer, ok=(0, 5)).returncode, 5)
        check("listed", len(spangate("report", "list", r.dir, "--format", "json").stdout.splitlines()), 2)

        rows = spangate("audit", "query", r.dir / "audit", "--type", "request", "--service", "checkout", "--entity", "IBAN", "--format", "json").stdout.splitlines()
        check("queried", all(json.loads(x)["service"] == "checkout" for x in rows) and len(rows) > 0, True)

        gate = r.gate(r.dir / "gateway.yaml")
        wait_for_entry(r, lambda e: e.get("admin", {}).get("verb") == "report" and e["admin"].get("digest") and e["admin"]["object"].startswith(period),
                       "the report's own entry")
        counts[True] += 1
        check("gate stopped again", rig.stop(gate), 0)
        rig.stop(eu), rig.stop(us)
    print(f"{counts[True]} passed, {counts[False]} failed")
    return 1 if counts[False] else 0


sys.exit(main())
