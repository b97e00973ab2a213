#!/usr/bin/env python3
"""A day of the gate, hour by hour, by a clock that the test moves: seven senders whose content is known, border seconds on both sides of both midnights, two changes of
policy, a reload, two restarts, a kill -9 under load, a destination that is away, one that refuses, a new key of the log. What was sent, and what was answered, is counted
here, by the hour; the reports of the day, of the day before, of the day after and of all three must say the same.

Usage: 61-day.py [REQUESTS]     default 5: requests of a sender in an hour"""
import collections
import csv
import datetime
import hashlib
import json
import random
import signal
import ssl
import subprocess
import sys
import threading
import time

import clock
import rig

SCALE = int(sys.argv[1]) if len(sys.argv) > 1 else 5
DAY = datetime.datetime(2028, 2, 29, tzinfo=clock.UTC)
HOUR, SECOND = datetime.timedelta(hours=1), datetime.timedelta(seconds=1)
ZONE = "Asia/Kolkata"  # half an hour off: a report that counted by local time would show it

EU, US = "otlp_grpc/eu", "otlp_http/us"
# name: identity, country, service, {origin: destinations}
SENDERS = {
    "shop": ("spiffe://example.org/ns/shop/sa/checkout", "DE", "checkout"),
    "pay": ("spiffe://example.org/ns/shop/sa/payments", "DE", "checkout"),
    "us": ("spiffe://example.org/ns/us/sa/orders", "US", ""),
    "fr": ("spiffe://example.org/ns/fr/sa/claims", "FR", "claims"),
    "in": ("spiffe://example.org/ns/in/sa/billing", "IN", ""),
    "mix": ("spiffe://example.org/ns/mix/sa/batch", "", "batch"),  # the origin is where the resource says that it runs
    "crash": ("spiffe://example.org/ns/crash/sa/load", "DE", "load"),
}
SERVICES = """\
identities:
  - {match: "spiffe://example.org/ns/shop/*", service: checkout}
  - {match: "spiffe://example.org/ns/fr/*", service: claims}
  - {match: "spiffe://example.org/ns/mix/*", service: batch}
  - {match: "spiffe://example.org/ns/crash/*", service: load}
"""
REGIONS = {"eu-central-1": "DE", "us-east-1": "US", "": "unknown"}

RULES = """\
apiVersion: spangate/v1
kind: RedactionPolicy
metadata: {{name: people, revision: {revision}, owner: privacy@example.org, controls: [GDPR-Art25]}}
spec:
  mode: enforce
  rules:
    - {{id: mail, entity: EMAIL_ADDRESS, action: {{replace: "[mail]"}}}}
    - {{id: card, entity: CREDIT_CARD, action: {{replace: "[card]"}}}}
    - {{id: iban, entity: IBAN, action: {{replace: "[iban]"}}}}
    - {{id: ssn, entity: US_SSN, mode: {ssn}, action: {{replace: "[ssn]"}}}}
    - {{id: stuck, regex: '(?:x+x+)+y{{80}}', action: {{replace: "[stuck]"}}}}
---
apiVersion: spangate/v1
kind: ResidencyPolicy
metadata: {{name: stays, revision: {revision}, owner: privacy@example.org}}
spec:
  mode: enforce
  origin: [{{country: client.certificate.subject.C}}, {{cloud_region: resource.attributes.cloud.region}}]
  routes:
    - {{from: [DE, FR], to: [otlp_grpc/eu]}}
    - {{from: [US], to: [otlp_http/us]}}
{routes}"""
FR_US = "    - {from: [FR], to: [otlp_http/us], mechanism: scc, reference: 'dpa-7', expires: 2028-03-01}\n"
IN_US = "    - {from: [IN], to: [otlp_http/us], mechanism: bcr, reference: 'bcr-2', expires: 2028-02-29}\n"

VALUES = {
    "EMAIL_ADDRESS": lambda rng: f"user{rng.randrange(10**6)}@example.org",
    "CREDIT_CARD": lambda rng: rng.choice(["4111111111111111", "5500005555555559", "378282246310005"]),
    "IBAN": lambda rng: rng.choice(["DE89370400440532013000", "GB82WEST12345698765432", "FR1420041010050500013M02606"]),
    "US_SSN": lambda rng: f"ssn 536-{rng.randrange(10, 99)}-{rng.randrange(1000, 9999)}",
}
CATEGORY = {"EMAIL_ADDRESS": "contact", "CREDIT_CARD": "financial", "IBAN": "financial", "US_SSN": "government"}


class Truth:
    """What the senders know, by the hour in which it was so."""

    def __init__(self, watch):
        self.watch = watch
        self.facts = collections.Counter()

    def add(self, what, *key, n=1):
        if n:
            self.facts[self.watch.now().replace(minute=0, second=0, microsecond=0), what, key] += n

    def of(self, what, begin, end):
        out = collections.Counter()
        for (hour, w, key), n in self.facts.items():
            if w == what and begin <= hour < end:
                out[key] += n
        return out


class Traffic:
    """Content that is known, from one sender, in a file for `spangate send`."""

    def __init__(self, day, who):
        self.day, self.who = day, who
        self.identity, self.country, self.service = SENDERS[who]
        self.sender = self.service or self.identity

    def span(self, rng, tally):
        attributes = [{"key": "http.request.method", "value": {"stringValue": "GET"}}]

        def note(text):
            attributes.append({"key": f"app.note{len(attributes)}", "value": {"stringValue": text}})

        for entity, value in VALUES.items():
            for _ in range(rng.choice((0, 0, 1, 2))):
                note(f"order of {value(rng)} done")
                tally[entity] += 1
        if rng.random() < 0.1:
            note("x" * rng.randrange(50, 70) + "y" * 40)  # PCRE2 gives up on it
            tally["undecidable"] += 1
        return {"traceId": f"{rng.getrandbits(128):032x}", "spanId": f"{rng.getrandbits(64):016x}", "name": "work", "kind": 2,
                "startTimeUnixNano": "1", "endTimeUnixNano": "2", "attributes": attributes}

    def request(self, rng):
        """A line, and what is true of it: spans of each origin; findings, unless nothing of it may leave: then it is not examined."""
        tally, spans = collections.Counter(), collections.Counter()
        resources = []
        for region in rng.sample(sorted(REGIONS), rng.randrange(1, 4)) if not self.country else ["?"]:
            origin = self.country or REGIONS[region]
            group = [self.span(rng, tally) for _ in range(rng.randrange(1, 6))]
            spans[origin] += len(group)
            attributes = [] if region in ("", "?") else [{"key": "cloud.region", "value": {"stringValue": region}}]
            resources.append({"resource": {"attributes": attributes}, "scopeSpans": [{"spans": group}]})
        if not any(self.day.routes(origin) for origin in spans):
            tally.clear()
        return json.dumps({"resourceSpans": resources}), spans, tally

    def count(self, spans, tally, protocol):
        """What the gate must make of it."""
        day, truth = self.day, self.day.truth
        total, out = sum(spans.values()), 0
        for origin, n in spans.items():
            allowed = day.routes(origin)
            out += n if allowed else 0
            for destination in (EU, US):
                if destination in allowed:
                    mechanism, reference, expires = allowed[destination]
                    truth.add("transfer.spans", origin, destination, mechanism, reference, expires, n=n)
                else:
                    truth.add("denied.spans", origin, destination, n=n)
        for destination in (EU, US):
            self.count_requests(spans, destination)
            n = sum(k for origin, k in spans.items() if destination in day.routes(origin))
            day.give(destination, n)
        truth.add("outcome", "accepted" if out == total else "part")
        truth.add("spans_in", self.identity, self.service, n=total)
        truth.add("spans_out", n=out)
        truth.add("requests", self.identity, self.service)
        truth.add("protocol.requests", protocol)
        truth.add("protocol.spans", protocol, n=total)
        truth.add("undecidable", self.identity, self.service, n=tally.pop("undecidable", 0))
        for entity, n in tally.items():
            enforced = entity != "US_SSN" or day.ssn == "enforce"
            truth.add("findings" if enforced else "shadow", entity, n=n)
            truth.add("rule.requests", entity, "enforce" if enforced else "shadow")
            if enforced:
                truth.add("finding", self.identity, self.service, entity, n=n)
        return total - out

    def count_requests(self, spans, destination):
        """The request counts once in each row of the transfer table."""
        for origin in spans:
            allowed = self.day.routes(origin)
            if destination in allowed:
                self.day.truth.add("transfer.requests", origin, destination, *allowed[destination])
            else:
                self.day.truth.add("denied.requests", origin, destination)

    def send(self, count, protocol):
        day, lines, unrouted = self.day, [], 0
        day.out = collections.Counter()
        for _ in range(count):
            line, spans, tally = self.request(day.rng)
            lines.append(line)
            unrouted += self.count(spans, tally, protocol)
        answer = day.send_file(self.who, protocol, "\n".join(lines) + "\n")
        day.check(f"{self.who}: all answered", (answer["requests"], answer["rejected_requests"], answer["unanswered_requests"]), (count, 0, 0))
        day.truth.add("protocol.bytes", protocol, n=answer["wire_bytes"])
        refused = sum(day.out[d] for d in day.refusing)  # the destination's word comes back to the sender
        if not day.refusing:
            day.check(f"{self.who}: partial", answer["partial"], unrouted)
        day.check(f"{self.who}: not more than sent", answer["partial"] <= unrouted + refused, True)
        return answer


class Day:
    def __init__(self, r, watch):
        self.r, self.watch, self.truth = r, watch, Truth(watch)
        self.rng = random.Random(29)
        self.counts = collections.Counter()
        self.ssn, self.revision = "shadow", 1
        self.fr_us = True
        self.away, self.refusing, self.waiting = set(), set(), collections.Counter()
        self.settled = self.expected = self.reloads = self.turned = self.turned_seen = 0
        self.out = collections.Counter()
        self.sinks = {EU: r.sink("eu"), US: r.sink("us")}
        self.ports = {EU: self.sinks[EU].grpc, US: self.sinks[US].http}
        self.gate = self.tail = None
        self.absent = f"http://keeper:hidden@127.0.0.1:{rig.free_port()}/copy?token=hidden"

    def check(self, what, found, wanted):
        ok = found == wanted
        self.counts[ok] += 1
        if not ok:
            print(f"FAIL {self.watch.now():%d %H:%M} {what}: {str(found)[:600]}, wanted {str(wanted)[:600]}")

    # -- what is in force --------------------------------------------------------------------------------------------------------------
    def routes(self, origin):
        """{destination: (mechanism, reference, expires)}"""
        now = self.watch.now()
        out = {"DE": {EU: ("intra", "", "")}, "US": {US: ("intra", "", "")}, "FR": {EU: ("intra", "", "")}}.get(origin, {})
        if origin == "FR" and self.fr_us and now < DAY + 24 * HOUR:
            out[US] = ("scc", "dpa-7", "2028-03-01")
        if origin == "IN" and now < DAY:
            out[US] = ("bcr", "bcr-2", "2028-02-29")
        return out

    def give(self, destination, spans):
        """Spans that are on their way to a destination."""
        if not spans:
            return
        self.out[destination] += spans
        self.expected += spans
        if destination in self.away:
            self.waiting[destination, "payloads"] += 1
            self.waiting[destination, "spans"] += spans
        elif destination in self.refusing:
            self.truth.add("rejected", destination, n=spans)
            self.truth.add("payloads", destination, "rejected")
            self.truth.add("lost", destination, n=spans)
        else:
            self.truth.add("delivered", destination, n=spans)
            self.truth.add("payloads", destination, "delivered")

    def configure(self):
        routes = (FR_US if self.fr_us else "") + IN_US
        self.r.config(self.ports[EU], self.ports[US], policy=RULES.format(revision=self.revision, ssn=self.ssn, routes=routes),
                      extra=SERVICES + "audit: {dir: audit, checkpoint: {sign_key_file: log.key}, anchors: [{file: anchor.note, every: 0s}, {url: \"" + self.absent + "\", every: 0s}]}\n")
        return self.r.dir / "gateway.yaml"

    # -- the gate ----------------------------------------------------------------------------------------------------------------------
    def start(self):
        self.gate = self.r.gate(self.configure())
        self.truth.add("act", "start")
        if not self.tail:
            self.tail = self.r.spawn([rig.BINARY, "audit", "tail", "--dir", self.r.dir / "journal", "--from", "0", "--follow", "--format", "json"],
                                     "tail.log", stdout=subprocess.PIPE)
            self.seen = rig.Drain(self.on_entry).feed(self.tail.stdout)

    def on_entry(self, line):
        """Only to know when everything is written: nothing is counted from here."""
        e = json.loads(line)
        self.last = e
        if e["type"] == "delivery":
            self.settled += e["delivery"]["accepted"] + e["delivery"]["rejected"]
        elif e["type"] == "loss" and e["reason"] == "route_denied":
            self.settled += e["loss"]["spans"]
        elif e["type"] in ("refusal", "handshake"):
            self.turned_seen += e["count"]
        self.reloads += e["type"] == "rules"

    def settle(self):
        waits = self.expected - sum(n for (_, what), n in self.waiting.items() if what == "spans")
        self.seen.wait_for(lambda: self.settled >= waits, 60, "deliveries")
        self.seen.wait_for(lambda: self.turned_seen >= self.turned, 20, "refusals")

    def stop(self):
        self.check("stopped", rig.stop(self.gate), 0)
        self.truth.add("act", "stop")

    def reload(self, *changes):
        with self.seen.cond:
            before = self.reloads
        self.configure()
        self.gate.send_signal(signal.SIGHUP)
        self.seen.wait_for(lambda: self.reloads > before, 20, "the reload")
        self.truth.add("act", "reload")
        for change in changes:
            self.truth.add("change", *change)

    def sink_stop(self, destination):
        rig.stop(self.sinks[destination])
        self.away.add(destination)

    def sink_start(self, destination, *extra):
        port = {"grpc" if destination == EU else "http": self.ports[destination]}
        self.sinks[destination] = self.r.sink("again", extra=extra, **port)
        self.away.discard(destination)

    # -- senders -----------------------------------------------------------------------------------------------------------------------
    def send_file(self, who, protocol, text, extra=("--in-flight", 4)):
        path = self.r.dir / f"sent-{who}.jsonl"
        path.write_text(text)
        p = self.r.send(0, protocol, who, ("--file", path, "--format", "json", *extra))
        answer = json.loads(p.stdout.read())
        p.wait(120)
        return answer

    def curl(self, *args, who="shop", url=None):
        cert = ["--cert", self.r.dir / f"pki/{who}.crt", "--key", self.r.dir / f"pki/{who}.key"] if who else []
        return subprocess.run(["curl", "-s", "--cacert", self.r.dir / "pki/server-ca.crt", *cert, "-o", "/dev/null", "-w", "%{http_code}", *args,
                               url or f"https://localhost:{self.r.http}/v1/traces"], capture_output=True, text=True).stdout

    def everybody(self, hour, senders=("shop", "pay", "us", "fr", "in", "mix")):
        for i, who in enumerate(senders):
            Traffic(self, who).send(SCALE, ("grpc", "http/protobuf", "http/json")[(hour + i) % 3])
        self.settle()

    def some(self, hour):
        """In most hours, to save time, two senders; in a large run all."""
        everyone = ("shop", "mix", "us", "fr", "pay", "in")
        self.everybody(hour // 3, everyone if SCALE > 20 else (everyone[hour % 6], everyone[(hour + 1) % 6]))

    def malformed(self, count):
        identity, _, service = SENDERS["shop"]
        for _ in range(count):
            self.check("refused", self.curl("-H", "content-type: application/json", "--data", "{"), "400")
            self.truth.add("outcome", "refused")
            self.truth.add("requests", identity, service)
            self.truth.add("refused", identity, service)
            self.truth.add("refused.reason", "malformed", "http/json", service)
            self.truth.add("protocol.requests", "http/json")
            self.truth.add("protocol.bytes", "http/json", n=1)

    def strangers(self, count):
        for _ in range(count):
            self.curl("-H", "content-type: application/json", "--data", "{}", who=None)
            self.truth.add("handshake", "no_certificate")
            self.turned += 1
        self.settle()

    def unread(self):
        """Requests that are refused by their head or their framing: by whom and why is on record, in our words."""
        base, grpc = f"https://localhost:{self.r.http}", f"https://localhost:{self.r.grpc}/opentelemetry.proto.collector"
        json_type, grpc_type = ("-H", "content-type: application/json"), ("--http2", "-X", "POST", "-H", "content-type: application/grpc")
        large = self.r.dir / "sent-large"
        large.write_bytes(bytes(17 << 20))
        for who, times, status, reason, protocol, url, args in (
                ("shop", 3, "404", "other_signal", "http/json", base + "/v1/logs", (*json_type, "--data", "{}")),
                ("us", 1, "404", "other_signal", "http/json", base + "/v1/metrics", (*json_type, "--data", "{}")),
                ("us", 1, "404", "unimplemented", "http/json", base + "/v1/CANARY", (*json_type, "--data", "{}")),
                ("fr", 2, "405", "method", "http", base + "/v1/traces", ()),
                ("fr", 1, "415", "media_type", "http", base + "/v1/traces", ("-H", "content-type: text/CANARY", "--data", "x")),
                ("pay", 1, "415", "encoding", "http/json", base + "/v1/traces", (*json_type, "-H", "content-encoding: CANARY", "--data", "x")),
                ("pay", 1, "413", "too_large", "http/json", base + "/v1/traces", (*json_type, "--data-binary", f"@{large}")),
                ("in", 1, "501", "encoding", "http", base + "/v1/traces", ("-H", "transfer-encoding: CANARY", *json_type, "--data", "{}")),
                ("in", 2, "200", "other_signal", "grpc", grpc + ".logs.v1.LogsService/Export", grpc_type),
                ("mix", 1, "200", "unimplemented", "grpc", grpc + ".trace.v1.TraceService/CANARY", grpc_type),
                ("mix", 1, "415", "media_type", "grpc", grpc + ".trace.v1.TraceService/Export", ("--http2", "-X", "POST", "-H", "content-type: text/CANARY"))):
            identity, _, service = SENDERS[who]
            for _ in range(times):
                self.check(f"{who} {reason}", self.curl(*args, who=who, url=url), status)
                for what in ("requests", "refused"):
                    self.truth.add(what, identity, service)
                self.truth.add("outcome", "refused")
                self.truth.add("unread")
                self.truth.add("unread_by", identity, service)
                self.truth.add("refused.reason", reason, protocol, service or identity)
                self.turned += 1
        self.settle()

    def unknown_fields(self, count):
        """A span with fields that no schema knows: by hand, as no SDK would."""
        identity, _, service = SENDERS["shop"]

        def field(number, payload):
            return bytes([number << 3 | 2, len(payload)]) + payload

        unknown = b"\xc0\x3e\x07"  # field 1000, varint 7
        span = field(1, bytes(range(1, 17))) + field(2, bytes(range(1, 9))) + field(5, b"work") + unknown * count
        body = field(1, field(2, field(2, span)))
        path = self.r.dir / "sent-unknown.pb"
        path.write_bytes(body)
        self.check("unknown fields", self.curl("-H", "content-type: application/x-protobuf", "--data-binary", f"@{path}"), "200")
        t = self.truth
        t.add("outcome", "accepted")
        for what in ("requests", "spans_in"):
            t.add(what, identity, service)
        t.add("spans_out")
        t.add("unknown", identity, service, n=count)
        t.add("protocol.requests", "http/protobuf")
        t.add("protocol.spans", "http/protobuf")
        t.add("protocol.bytes", "http/protobuf", n=len(body))
        t.add("transfer.requests", "DE", EU, "intra", "", "")
        t.add("transfer.spans", "DE", EU, "intra", "", "")
        t.add("denied.requests", "DE", US)
        t.add("denied.spans", "DE", US)
        self.give(EU, 1)
        self.settle()

    # -- the hours -----------------------------------------------------------------------------------------------------------------------
    def clock_back(self):
        """By twenty minutes, as no clock should go: told, and each hour has what it should have."""
        self.watch.run_from(self.watch.now().replace(minute=50))
        Traffic(self, "shop").send(SCALE, "grpc")
        self.settle()
        self.watch.run_from(self.watch.now().replace(minute=30))
        Traffic(self, "us").send(SCALE, "grpc")
        self.settle()
        self.truth.add("clock back")

    def restart(self):
        self.stop()
        self.start()

    def away_until_restart(self):
        """What came while a destination was away is delivered in the hour in which it is back."""
        self.sink_stop(US)
        self.everybody(self.watch.now().hour)
        self.stop()
        self.watch.run_from(self.watch.now().replace(minute=10) + HOUR)
        self.sink_start(US)
        for what in ("payloads", "spans"):
            n = self.waiting.pop((US, what))
            self.truth.add("delivered" if what == "spans" else what, *((US,) if what == "spans" else (US, "delivered")), n=n)
        self.start()
        self.settle()

    def denied_while_waiting(self):
        """What waits for a destination that it may not go to any more is lost, and said to be."""
        self.sink_stop(US)
        Traffic(self, "fr").send(SCALE, "grpc")
        self.settle()
        self.watch.run_from(self.watch.now().replace(minute=10) + HOUR)
        self.fr_us, self.revision = False, self.revision + 1
        self.reload(("policy", "changed"))
        n = self.waiting.pop((US, "spans"))
        self.waiting.pop((US, "payloads"))
        self.truth.add("lost", US, n=n)
        self.settle()
        self.sink_start(US)

    def refusing_destination(self):
        self.sink_stop(EU)
        self.sink_start(EU, "--fail", "3")
        self.restart()  # so that it is asked at once
        self.refusing.add(EU)
        self.everybody(self.watch.now().hour)
        self.refusing.discard(EU)
        self.sink_stop(EU)
        self.sink_start(EU)
        self.restart()

    def kill(self):
        """Under load: what was decided just before and sent again is on record twice. It is a sender of its own, with 4 IBAN in the 4 spans of each request."""
        self.crash_requests, in_flight = 40, 4
        rng = random.Random(1)
        line = lambda: json.dumps({"resourceSpans": [{"resource": {}, "scopeSpans": [{"spans": [
            {"traceId": f"{rng.getrandbits(128):032x}", "spanId": f"{rng.getrandbits(64):016x}", "name": "work", "kind": 2, "startTimeUnixNano": "1",
             "endTimeUnixNano": "2", "attributes": [{"key": "app.note", "value": {"stringValue": "for DE89370400440532013000"}}]} for _ in range(4)]}]}]})
        path = self.r.dir / "sent-crash.jsonl"
        path.write_text("".join(line() + "\n" for _ in range(self.crash_requests)))
        acked, drain = self.r.id_pipe("acked", lambda _: None)
        acks = []
        drain.on_line = acks.append
        p = self.r.send(0, "grpc", "crash", ("--file", path, "--format", "json", "--in-flight", in_flight, "--acked", acked, "--rate", 400))
        drain.wait_for(lambda: len(acks) >= 40, 20, "the first acknowledged")
        self.gate.kill()
        self.gate.wait()
        self.start()
        answer = json.loads(p.stdout.read())
        p.wait(60)
        self.check("all acknowledged in the end", (answer["requests"], answer["rejected_requests"]), (self.crash_requests, 0))
        self.crash_most = self.crash_requests + in_flight
        for _ in range(2):  # what is left in the journal is sent; a stop writes down what is known
            wait_for(lambda: metric(self.r, "spangate_journal_bytes") == 0, "the journal is empty")
            with self.seen.cond:
                before = self.reloads
            self.restart()
        self.seen.wait_for(lambda: self.reloads > before, 20, "the start")
        self.settled = self.expected  # deliveries of this sender are not waited for

    def rotate(self):
        spangate("audit", "keygen", "--origin", "audit.example.org/spangate/test", "--out", self.r.dir / "log.key.next")
        self.reload()
        wait_for(lambda: not (self.r.dir / "log.key.next").exists(), "the new key")
        self.truth.add("change", "key", "replaced")

    def yesterday(self):
        """A report of the day before, made while the gate runs: its own entry is one of this day."""
        before = DAY - datetime.timedelta(1)
        spangate("report", "build", self.r.dir / "audit", "--period", f"{before:%Y-%m-%d}", "--out", self.r.dir / "yesterday", "--format", "json", "--journal",
                 self.r.dir / "journal")
        self.seen.wait_for(lambda: self.last.get("admin", {}).get("verb") == "report", 20, "the report's entry")
        self.truth.add("act", "report")

    def live(self):
        """From two hours before midnight to one hour after the next."""
        watch = self.watch
        hours = {1: self.unread, 2: lambda: self.malformed(3), 3: lambda: self.strangers(2), 4: lambda: self.unknown_fields(5), 5: self.restart, 6: self.enforce,
                 8: self.away_until_restart, 11: self.kill, 13: self.rotate, 14: self.refusing_destination, 16: self.yesterday, 18: self.denied_while_waiting,
                 20: self.clock_back, 21: lambda: self.malformed(2)}
        self.start()
        self.everybody(22)
        self.malformed(1)
        watch.freeze(DAY - SECOND)
        self.everybody(23)
        watch.freeze(DAY)
        self.everybody(0)
        for hour in range(0, 24):
            at = DAY + hour * HOUR
            if watch.now() < at + 10 * 60 * SECOND:  # some acts take an hour
                watch.run_from(at + 10 * 60 * SECOND)
            if hour != 12:  # nothing in this hour: its row is there all the same
                self.some(hour)
            if hour in hours:
                hours[hour]()
        watch.freeze(DAY + 24 * HOUR - SECOND)
        self.everybody(1)
        self.malformed(1)
        watch.freeze(DAY + 24 * HOUR)
        self.everybody(2)
        self.malformed(1)
        watch.run_from(DAY + 25 * HOUR)
        self.everybody(3)
        self.stop()

    def enforce(self):
        self.ssn, self.revision = "enforce", self.revision + 1
        self.reload(("policy", "changed"))


# -- tools ---------------------------------------------------------------------------------------------------------------------------------

def spangate(*args, ok=(0,)):
    p = subprocess.run([rig.BINARY, *map(str, args)], capture_output=True, text=True)
    if p.returncode not in ok:
        raise RuntimeError(f"{args}: {p.returncode}: {p.stderr}{p.stdout}")
    return p


def wait_for(condition, what, seconds=30):
    deadline, pause = time.monotonic() + seconds, threading.Event()
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        pause.wait(0.02)


def metric(r, name):
    return sum(float(line.split()[-1]) for line in r.metrics().splitlines() if line.startswith(name + " ") or line.startswith(name + "{"))


# -- what the report must say ----------------------------------------------------------------------------------------------------------------

def plain(counter):
    """Keys of one part as they are."""
    return {k[0] if len(k) == 1 else k: n for k, n in counter.items()}


def by(rows, *columns, value):
    out = collections.Counter()
    for x in rows:
        key = tuple(x[c] for c in columns)
        out[key[0] if len(key) == 1 else key] += x[value]
    return {k: n for k, n in out.items() if n}


class Crash:
    """What is on record of the sender during whose load the gate was killed: how many requests is known within bounds, all else follows from that."""

    def __init__(self, rows):
        self.identity, _, self.service = SENDERS["crash"]
        self.requests = sum(x["requests"] for x in rows("identities") if x["identity"] == self.identity)
        self.spans = 4 * self.requests


def compare(day, report, begin, end, crash_hour):
    tables, t, truth = report["tables"], report["totals"], day.truth
    rows = lambda name: tables[name]["rows"]
    fact = lambda what: truth.of(what, begin, end)
    total = lambda what: sum(fact(what).values())
    check = lambda what, found, wanted: day.check(f"{begin:%m-%d}..{end:%m-%d} {what}", found, wanted)
    crash = Crash(rows)
    C, S = crash.requests, crash.spans
    extra = lambda counter, key, n: {**counter, key: counter.get(key, 0) + n} if n else counter

    check("crash within bounds", C == 0 if not begin <= crash_hour < end else day.crash_requests <= C <= day.crash_most, True)
    check("requests", t["requests"], total("outcome") + C)
    check("requests unread", t["requests_unread"], total("unread"))
    check("spans in", t["spans_in"], total("spans_in") + S)
    check("spans out", t["spans_out"], total("spans_out") + S)
    check("spans allowed", t["spans_allowed"], total("transfer.spans") + S)
    crash_delivered = t["spans_delivered"] - total("delivered")
    check("spans delivered", 0 <= crash_delivered <= S if C else crash_delivered == 0, True)
    check("spans rejected", t["spans_rejected"], total("rejected"))
    check("spans lost", t["spans_lost"], total("lost"))
    check("findings", t["findings"], total("findings") + S)
    check("findings in shadow", t["findings_shadow"], total("shadow"))
    check("undecidable", t["undecidable"], total("undecidable"))
    check("unknown fields", t["unknown_fields"], total("unknown"))

    findings = {(e, "enforce"): n for e, n in plain(fact("findings")).items()} | {(e, "shadow"): n for e, n in plain(fact("shadow")).items()}
    check("by entity and mode", by(rows("findings"), "entity", "mode", value="findings"), extra(findings, ("IBAN", "enforce"), S))
    check("requests by rule", by(rows("findings"), "entity", "mode", value="requests"), extra(plain(fact("rule.requests")), ("IBAN", "enforce"), C))
    senders = collections.Counter()
    for (identity, service, entity), n in fact("finding").items():
        senders[service or identity, entity] += n
    check("by sender and entity", by(rows("findings-senders"), "sender", "entity", value="findings"), extra(dict(senders), ("load", "IBAN"), S))
    by_sender = collections.Counter()
    for (sender, _), n in extra(dict(senders), ("load", "IBAN"), S).items():
        by_sender[sender] += n
    check("by sender over time", by(rows("findings-senders-time"), "sender", value="findings"), dict(by_sender))
    for x, n in by(rows("findings-senders-time"), "from", value="findings").items():
        check(f"{x} by sender", n, sum(v for k, v in next(y for y in rows("findings-time") if y["from"] == x).items() if k != "from"))
    check("categories of entities", {x["entity"]: x["category"] for x in rows("findings")} | CATEGORY, CATEGORY)
    check("places", {x["place"] for x in rows("findings-places")}, {"span.attributes"})

    transfer = lambda column: by(rows("transfers"), "origin", "destination", "mechanism", "reference", "expires", value=column)
    for column in ("requests", "spans"):
        check(f"transfers: {column}", transfer(column), extra(plain(fact(f"transfer.{column}")), ("DE", EU, "intra", "", ""), S if column == "spans" else C))
        check(f"denied: {column}", by(rows("denied-routes"), "origin", "destination", value=column),
              extra(plain(fact(f"denied.{column}")), ("DE", US), S if column == "spans" else C))
    check("refused requests", by(rows("refused-requests"), "reason", "protocol", "sender", value="requests"), plain(fact("refused.reason")))
    check("refused handshakes", by(rows("handshakes"), "reason", value="count"), plain(fact("handshake")))

    for column, what, n in (("requests", "requests", C), ("refused", "refused", 0), ("spans", "spans_in", S), ("undecidable", "undecidable", 0), ("unknown", "unknown", 0)):
        check(f"identities: {column}", by(rows("identities"), "identity", "service", value=column), extra(plain(fact(what)), (crash.identity, "load"), n))
    found = collections.Counter()
    for (identity, service, _), n in fact("finding").items():
        found[identity, service] += n
    check("identities: findings", by(rows("identities"), "identity", "service", value="findings"), extra(dict(found), (crash.identity, "load"), S))
    read = fact("requests")
    read.subtract(fact("unread_by"))
    certificates = {(identity, fingerprint(day.r, who)): n for who, (identity, _, service) in SENDERS.items() if (n := read.get((identity, service)))}
    check("certificates", by(rows("certificates"), "identity", "sha256", value="requests"),
          extra(certificates, (crash.identity, fingerprint(day.r, "crash")), C))

    protocol = lambda what: plain(fact(f"protocol.{what}"))
    check("protocols: requests", by(rows("protocols"), "protocol", value="requests"), extra(protocol("requests"), "grpc", C))
    check("protocols: spans", by(rows("protocols"), "protocol", value="spans"), extra(protocol("spans"), "grpc", S))
    if not C:
        check("protocols: bytes", by(rows("protocols"), "protocol", value="bytes"), protocol("bytes"))
    check("tls", {x["tls"] for x in rows("protocols")}, {"TLSv1.3"})

    delivered, accepted = plain(fact("payloads")), plain(fact("delivered"))
    for x in rows("deliveries"):
        key = (x["destination"], x["outcome"])
        wanted = delivered.pop(key, 0)
        more = x["payloads"] - wanted
        check(f"payloads {key}", (0 <= more <= C) if key == (EU, "delivered") and C else more == 0, True)
        if key[1] == "delivered":
            check(f"spans accepted {key}", x["accepted"] - accepted.pop(key[0], 0), 4 * more)
        else:
            check(f"spans rejected {key}", x["rejected"], fact("rejected")[key[:1]])
    check("no destination is missing", (delivered, accepted), ({}, {}))
    check("losses", by(rows("losses"), "destination", value="spans"), plain(fact("lost")))
    check("closed", rows("closed"), [])
    check("changes", collections.Counter((x["what"], x["outcome"]) for x in rows("changes")), collections.Counter(plain(fact("change"))))
    check("acts", collections.Counter(x["verb"] for x in rows("acts")), collections.Counter(plain(fact("act"))))
    anchors = {x["kind"]: (x["to"], x["written"] > 0, x["failed"] > 0) for x in rows("anchors")}
    if begin <= DAY < end:
        check("anchors", anchors, {"file": (str(day.r.dir / "anchor.note"), True, False), "url": (day.absent.replace("keeper:hidden@", "").split("?")[0], False, True)})
    check("log verified", (report["log"]["verified"], report["log"]["problem"]), (True, ""))
    checks = {x["check"]: x["result"] for x in rows("integrity")}
    check("integrity", list(checks.values())[:3], [0, 0, total("clock back")])
    check("starts without a stop", checks["Starts without a stop before them"], 1 if begin <= crash_hour < end else 0)
    compare_hours(day, report, begin, end, (crash_hour, C, S), check)


def compare_hours(day, report, begin, end, crash, check):
    """Each bucket for itself: of an hour, or of a day when the period is longer than two."""
    rows = lambda name: {x["from"]: x for x in report["tables"][name]["rows"]}
    step = HOUR if end - begin <= datetime.timedelta(2) else datetime.timedelta(1)
    label = "%Y-%m-%d %Hh" if step == HOUR else "%Y-%m-%d"
    volume, time_rows = rows("volume"), rows("findings-time")
    begins = [begin + i * step for i in range((end - begin) // step)]
    check("buckets", list(volume), [f"{at:{label}}" for at in begins])
    check("buckets of findings", list(time_rows), list(volume))
    for at in begins:
        fact = lambda what: day.truth.of(what, at, at + step)
        total = lambda what: sum(fact(what).values())
        C, S = crash[1:] if at <= crash[0] < at + step else (0, 0)
        name, outcome = f"{at:{label}}", plain(fact("outcome"))
        x = dict(volume[name])
        more = x.pop("delivered") - total("delivered")
        check(f"{name} delivered", more if not 0 <= more <= S else 0, 0)
        check(f"{name} volume", x, {"from": name, "requests": total("outcome") + C, "accepted": outcome.get("accepted", 0) + C, "part": outcome.get("part", 0),
                                     "refused": outcome.get("refused", 0), "spans_in": total("spans_in") + S, "spans_out": total("spans_out") + S,
                                     "findings": total("findings") + S, "undecidable": total("undecidable"), "unknown": total("unknown"),
                                     "rejected": total("rejected"), "lost": total("lost")})
        categories = collections.Counter()
        for (entity,), n in fact("findings").items():
            categories[CATEGORY[entity]] += n
        categories["financial"] += S
        check(f"{name} categories", {k: n for k, n in time_rows[name].items() if n and k != "from"}, {k: n for k, n in categories.items() if n})


def fingerprint(r, who):
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert((r.dir / f"pki/{who}.crt").read_text())).hexdigest()


def digests_turn(day):
    """What cannot be decoded is known by an HMAC: the same body has the same one all day long, and another on another day."""
    lines = spangate("audit", "query", day.r.dir / "audit", "--type", "request", "--reason", "malformed", "--format", "entry").stdout.splitlines()
    days = collections.defaultdict(set)
    for e in map(json.loads, lines):
        days[e["ts"][:10]].add(e["req"]["body_hmac"])
    day.check("a digest key a day", (len(days), [len(x) for x in days.values()], len(set.union(*days.values()))), (3, [1, 1, 1], 3))


def main():
    if rig.is_sanitized():  # it and libfaketime wait for each other
        print("left out: this build and libfaketime exclude each other\n0 passed, 0 failed")
        return 0
    with rig.Rig("day", clients=[f"{n}={s[0]}" + (f",C={s[1]}" if s[1] else "") for n, s in SENDERS.items()]) as r:
        watch = clock.Clock(r.dir / "clock", DAY - 2 * HOUR, ZONE)
        r.make_pki()
        key = spangate("audit", "keygen", "--origin", "audit.example.org/spangate/test", "--out", r.dir / "log.key").stdout.split()[-1]
        day = Day(r, watch)
        begun = time.monotonic()
        day.live()
        lived = time.monotonic() - begun
        one = datetime.timedelta(1)
        for begin, end, period in ((DAY - one, DAY, "2028-02-28"), (DAY, DAY + one, "2028-02-29"), (DAY + one, DAY + 2 * one, "2028-03-01"),
                                   (DAY - one, DAY + 2 * one, "2028-02-28..2028-03-01"), (DAY, DAY + 2 * one, "2028-02-29..2028-03-01")):
            for out in ("one", "two"):
                spangate("report", "build", r.dir / "audit", "--period", period, "--trust", key, "--format", "json,csv,html,oscal", "--out", r.dir / out / period,
                         "--journal", r.dir / "nowhere")
            one_dir, two_dir = r.dir / "one" / period, r.dir / "two" / period
            names = sorted(str(p.relative_to(one_dir)) for p in one_dir.rglob("*") if p.is_file())
            day.check("the same twice", [n for n in names if (one_dir / n).read_bytes() != (two_dir / n).read_bytes()], [])
            report = json.loads((one_dir / "report.json").read_text())
            compare(day, report, begin, end, DAY + 11 * HOUR)
            with open(one_dir / "csv/volume.csv", newline="") as f:
                day.check("csv", [int(x["requests"]) for x in csv.DictReader(f)], [x["requests"] for x in report["tables"]["volume"]["rows"]])
        digests_turn(day)
        day.check("nothing of what was refused is on record", [p.name for p in sorted((r.dir / "audit").rglob("*")) if p.is_file() and (b"CANARY" in p.read_bytes() or b"hidden" in p.read_bytes())], [])
        spangate("audit", "verify", r.dir / "audit", "--trust", key, "--anchor", r.dir / "anchor.note")
        t = report["totals"]
        print(f"{t['requests']} requests, {t['spans_in']} spans, {t['findings']} findings in two days; sent in {lived:.1f} s")
    print(f"{day.counts[True]} passed, {day.counts[False]} failed")
    return 1 if day.counts[False] else 0


sys.exit(main())
