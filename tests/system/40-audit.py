#!/usr/bin/env python3
"""The audit log of the real gate: kill -9 in the middle of tiling and checkpointing, the signer killed, a key replaced, a witness, anchors, a rolled-back disk, retention.

Usage: 40-audit.py [ROUNDS]     default 4 rounds of kill -9 (make check-system: 500)"""
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

import rig

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import witness  # noqa: E402

ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 4
FAST = "audit: {dir: audit, checkpoint: {every: 10ms, entries: 50}}\n"


def run(*args, code=0):
    p = subprocess.run([rig.BINARY, *map(str, args)], capture_output=True, text=True)
    if p.returncode != code:
        raise RuntimeError(f"{' '.join(map(str, args))}: {p.returncode}, not {code}\n{p.stdout}{p.stderr}")
    return p.stdout


def events(r):
    return [json.loads(line) for line in (r.dir / "gate.log").read_text().splitlines() if line.startswith("{")]


def wait_for(condition, what, seconds=20):
    deadline, pause = time.monotonic() + seconds, threading.Event()
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        pause.wait(0.02)


def wait_event(r, name, count=1):
    wait_for(lambda: sum(e["event"] == name for e in events(r)) >= count, name)


def first_key(r):
    return next(e["key"] for e in events(r) if e["event"] == "audit_log_open")


def ready(r):
    try:
        return urllib.request.urlopen(f"http://127.0.0.1:{r.admin}/readyz", timeout=5).read().decode()
    except urllib.error.HTTPError as e:
        return e.read().decode()


def size_of(note):
    return int(note.split("\n")[1])


def send(r, count, seed=1):
    p = r.send(count, extra=("--batch", 4, "--seed", seed))
    p.stdout.read()
    if p.wait(60):
        raise RuntimeError("send failed")


def kills(rounds):
    rng = random.Random(4)
    with rig.Rig("audit-kill") as r:
        sink = r.sink("eu")
        config = r.config(sink.grpc, rig.free_port(), extra=FAST)
        (r.dir / "seen").mkdir()
        key, last, anchors = None, 0, []
        for n in range(rounds):
            gate = r.gate(config)
            sender = r.send(4000, extra=("--batch", 4, "--connections", 2, "--seed", n))
            threading.Event().wait(rng.uniform(0.05, 0.4))  # the time of the kill, not a wait for something
            gate.kill()
            gate.wait()
            sender.kill()
            sender.wait()
            key = key or first_key(r)
            if not last and not (r.dir / "audit/checkpoint").exists():
                continue  # killed before the first
            note = (r.dir / "audit/checkpoint").read_text()
            if size_of(note) < last:
                raise RuntimeError(f"round {n}: the checkpoint went back from {last} to {size_of(note)}")
            last = size_of(note)
            out = run("audit", "verify", r.dir / "audit", "--trust", key, *(w for a in anchors[-60:] for w in ("--anchor", a)))
            anchors.append(r.dir / f"seen/{n}")
            anchors[-1].write_text(note)
            if f"{last} entries" not in out:
                raise RuntimeError(out)
        gate = r.gate(config)
        if rig.stop(gate):
            raise RuntimeError("the gate did not end well")
        run("audit", "verify", r.dir / "audit", "--trust", key, *(w for a in anchors[-60:] for w in ("--anchor", a)))
        entries = [json.loads(line) for line in run("audit", "export", r.dir / "audit").splitlines()]
        if [e["seq"] for e in entries] != list(range(len(entries))):
            raise RuntimeError("an entry is missing, or there twice")
        return f"{rounds} times kill -9, {len(entries)} entries, all there once, every checkpoint seen fits"


def signer_of(gate):
    """The child of the gate that signs; a bare machine has /proc, but no ps."""
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
            parent = (process / "stat").read_text().rsplit(") ", 1)[1].split()[1]
        except (OSError, IndexError):
            continue  # it has just ended
        if parent == str(gate.pid) and b"signer" in words:
            return int(process.name)
    return None


def signer_and_keys():
    with rig.Rig("audit-keys") as r:
        key_file = r.dir / "audit.key"
        key = run("audit", "keygen", "--origin", "audit.example.org/test", "--out", key_file).strip()
        sink = r.sink("eu")
        config = r.config(sink.grpc, rig.free_port(), extra=f"audit: {{dir: audit, checkpoint: {{every: 50ms, sign_key_file: {key_file}}}}}\n")
        gate = r.gate(config)
        send(r, 400)
        for n in range(2):
            os.kill(signer_of(gate), signal.SIGKILL)
            wait_event(r, "audit_signer_gone", n + 1)
            wait_event(r, "audit_log_recovered", n + 1)
        wait_for(lambda: ready(r) == "ready", "ready again")
        for n in range(2):  # two keys, one after the other
            next_key = run("audit", "keygen", "--origin", "audit.example.org/test", "--out", f"{key_file}.next").strip()
            gate.send_signal(signal.SIGHUP)
            wait_event(r, "audit_key_replaced", n + 1)
        send(r, 400, seed=2)
        trail = [json.loads(line)["seq"] for line in run("audit", "tail", "--dir", r.dir / "journal", "--from", 0, "--format", "json").splitlines()]
        if trail != list(range(len(trail))) or len(trail) < 400:
            raise RuntimeError(f"the trail of a running gate has {len(trail)} entries, or gaps")
        if rig.stop(gate):
            raise RuntimeError("the gate did not end well")
        if not list((r.dir / "journal/body-keys").glob("*.key")) or (r.dir / "journal/body.key").exists():
            raise RuntimeError("digests have no key of their day")
        out = run("audit", "verify", r.dir / "audit", "--trust", key)  # the first key is enough
        run("audit", "verify", r.dir / "audit", "--trust", next_key)
        if next_key.split("+")[1] not in out or "PRIVATE" not in key_file.read_text():
            raise RuntimeError(out)
        run("audit", "prove", 7, "--dir", r.dir / "audit", "--out", r.dir / "proof", "--entry", r.dir / "entry")
        run("audit", "verify", "--proof", r.dir / "proof", "--entry", r.dir / "entry", "--trust", next_key)
        (r.dir / "entry").write_text((r.dir / "entry").read_text().replace('"seq":7', '"seq":8'))
        run("audit", "verify", "--proof", r.dir / "proof", "--entry", r.dir / "entry", "--trust", next_key, code=5)
        for name in list((r.dir / "audit/keys").iterdir()):  # without the proof that it was announced, nobody knows the new key
            name.unlink()
        run("audit", "verify", r.dir / "audit", "--trust", key, code=5)
        gate = r.gate(config)
        if rig.stop(gate):
            raise RuntimeError("the gate does not start with its own log")
        return "signer killed twice, key replaced twice"


def witnesses():
    with rig.Rig("audit-witness") as r:
        w, silent = witness.Witness(r.dir / "witness"), witness.Witness(r.dir / "silent", "witness.example.org/w0")
        silent.repeat = 0  # it keeps what it gets, and cosigns nothing
        w.log_key = silent.log_key = run("audit", "keygen", "--origin", "audit.example.org/test", "--out", r.dir / "audit.key").strip()
        sink = r.sink("eu")
        config = r.config(sink.grpc, rig.free_port(), extra=f"""\
audit:
  dir: audit
  checkpoint: {{every: 50ms, sign_key_file: {r.dir}/audit.key}}
  witnesses: [{{url: "{w.url}", key: "{w.key}"}}, {{url: "{silent.url}", key: "{silent.key}"}}]
  anchors: [{{file: {r.dir}/anchor, every: 0s}}, {{url: "{w.url}/copy", every: 0s}}]
""")
        gate = r.gate(config)
        send(r, 400)
        if rig.stop(gate):
            raise RuntimeError("the gate did not end well")
        for name in ("journal", "audit"):
            shutil.copytree(r.dir / name, r.dir / f"old/{name}", symlinks=True)
        for name in ("audit.key", "audit.key.state"):
            shutil.copy(r.dir / name, r.dir / "old" / name)
        gate = r.gate(config)  # it does not know what the witness knows: 409 tells it
        w.repeat = 70  # more lines than a note may have
        send(r, 400, seed=2)
        if rig.stop(gate):
            raise RuntimeError("the gate did not end well")
        trust = ("--trust", w.log_key, "--anchor", r.dir / "anchor")
        run("audit", "verify", r.dir / "audit", *trust, "--witness", w.key)
        run("audit", "verify", r.dir / "old/audit", *trust, code=5)
        note = (r.dir / "audit/checkpoint").read_text()
        told = [e["anchor"] for e in map(json.loads, run("audit", "query", r.dir / "audit", "--type", "checkpoint.anchor", "--format", "entry").splitlines())]
        if {(x["ok"], x["size"]) for x in told if x["to"] == silent.url} != {(0, 0)} or not silent.size:
            raise RuntimeError(f"a witness that never cosigned: {told}")
        if note.count("\n\u2014 ") != 2:
            raise RuntimeError(f"one signature, one cosignature: {note}")
        if 409 not in w.answers or (r.dir / "anchor").read_text() != note or w.copies[-1] != note:
            raise RuntimeError(f"witness answered {w.answers}")
        for name in ("journal", "audit"):  # the whole machine goes back to yesterday: only the witness knows
            shutil.rmtree(r.dir / name)
            shutil.copytree(r.dir / f"old/{name}", r.dir / name, symlinks=True)
        for name in ("audit.key", "audit.key.state"):
            (r.dir / name).unlink()
            shutil.copy(r.dir / "old" / name, r.dir / name)
        gate = r.gate(config)
        wait_event(r, "audit_integrity")
        wait_for(lambda: ready(r) == "audit integrity", "not ready")
        gate.kill()
        gate.wait()
        w.close()
        silent.close()
        return f"{w.answers.count(200)} cosignatures, a rolled-back machine noticed"


def changed_disk():
    with rig.Rig("audit-disk") as r:
        sink = r.sink("eu")
        config = r.config(sink.grpc, rig.free_port(), extra=FAST)
        gate = r.gate(config)
        send(r, 2000)
        if rig.stop(gate):
            raise RuntimeError("the gate did not end well")
        size = size_of((r.dir / "audit/checkpoint").read_text())
        newest = [f"entries/{size // 256:03}.p/{size % 256}"] if size % 256 else []
        for path in (r.dir / "audit/checkpoint", *(r.dir / "audit/tile" / p for p in newest)):
            good = path.read_bytes()
            path.write_bytes(good[:40] + bytes([good[40] ^ 1]) + good[41:])
            out = subprocess.run([rig.BINARY, "run", "-c", config], capture_output=True, text=True, timeout=60)
            if out.returncode != 5:
                raise RuntimeError(f"{path.name} was changed, the gate ended with {out.returncode}: {out.stderr}")
            path.write_bytes(good)
        shutil.move(r.dir / "audit", r.dir / "gone")
        out = subprocess.run([rig.BINARY, "run", "-c", config], capture_output=True, text=True, timeout=60)
        if out.returncode != 5:
            raise RuntimeError(f"the log is gone, the gate ended with {out.returncode}: {out.stderr}")
        return "a changed or vanished log is refused at the start"


def retention():
    with rig.Rig("audit-retention") as r:
        sink = r.sink("eu")
        config = r.config(sink.grpc, rig.free_port(), extra="audit: {dir: audit, retention: 1s, checkpoint: {every: 20ms}}\n")
        gate = r.gate(config)
        send(r, 2400)
        for _ in range(100):
            gate.send_signal(signal.SIGHUP)
            threading.Event().wait(0.1)  # until what was sent is old enough
            if any(e["event"] == "audit_retention" for e in events(r)):
                break
        wait_event(r, "audit_retention")
        send(r, 40, seed=2)
        if rig.stop(gate):
            raise RuntimeError("the gate did not end well")
        out = run("audit", "verify", r.dir / "audit", "--trust", first_key(r))
        if "beyond the period of retention" not in out or (r.dir / "audit/tile/entries/000").exists():
            raise RuntimeError(out)
        (r.dir / "audit/retention").unlink()
        run("audit", "verify", r.dir / "audit", "--trust", first_key(r), code=5)
        return "old entries are hashes, and the log says so"


PARTS = (lambda: kills(ROUNDS), signer_and_keys, witnesses, changed_disk, retention)


def main():
    passed = failed = 0
    for part in PARTS:
        try:
            print("ok  ", part(), flush=True)
            passed += 1
        except (OSError, RuntimeError, StopIteration, subprocess.TimeoutExpired) as e:
            print("FAIL", e, flush=True)
            failed += 1
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
