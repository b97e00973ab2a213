#!/usr/bin/env python3
"""A marker in each place of the schema, in protobuf, JSON, gzip, zstd and over gRPC: none reaches a sink, the journal, the audit, a log or a metric."""
import base64
import json
import subprocess
import sys

import rig

MARKER = "CANARY" + "0123456789abcdef"
NUMBER = "87300912345678"


def forms(marker):
    """The marker as it could stand in a file: plain, in the three base64 alignments, in hex."""
    raw = marker.encode()
    out = {raw, raw.hex().encode(), raw.hex().upper().encode()}
    for pad in range(3):
        body = base64.b64encode(b"\0" * pad + raw)
        out.add(body[(0, 2, 3)[pad]:-4])
    return out


def leaks(r):
    """Files of the rig that hold a marker: sinks' output, journal, audit, logs."""
    found = []
    needles = forms(MARKER) | {NUMBER.encode()}
    for path in sorted(r.dir.rglob("*")):
        if path.is_file() and not path.name.startswith("sent") and "policies" not in path.parts:
            data = path.read_bytes()
            found += [f"{path.relative_to(r.dir)}: {n!r}" for n in needles if n in data]
    return found


def main():
    passed = failed = 0
    with rig.Rig("canary") as r:
        eu = r.sink_to_file("eu")
        us = r.sink_to_file("us")
        config = r.config(eu.grpc, us.http, compression="none")
        gate = r.gate(config)
        for who in ("shop", "us"):
            for protocol in ("grpc", "http/protobuf", "http/json"):
                for compression in ("none", "gzip", "zstd"):
                    sender = r.send(1, protocol, who, ("--example", "places", "--value", MARKER, "--number", NUMBER, "--compression", compression))
                    sender.stdout.read()
                    ok = sender.wait(30) == 0
                    passed, failed = passed + ok, failed + (not ok)
                    if not ok:
                        print(f"FAIL {who} {protocol} {compression}: send ended with {sender.returncode}")
        metrics = r.metrics()
        (r.dir / "metrics.txt").write_text(metrics)
        for path in ("/v1/traces", "/v1/" + MARKER):  # what we say about bad requests must not repeat them
            subprocess.run(["curl", "-s", "--cacert", r.dir / "pki/server-ca.crt", "--cert", r.dir / "pki/shop.crt", "--key", r.dir / "pki/shop.key",
                            "-H", "content-type: application/json", "--data", json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [{"name": MARKER, "traceId": "zz"}]}]}]}),
                            "-o", r.dir / "error.txt", "-D", r.dir / "error-head.txt", f"https://localhost:{r.http}{path}"], check=True)
            (r.dir / "error.txt").rename(r.dir / f"error{len(path)}.txt")
        audit = subprocess.run([rig.BINARY, "audit", "tail", "--dir", r.dir / "journal", "--from", "1", "--format", "json"], capture_output=True, check=True).stdout
        (r.dir / "audit.txt").write_bytes(audit)
        if rig.stop(gate) != 0 or rig.stop(eu) != 0 or rig.stop(us) != 0:
            print("FAIL: a process did not end well")
            failed += 1
        received = {n: (r.dir / f"received-{n}.jsonl").read_text() for n in ("eu", "us")}
        for name, text in received.items():
            batches = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
            ok = len(batches) == 9 and "[marker]" in text and "[number]" in text
            passed, failed = passed + ok, failed + (not ok)
            if not ok:
                print(f"FAIL: sink {name} received {len(batches)} batches, 9 were sent")
        found = leaks(r)
        for line in found:
            print("LEAK " + line)
        ok = not found and audit.count(b'"type":"request"') >= 18
        passed, failed = passed + ok, failed + (not ok)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
