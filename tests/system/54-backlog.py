#!/usr/bin/env python3
"""What waits in the journal while its destination is down, and what befalls it there: routes that end, policies that ask different origins, more origins than are kept in
memory, destinations that are renamed, a disk that fails just when all of it is delivered, kills in the middle of that. What was acknowledged arrives, or may not leave any more and
stands in the audit as lost; a kill sends twice no more than what was under way.

Usage: 54-backlog.py [PART...]"""
import datetime
import http.client
import itertools
import json
import os
import random
import signal
import socket
import subprocess
import sys

import peers
import rig
from house import EIO, House, check, pause, run_parts, wait_for

COUNTRIES = "AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL".split()
BATCH, OPEN = 64, 16  # OPEN: payloads of a destination under way, acknowledgements that are not durable yet included


def entries(h, *kinds):
    run = subprocess.run([rig.BINARY, "audit", "tail", "--dir", h.dir / "journal", "--from", "0", "--format", "json"], capture_output=True, check=True)
    return [e for e in map(json.loads, run.stdout.splitlines()) if e["type"] in kinds]


def edit(path, *pairs):
    text = path.read_text()
    for old, new in pairs:
        if old not in text:
            raise ValueError(f"{old!r} does not stand in {path}")
        text = text.replace(old, new)
    path.write_text(text)


def check_numbers(h):
    """What is said of a payload names the request that it was."""
    known = {e["req"]["id"] for e in entries(h, "request")}
    told = entries(h, "delivery", "loss")
    strange = [e for e in told if e.get("req", {}).get("id") not in known]
    check(f"{h.name}: entries name their request", told and not strange, strange[:2])


def expiry():
    """A route ends while payloads wait, some of them in the middle of an attempt after the other."""
    day = (datetime.date.today() + datetime.timedelta(days=1)).isoformat()
    with House("expiry", backend=False) as h:
        edit(h.dir / "policies/all.policy.yaml", ("to: [otlp_grpc/eu]}", f"to: [otlp_grpc/eu], mechanism: scc, expires: {day}}}"))
        h.start("/nothing/")
        check("expiry: taken", h.push(12) == [200] * 12)
        pause(0.5)
        h.say("clock 172800")
        h.up()
        gone = wait_for(lambda: sum(e["loss"]["spans"] for e in entries(h, "loss") if e["reason"] == "route_denied") == 12, 15)
        check("expiry: nothing leaves on a route that has ended", not h.seen, dict(h.seen))
        check_numbers(h)
        check("expiry: each loss is recorded", gone, [e["reason"] for e in entries(h, "loss", "delivery")])


def origins_apart():
    """Two policies that ask different origins. Neither changes: what both allowed then is allowed when it is delivered."""
    with House("origins apart", backend=False) as h:
        policy = h.dir / "policies/all.policy.yaml"
        edit(policy, (", {cloud_region: resource.attributes.cloud.region}", ""))
        policy.write_text(policy.read_text() + """---
apiVersion: spangate/v1
kind: ResidencyPolicy
metadata: {name: second, revision: 1}
spec:
  mode: enforce
  origin: [{cloud_region: resource.attributes.cloud.region}]
  unknown_origin: {treat_as: [DE]}
  routes:
    - {from: [DE], to: [otlp_grpc/eu]}
""")
        h.start()
        check("origins apart: taken", h.push(5) == [200] * 5)
        h.up()
        h.settle()


def origins_many():
    """More combinations of countries than a gate keeps in memory."""
    with House("many origins") as h:
        edit(h.dir / "policies/all.policy.yaml", ("client.certificate.subject.C", "resource.attributes.geo.country.iso_code"),
             (", {cloud_region: resource.attributes.cloud.region}", ""), ("{from: [DE]", "{from: [%s]" % ", ".join(COUNTRIES)))
        h.start()
        combinations = itertools.combinations(COUNTRIES, 5)
        conn = http.client.HTTPSConnection("localhost", h.http, context=h.context, timeout=20)

        def push(count):
            good = 0
            for _ in range(count):
                ids = [os.urandom(8).hex() for _ in range(5)]
                conn.request("POST", "/v1/traces", b"".join(peers.request([i], c) for i, c in zip(ids, next(combinations))), {"Content-Type": "application/x-protobuf"})
                answer = conn.getresponse()
                if answer.status == 200 and not answer.read():
                    h.acknowledged.update(ids)
                    good += 1
            return good

        check("many origins: taken", push(1100) == 1100)
        h.backend_process.kill()
        h.backend_process.wait()
        check("many origins: taken while it is down", push(30) == 30)
        h.process.kill()  # half of it from memory, half from the journal alone
        h.process.wait()
        h.start()
        conn.close()
        check("many origins: taken after a restart", push(30) == 30)
        h.up()
        h.settle(twice=20 * 5)


def renamed():
    """What waits for a destination that is not there any more waits on, and is delivered when it is named again."""
    with House("renamed", backend=False) as h:
        h.start()
        check("renamed: taken", h.push(6) == [200] * 6)
        policy = h.dir / "policies/all.policy.yaml"
        before = [(f, f.read_text()) for f in (h.file, policy)]
        for f in (h.file, policy):
            edit(f, ("otlp_grpc/eu", "otlp_grpc/new"))
        h.process.send_signal(signal.SIGHUP)
        check("renamed: it is said", wait_for(lambda: '"journal_stranded"' in h.told(), 10))
        check("renamed: it is recorded", wait_for(lambda: [e["admin"]["object"] for e in entries(h, "admin") if e["admin"]["verb"] == "strand"] == ["otlp_grpc/eu"], 5))
        h.up()
        check("renamed: the new one takes", wait_for(lambda: h.push() == [200], 10))
        wait_for(lambda: len(h.seen) >= 1, 10)
        check("renamed: nothing of it goes to the new one", len(h.seen) == 1, len(h.seen))
        h.hang_up()
        rig.stop(h.process)
        for f, text in before:
            f.write_text(text)
        h.start()
        h.settle()
        check_numbers(h)


def full():
    """Two destinations for the same data: one takes it, the other is down, and the journal is full. A sender that is told to come back has sent nothing to either."""
    with House("full", journal="max_size_mib: 1") as h:
        down = socket.socket()  # refuses, and nobody else gets its port
        down.bind(("127.0.0.1", 0))
        us = down.getsockname()[1]
        tls = "{ca_file: pki/backends-ca.crt, cert_file: pki/egress.crt, key_file: pki/egress.key}"
        edit(h.file, ("journal: {dir", f"  otlp_http/us: {{endpoint: \"https://localhost:{us}\", jurisdiction: US, country: US, tls: {tls}, "
                      "retry_on_failure: {initial_interval: 100ms, max_interval: 300ms}}\njournal: {dir"))
        edit(h.dir / "policies/all.policy.yaml", ("to: [otlp_grpc/eu]", "to: [otlp_grpc/eu, otlp_http/us]"))
        h.start()
        noise, statuses = random.Random(1), []
        while len(statuses) < 300 and (not statuses or statuses[-1] == 200):
            statuses += h.push(text=noise.randbytes(20000).hex())
        check("full: full", statuses[-1] in (429, 503) and len(statuses) > 10, (len(statuses), statuses[-1]))
        statuses = [h.push(text=noise.randbytes(20000).hex())[0] for _ in range(20)]
        check("full: told to come back", set(statuses) == {429}, statuses)
        pause(0.3)
        check("full: nothing of that has left", set(h.seen) == h.acknowledged, len(set(h.seen) - h.acknowledged))
        check("full: it is recorded", wait_for(lambda: sum(e["count"] for e in entries(h, "refusal") if e["reason"] == "full") == 21, 5))
        check("full: what is said to be accepted was", sum(e["outcome"] == "accepted" for e in entries(h, "request")) == len(h.acknowledged))
        received = set()
        down.close()
        path, _ = h.id_pipe("ids-us", received.add)
        h.sink("us", http=us, extra=("--ids", path))
        check("full: taken again when there is room", wait_for(lambda: h.push() == [200], 20))
        check("full: all of it arrives at the other too", wait_for(lambda: h.acknowledged <= received, 20), len(h.acknowledged - received))
        h.settle()


def disk_fails():
    """The disk fails while a backlog is delivered: what cannot be noted is not sent without end, and not forgotten."""
    with House("disk fails", backend=False) as h:
        h.start("/journal/")
        check("disk fails: taken", h.push(60) == [200] * 60)
        h.say(f"write {EIO}")
        h.up()
        wait_for(lambda: sum(h.seen.values()) >= OPEN, 5)
        pause(0.5)
        check("disk fails: little is sent", sum(h.seen.values()) <= OPEN + 4, sum(h.seen.values()))
        h.say("")
        check("disk fails: all of it arrives", wait_for(lambda: h.acknowledged <= set(h.seen), 20))
        check("disk fails: nothing is left", wait_for(lambda: "spangate_journal_bytes 0\n" in h.metrics(), 10))
        h.settle()


def killed():
    """kill -9 again and again while a backlog is delivered."""
    with House("killed", backend=False) as h:
        h.start()
        h.acks, drain = h.id_pipe("acked", h.acknowledged.add)
        h.send(16000, extra=("--batch", BATCH, "--connections", 4, "--acked", h.acks)).wait()
        h.up()
        kills = 0
        for n in range(1, 5):
            wait_for(lambda: len(h.seen) >= n * 3000, 20)
            h.process.kill()
            h.process.wait()
            kills += 1
            h.start()
        wait_for(lambda: len(h.acknowledged) >= 16000, 10)
        check("killed: all was acknowledged", len(h.acknowledged) >= 16000, len(h.acknowledged))
        h.settle(twice=kills * OPEN * BATCH)


PARTS = {f.__name__: f for f in (expiry, origins_apart, origins_many, renamed, full, disk_fails, killed)}

sys.exit(run_parts("backlog", PARTS, sys.argv[1:]))
