#!/usr/bin/env python3
"""The audit tools on logs that another program wrote (tests/support/tlog.py, by C2SP's documents), at the sizes where tiles begin and end; proofs checked by that program; one
entry changed; queries against a count by hand; copies of a log that is being written; a flood of refused requests; reports of periods that are empty or half removed, in all
forms, twice."""
import base64
import collections
import datetime
import http.client
import json
import os
import pathlib
import random
import re
import shutil
import signal
import ssl
import subprocess
import sys
import time

import clock
import rig

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import tlog  # noqa: E402

SIZES = (1, 2, 255, 256, 257, 511, 65535, 65536, 65537)
SMALL = 6000  # of queries and reports
QUERIES = int(sys.argv[1]) if len(sys.argv) > 1 else 20
PROFILES = ("gdpr", "hipaa", "pci", "soc2", "iso27001", "dpdp", "us-28cfr202")
counts = collections.Counter()


def check(what, found, wanted):
    ok = found == wanted
    counts[ok] += 1
    if not ok:
        print(f"FAIL {what}: {str(found)[:400]}, wanted {str(wanted)[:400]}")


def run(*args):
    p = subprocess.run([rig.BINARY, *map(str, args)], capture_output=True, text=True)
    return p.returncode, p.stdout, p.stderr


# -- entries ---------------------------------------------------------------------------------------------------------------------------------

IDENTITIES = ["spiffe://example.org/ns/a/sa/one", "spiffe://example.org/ns/a/sa/two", "CN=odd[1]?*", "CN=oddX", "", "spiffe://example.org/ns/b/sa/Ünï", "CN=\u202etxt\u009b2J\u001b[2J"]
SERVICES = ["checkout", "check", "", "Checkout", "c[h]eckout"]
RULES = [("people/mail", "EMAIL_ADDRESS"), ("people/card", "CREDIT_CARD"), ("people/own", ""), ("trial/mail", "EMAIL_ADDRESS")]
DESTINATIONS = ["otlp_grpc/eu", "otlp_http/us", "otlp_http/us-2"]


def entry(rng, seq):
    at = 1783000000 + seq * 7
    day = datetime.datetime.fromtimestamp(at, clock.UTC)
    ts = f"{day:%Y-%m-%dT%H:%M:%S}.{seq % 10**6:06d}Z"
    e = {"build": "x", "node": "n", "seq": seq, "ts": ts, "v": 1}
    kind = rng.choice(("request", "request", "request", "delivery", "loss", "handshake", "admin", "refusal"))
    e["type"] = kind
    conn = {"tls": "TLSv1.3"}
    if identity := rng.choice(IDENTITIES):
        conn["identity"] = identity
    if service := rng.choice(SERVICES):
        conn["service"] = service
    if kind == "request":
        outcome = rng.choice(("accepted", "accepted", "partial", "refused"))
        rules = [{"action": "replace", "count": rng.randrange(1, 9), "entity": entity, "id": name, "mode": "enforce", "paths": ["span.attributes"]}
                 for name, entity in rng.sample(RULES, rng.randrange(0, 3))]
        route = [{"decision": rng.choice(("allowed", "refused")), "destination": d, "jurisdiction": "EU", "rule": "stays", "spans": 3} for d in rng.sample(DESTINATIONS, 2)]
        e.update(conn=conn, outcome=outcome, reason="ok" if outcome == "accepted" else "malformed", req={"protocol": "grpc", "spans_in": 3, "spans_out": 3},
                 policy={"digest": "d", "rules": rules}, origin={"country": "DE"}, route=route)
    elif kind == "delivery":
        e.update(delivery={"accepted": 2, "destination": rng.choice(DESTINATIONS), "rejected": 1}, outcome="delivered", reason="ok")
    elif kind == "loss":
        e.update(loss={"destination": rng.choice(DESTINATIONS), "reason": "route_denied", "spans": 4}, outcome="lost", reason="route_denied")
    elif kind == "admin":
        e.update(admin={"actor": "local", "object": "o\"\\\t", "result": "ok", "verb": "reload"}, outcome="ok", reason="reload")
    else:
        e.update(conn=conn, count=2, outcome="refused", reason="expired" if kind == "handshake" else "method")
    return json.dumps(e, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


# -- sizes, proofs, changes --------------------------------------------------------------------------------------------------------------------

def boundaries(size):
    return sorted({i for i in (0, 1, 254, 255, 256, 257, 511, 512, 65279, 65280, 65535, 65536, size // 2, size - 2, size - 1) if 0 <= i < size})


def prove(folder, trust, key, entries, hashes, index):
    size, dir_ = len(entries), folder.parent
    code, out, err = run("audit", "prove", index, "--dir", folder, "--out", dir_ / "proof", "--entry", dir_ / "entry")
    check(f"{size}: prove {index}", (code, err), (0, ""))
    check(f"{size}: entry {index}", (dir_ / "entry").read_bytes(), entries[index])
    at, path, note = tlog.read_proof((dir_ / "proof").read_text())
    check(f"{size}: path of {index}", (at, tlog.root_by_path(index, size, hashes[index], path)), (index, base64.b64decode(note.split("\n")[2])))
    check(f"{size}: note", note.encode(), (folder / "checkpoint").read_bytes())
    verify = lambda: run("audit", "verify", "--proof", dir_ / "proof", "--entry", dir_ / "entry", "--trust", trust)[0]
    check(f"{size}: verify the proof of {index}", verify(), 0)
    (dir_ / "entry").write_bytes(entries[index][:-1] + b" ")
    check(f"{size}: another entry", verify(), 5)
    (dir_ / "entry").write_bytes(entries[index])
    text = (dir_ / "proof").read_text()
    (dir_ / "proof").write_text(text.replace(f"index {index}\n", f"index {index ^ 1}\n"))
    check(f"{size}: another index", verify() if size > 1 else 5, 5)
    (dir_ / "proof").write_text(text)


def change(rng, folder, trust, size):
    """One bit of one entry, of one hash: noticed, and the first bad leaf is named when it is an entry's."""
    leaf = rng.choice(boundaries(size))
    bundle = next(p for p in (folder / f"tile/entries/{tlog.tile_name(leaf // 256)}", folder / f"tile/entries/{tlog.tile_name(leaf // 256)}.p/{size % 256}") if p.exists())
    before = bundle.read_bytes()
    at, n = 0, leaf - leaf % 256
    while n < leaf:
        at, n = at + 2 + int.from_bytes(before[at:at + 2], "big"), n + 1
    bit = at + 2 + rng.randrange(int.from_bytes(before[at:at + 2], "big"))
    bundle.write_bytes(before[:bit] + bytes([before[bit] ^ 1 << rng.randrange(8)]) + before[bit + 1:])
    code, out, err = run("audit", "verify", folder, "--trust", trust, "--format", "json")
    result = json.loads(out)
    check(f"{size}: leaf {leaf} changed", (code, result["first_bad"], result["first_bad_to"]), (5, leaf, leaf))
    bundle.write_bytes(before)
    tiles = sorted(p for p in (folder / "tile").rglob("*") if p.is_file() and "entries" not in p.parts)
    tile = rng.choice(tiles)
    before = tile.read_bytes()
    at = rng.randrange(len(before))
    tile.write_bytes(before[:at] + bytes([before[at] ^ 1 << rng.randrange(8)]) + before[at + 1:])
    check(f"{size}: tile {tile.relative_to(folder)} changed", run("audit", "verify", folder, "--trust", trust)[0], 5)
    tile.write_bytes(before)
    check(f"{size}: as it was", run("audit", "verify", folder, "--trust", trust)[0], 0)


def usage(folder, trust):
    """What would be ignored is refused; why a proof does not hold is told."""
    proof, record = folder.parent / "usage.proof", folder.parent / "usage.json"
    stranger = tlog.Key(folder.parent, "log.example.org/other").verifier
    check("prove", run("audit", "prove", 3, "--dir", folder, "--out", proof, "--entry", record)[0], 0)
    check("a stranger's key", ["no key that is trusted" in (told := run("audit", "verify", "--proof", proof, "--entry", record, "--trust", stranger))[2], told[0]], [True, 5])
    for more in ([folder], ["--anchor", folder / "checkpoint"], ["--witness", trust]):
        check(f"--proof with {more[0]}", run("audit", "verify", *more, "--proof", proof, "--entry", record, "--trust", trust)[0], 2)
    check("--entry alone", run("audit", "verify", folder, "--entry", record, "--trust", trust)[0], 2)
    check("a key of another id", "neither a file nor a verifier key" in run("audit", "verify", folder, "--trust", trust.replace("log.", "1og."))[2], True)
    check("tail of a folder", run("audit", "tail", folder, "--from", 5990)[1].count("\n"), 10)


def sizes(dir_, key, entries, hashes):
    rng = random.Random(5)
    for size in SIZES:
        folder = dir_ / f"log{size}"
        tlog.write(folder, key, entries[:size], hashes[:size])
        code, out, err = run("audit", "verify", folder, "--trust", key.verifier)
        check(f"{size}: verify", code, 0)
        check(f"{size}: fsck", run("audit", "fsck", folder, "--trust", key.verifier)[0], 0)
        for index in boundaries(size) if size < 1000 else [rng.choice(boundaries(size)), size - 1]:
            prove(folder, key.verifier, key, entries[:size], hashes[:size], index)
        if size > 1000 and size != SIZES[-1]:
            continue
        check(f"{size}: no leaf {size}", run("audit", "prove", size, "--dir", folder)[0] in (1, 2, 4), True)
        change(rng, folder, key.verifier, size)
        exported = subprocess.run([rig.BINARY, "audit", "export", folder], capture_output=True).stdout
        check(f"{size}: export", exported == b"".join(e + b"\n" for e in entries[:size]), True)


# -- queries -----------------------------------------------------------------------------------------------------------------------------------

def glob(pattern, text):
    """Only * is special."""
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), text, re.S) is not None


def fits(e, filters):
    conn, rules = e.get("conn", {}), e.get("policy", {}).get("rules", [])
    places = {r["destination"] for r in e.get("route", [])} | {e.get(k, {}).get("destination", "") for k in ("delivery", "loss")} - {""}
    several = {"rule": [r["id"] for r in rules], "entity": [r["entity"] for r in rules], "destination": places}
    one = {"service": conn.get("service", ""), "identity": conn.get("identity", ""), "outcome": e["outcome"], "type": e["type"], "reason": e["reason"]}
    for name, value in filters.items():
        if name in several and not any(glob(value, x) for x in several[name]):
            return False
        if name in one and not glob(value, one[name]):
            return False
    return filters.get("from", "") <= e["ts"] and e["ts"] < filters.get("to", "9")


def queries(folder, entries):
    rng = random.Random(6)
    parsed = [json.loads(e) for e in entries]
    values = {"service": SERVICES + ["check*", "*", "c[h]*", "?heckout"], "identity": IDENTITIES + ["spiffe://*", "*odd[1]?*", "*Ü*", "CN=odd?"], "rule": ["people/*", "*/mail", "people/own"],
              "entity": ["*_*", "EMAIL*", "CREDIT_CARD", ""], "destination": DESTINATIONS + ["otlp_http/*", "*us"], "outcome": ["re*", "accepted", "lost"],
              "type": ["request", "refusal", "*l*"], "reason": ["ok", "m*", "route_denied"]}
    times = ["2026-07-02", "2026-07-02T18:46:40.000000Z", parsed[700]["ts"], parsed[4000]["ts"]]
    chosen = [{name: value} for name in values for value in values[name]] + [{}]
    for _ in range(QUERIES):
        chosen.append({name: rng.choice(values[name]) for name in rng.sample(sorted(values), rng.randrange(1, 4))})
        if rng.random() < 0.5:
            chosen[-1].update(zip(("from", "to"), sorted(rng.sample(times, 2))))
    for filters in chosen:
        newest = rng.random() < 0.3
        args = [w for name, value in filters.items() for w in ("--" + name, value)] + (["--newest"] if newest else [])
        code, out, err = run("audit", "query", folder, "--format", "json", "--limit", 100000, *args)
        wanted = [e["seq"] for e in parsed if fits(e, filters)]
        check(f"query {filters}", ([json.loads(x)["leaf"] for x in out.splitlines()], code), (wanted[::-1] if newest else wanted, 0 if wanted else 1))
    table, told = run("audit", "query", folder, "--limit", len(entries))[1:]
    check("a table is a line each, and nothing that a terminal obeys", (len(table.splitlines()), [c for c in table if c != "\n" and not c.isprintable()], told), (len(entries) + 1, [], ""))
    check("the limit is told", run("audit", "query", folder, "--limit", len(entries) - 1)[2] != "", True)
    row = json.loads(run("audit", "query", folder, "--format", "json", "--type", "request", "--rule", "people/mail", "--limit", 1)[1].splitlines()[0])
    e = parsed[row["leaf"]]
    check("findings of a row", (row["findings"], row["spans"]), (sum(r["count"] for r in e["policy"]["rules"]), 3))


# -- reports ------------------------------------------------------------------------------------------------------------------------------------

def report(log, out, period, key, profile, forms):
    code, _, err = run("report", "build", log, "--period", period, "--trust", key, "--profile", profile, "--format", forms, "--out", out, "--journal", out / "nowhere")
    files = {str(p.relative_to(out)): p.read_bytes() for p in sorted(out.rglob("*")) if p.is_file()}
    return code, files, err


def reports(dir_, log, key, periods, pdf):
    """The same bytes twice; what is empty says so."""
    n = 0
    for period, requests in periods:
        for profile in ("all", *PROFILES) if period[-3:] == "-Q3" else ("all",):
            n += 1
            forms = "html,json,csv,oscal" + (",pdf" if pdf and profile == "all" else "")
            code, one, err = report(log, dir_ / f"one{n}", period, key, profile, forms)
            check(f"report {period} {profile}", code, 0)
            check(f"{period} {profile}: the same twice", [k for k, v in report(log, dir_ / f"two{n}", period, key, profile, forms)[1].items() if one.get(k) != v], [])
            check(f"{period} {profile}: requests", json.loads(one["report.json"])["totals"]["requests"], requests)
            profiles = json.loads(one["report.json"])["profiles"]
            check(f"{period} {profile}: profiles", len(profiles), 7 if profile == "all" else 1)
    check("a period that is none", run("report", "build", log, "--period", "2026-02-30", "--out", dir_ / "none", "--journal", dir_)[0], 2)
    return n


# -- the gate -----------------------------------------------------------------------------------------------------------------------------------

def verify_copy(r, key):
    """A checkpoint comes each 10 ms here: a slow cp can miss a partial tile and the full one that took its place. Then it is copied again."""
    copy = r.dir / "copy"
    for _ in range(5):
        copy.mkdir()
        while not (r.dir / "audit/checkpoint").exists():
            pass
        shutil.copy(r.dir / "audit/checkpoint", copy)
        subprocess.run(["cp", "-r", r.dir / "audit/tile", copy], stderr=subprocess.DEVNULL)
        code, _, err = run("audit", "verify", copy, "--trust", key)
        shutil.rmtree(copy)
        if "is missing" not in err:
            break
    return code, err


def copies(rounds):
    """A copy of the log that is being written verifies: the checkpoint first, then the tiles. And acts that other programs lay on the desk survive every kill -9."""
    with rig.Rig("audit-copies") as r:
        sink = r.sink("eu")
        config = r.config(sink.grpc, rig.free_port(), extra="audit: {dir: audit, checkpoint: {every: 10ms, entries: 50}}\n")
        key = None
        for n in range(rounds):
            gate = r.gate(config)
            key = key or (r.dir / "gate.log").read_text().split('"key":"')[1].split('"')[0]
            sender = r.send(4000, extra=("--batch", 1, "--in-flight", 16, "--seed", n))
            for i in range(6):
                check("copy", verify_copy(r, key), (0, ""))
                run("report", "build", r.dir / "audit", "--period", f"20{n:02d}-01-{i + 1:02d}", "--format", "json", "--out", r.dir / f"report{n}-{i}", "--journal", r.dir / "journal")
            sender.kill()
            sender.wait()
            gate.send_signal(signal.SIGKILL)
            gate.wait()
        gate = r.gate(config)
        check("stopped", rig.stop(gate), 0)
        gate = r.gate(config)  # it takes what lay on the desk
        p = r.spawn([rig.BINARY, "audit", "tail", "--dir", r.dir / "journal", "--from", "0", "--follow", "--format", "json"], "tail.log", stdout=subprocess.PIPE)
        seen = set()

        def on_line(line):
            e = json.loads(line)
            if e.get("admin", {}).get("verb") == "report":
                seen.add(e["admin"]["object"].split()[0].rstrip(",;:"))

        wanted = {f"20{n:02d}-01-{i + 1:02d}" for n in range(rounds) for i in range(6)}
        drain = rig.Drain(on_line).feed(p.stdout)
        try:
            drain.wait_for(lambda: wanted <= seen, 20, "acts")
        except TimeoutError:
            pass
        check("acts on record", sorted(wanted - seen), [])
        check("stopped", rig.stop(gate), 0)
        check("the log verifies", run("audit", "verify", r.dir / "audit", "--trust", key)[0], 0)


def flood(count):
    """Requests that are refused unread fill nothing, and none of them is left uncounted."""
    with rig.Rig("audit-flood") as r:
        gate = r.gate(r.config(r.sink("eu").grpc, rig.free_port()))
        begun = time.monotonic()
        for who in ("shop", "us"):
            context = ssl.create_default_context(cafile=str(r.dir / "pki/server-ca.crt"))
            context.load_cert_chain(r.dir / f"pki/{who}.crt", r.dir / f"pki/{who}.key")
            context.set_alpn_protocols(["http/1.1"])
            c = http.client.HTTPSConnection("localhost", r.http, context=context)
            for _ in range(count):
                c.request("POST", "/v1/logs", body=b"{}", headers={"content-type": "application/json"})
                if c.getresponse().read() is None:
                    raise RuntimeError("no answer")
        seconds = time.monotonic() - begun
        check("stopped", rig.stop(gate), 0)
        entries = [json.loads(x) for x in run("audit", "query", r.dir / "audit", "--type", "refusal", "--format", "entry", "--limit", 100000)[1].splitlines()]
        sums = collections.Counter()
        for e in entries:
            sums[e["conn"]["identity"].split("/")[4]] += e["count"]
        check("all refused are counted", sums, {"shop": count, "us": count})
        check("in few entries", len(entries) <= 2 * (seconds + 3), True)


def half_removed():
    """Of a day beyond the period of retention whole bundles are gone: reports are made of what is left, and say so."""
    with rig.Rig("audit-old", clients=["shop=spiffe://example.org/ns/shop/sa/checkout,C=DE"]) as r:
        old, now = (datetime.datetime(2028, 3, d, 12, tzinfo=clock.UTC) for d in (5, 9))
        watch = clock.Clock(r.dir / "clock", old, "America/Los_Angeles")
        r.make_pki()
        config = r.config(r.sink("eu").grpc, rig.free_port(), extra="audit: {dir: audit, retention: 48h, checkpoint: {every: 20ms}}\n")

        def day(spans):
            gate = r.gate(config)
            p = r.send(spans, extra=("--batch", 1, "--in-flight", 16))
            p.stdout.read()
            check("sent", p.wait(60), 0)
            check("stopped", rig.stop(gate), 0)

        day(400)
        watch.run_from(now)
        day(50)
        gate = r.gate(config)  # looks for what is old at the start
        check("stopped", rig.stop(gate), 0)
        key = (r.dir / "gate.log").read_text().split('"key":"')[1].split('"')[0]
        check("verify", run("audit", "verify", r.dir / "audit", "--trust", key)[0], 0)
        left = [json.loads(x) for x in run("audit", "export", r.dir / "audit")[1].splitlines()]
        check("bundles are gone", (left[0]["seq"] > 0, left[0]["seq"] % 256), (True, 0))
        n = lambda days: sum(e["type"] == "request" and e["ts"][:10] in days for e in left)
        check("the young day is whole", n(["2028-03-09"]), 50)
        reports(r.dir, r.dir / "audit", key, (("2028-03-05", n(["2028-03-05"])), ("2028-03-05..2028-03-09", n(["2028-03-05", "2028-03-09"])), ("2028-03-09", 50), ("2028-03-07", 0)), None)
        exceptions = lambda k: [x["exception"] for x in json.loads((r.dir / f"one{k}/report.json").read_text())["tables"]["exceptions"]["rows"]]
        check("the report says that entries are gone", ["Entries that may be of the period were removed after the time of retention" in exceptions(k) for k in (1, 2, 3)], [True, True, False])


def main():
    with rig.Rig("audit-tools") as r:
        key = tlog.Key(r.dir, "log.example.org/other")
        rng = random.Random(62)
        entries = [entry(rng, i) for i in range(SIZES[-1])]
        hashes = [tlog.leaf_hash(e) for e in entries]
        sizes(r.dir, key, entries, hashes)
        entries, hashes = entries[:SMALL], hashes[:SMALL]
        tlog.write(r.dir / "log", key, entries, hashes)
        queries(r.dir / "log", entries)
        tlog.write(r.dir / "short", key, entries[:300], hashes[:300])
        shutil.copy(r.dir / "log.sqlite", r.dir / "short.sqlite")
        check("an index that knows more than the log", (run("audit", "query", r.dir / "short")[0], run("audit", "query", r.dir / "short", "--no-update")[0]), (5, 5))
        check("made again", (run("audit", "index", r.dir / "short", "--rebuild")[0], run("audit", "query", r.dir / "short", "--limit", 1000)[1].count("\n")), (0, 301))
        usage(r.dir / "log", key.verifier)
        days = collections.Counter(json.loads(e)["ts"][:10] for e in entries if b'"type":"request"' in e)
        unread = collections.Counter(json.loads(e)["ts"][:10] for e in entries if b'"type":"refusal"' in e)
        of = lambda *which: sum(days[d] + 2 * unread[d] for d in which)
        day = sorted(days)[1]
        n = reports(r.dir, r.dir / "log", key.verifier, ((day, of(day)), ("2026-Q3", of(*days)), ("2026-06-30..2026-07-02", of("2026-07-02", "2026-07-01")), ("2019-02", 0), ("2031", 0)),
                    os.environ.get("PDF"))
        print(f"{len(SIZES)} sizes, {n} reports twice")
    flood(300)
    copies(3)
    if not rig.is_sanitized():  # it and libfaketime wait for each other
        half_removed()  # last: its programs live in another time
    print(f"{counts[True]} passed, {counts[False]} failed")
    return 1 if counts[False] else 0


sys.exit(main())
