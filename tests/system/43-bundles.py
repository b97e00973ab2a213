#!/usr/bin/env python3
"""A signed bundle through its life: taken at the start, refused without a signature or with an older revision while the last good one stays in force, kept for the next
start; and what its policy sealed is revealed again, with an entry in the audit."""
import json
import select
import shutil
import signal
import subprocess
import sys
import time

import rig

PERSON = "alice.canary@example.org"
PACKED = """\
apiVersion: spangate/v1
kind: RedactionPolicy
metadata: {name: sealed, revision: %d}
spec:
  rules:
    - {id: mail, entity: EMAIL_ADDRESS, action: {encrypt: {key: people-2, tenant: shop}}}
---
apiVersion: spangate/v1
kind: ResidencyPolicy
metadata: {name: stays, revision: 1}
spec:
  mode: enforce
  origin: [{country: client.certificate.subject.C}]
  routes: [{from: [DE], to: [otlp_grpc/eu]}]
"""
TESTS = """\
apiVersion: spangate/v1
kind: PolicyTest
policies: [all.policy.yaml]
destinations: {otlp_grpc/eu: {jurisdiction: EU}}
cases:
  - name: an address is sealed
    given: {client: {country: DE}, span: {name: x, attributes: {who: "%s"}}}
    expect: {span: {attributes: {who: {regex: '^EMAIL_ADDRESS\\(people-2:[0-9A-Za-z_-]+\\)$'}}}}
""" % PERSON
CASES = []


def check(what, ok, said=""):
    CASES.append(ok)
    print(f"{'ok  ' if ok else 'FAIL'} {what}" + ("" if ok else f": {str(said)[-600:]}"))


def tool(r, *args, code=0):
    done = subprocess.run([str(a) for a in (rig.BINARY, *args)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)
    if done.returncode != code:
        raise RuntimeError(f"{args}: {done.returncode}: {done.stderr}")
    return done.stdout


def pack(r, revision, sign=True):
    """The bundle of this revision, put where the gate looks."""
    folder = r.dir / f"packed{revision}"
    folder.mkdir()
    (folder / "all.policy.yaml").write_text(PACKED % revision)
    (folder / "all.test.yaml").write_text(TESTS)
    tool(r, "policy", "pack", folder, "--name", "shop", "--revision", revision, "-o", r.dir)
    bundle = r.dir / f"shop-r{revision}.tar.gz"
    if sign:
        tool(r, "policy", "sign", bundle, "--key", r.dir / "privacy.key")
    return bundle


def deliver(r, bundle):
    for suffix in ("", ".minisig"):
        source, target = f"{bundle}{suffix}", r.dir / f"live.tar.gz{suffix}"
        target.unlink(missing_ok=True)
        try:
            shutil.copy(source, target)
        except FileNotFoundError:
            pass


def reload(r, gate):
    """What the log says of one reload."""
    log = r.dir / "gate.log"
    offset = log.stat().st_size
    gate.send_signal(signal.SIGHUP)
    while True:
        if not select.select([r._notify], [], [], 30)[0]:
            raise TimeoutError("the reload does not end")
        if b"READY=1" in r._notify.recv(4096):
            return log.read_text(errors="replace")[offset:]


def send(r):
    sender = r.send(1, "grpc", "shop", ("--example", "places", "--value", PERSON))
    sender.stdout.read()
    return sender.wait(30) == 0


def main():
    with rig.Rig("bundles") as r:
        eu = r.sink_to_file("eu")
        config = r.config(eu.grpc, 1, compression="none", destinations=("eu",), extra="""\
keys:
  - {id: people-2, file: people-2.key, previous: {id: people-1, file: people-1.key, until: 2999-12-31}}
""")
        for n in (1, 2):
            (r.dir / f"people-{n}.key").write_text(f"{n}" * 40)
            (r.dir / f"people-{n}.key").chmod(0o600)
        config.write_text(config.read_text().replace("policies: {sources: [{dir: policies}]}",
                          "policies: {sources: [{bundle: live.tar.gz}], trust: {keys: [{id: privacy, file: privacy.pub}]}}"))
        tool(r, "policy", "keygen", r.dir / "privacy")
        first, second = pack(r, 1), pack(r, 2, sign=False)
        deliver(r, first)
        gate = r.gate(config)
        check("a signed bundle is in force", send(r))
        deliver(r, second)
        said = reload(r, gate)
        check("without a signature it is refused", "reload_refused" in said and "no signature" in said, said)
        check("the last good one stays in force", send(r))
        tool(r, "policy", "sign", second, "--key", r.dir / "privacy.key")
        deliver(r, second)
        said = reload(r, gate)
        check("with one it is taken", '"bundle_active"' in said and '"revision":2' in said, said)
        deliver(r, first)
        said = reload(r, gate)
        check("an older one is refused", "reload_refused" in said and "revision 1" in said, said)
        check("the newer one stays in force", send(r))

        received = r.dir / "received-eu.jsonl"
        deadline = time.monotonic() + 20
        while received.read_text().count("\n") < 3 and time.monotonic() < deadline:
            select.select([], [], [], 0.05)
        sealed = received.read_text()
        check("no address leaves", PERSON not in sealed and "EMAIL_ADDRESS(people-2:" in sealed, sealed)
        tool(r, "reveal", received, "--key", f"people-2={r.dir}/people-1.key", "--tenant", "shop", code=5)
        tool(r, "reveal", received, "--key", f"people-1={r.dir}/people-1.key", code=1)
        tool(r, "reveal", received, "-c", config, code=5)  # the tenant is not given
        plain = tool(r, "reveal", received, "-c", config, "--tenant", "shop")
        check("what was sealed is revealed", PERSON in plain and "EMAIL_ADDRESS(" not in plain and all(json.loads(x) for x in plain.splitlines()), plain)

        check("the gate ends well", rig.stop(gate) == 0)
        offset = (r.dir / "gate.log").stat().st_size
        gate = r.gate(config)  # the file is that of revision 1 still
        said = (r.dir / "gate.log").read_text(errors="replace")[offset:]
        check("a start takes the last good one", '"revision":2' in said and "the last good one" in said, said)
        check("it serves", send(r))
        check("and ends well", rig.stop(gate) == 0 and rig.stop(eu) == 0)
        audit = tool(r, "audit", "tail", "--dir", r.dir / "journal", "--from", "1", "--format", "json")
        check("each reveal is in the audit", audit.count('"reveal"') >= 2 and PERSON not in audit, audit)
    failed = CASES.count(False)
    print(f"{len(CASES) - failed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
