#!/usr/bin/env python3
"""The audit log of a running gate, verified by an implementation that is not ours: Go's golang.org/x/mod/sumdb (note, tlog), from the module proxy."""
import json
import os
import pathlib
import shutil
import subprocess
import sys

here = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(here.parent / "system"))
import rig  # noqa: E402

WORK = pathlib.Path(os.environ.get("INTEROP_DIR", "build/interop")).resolve() / "audit"


def build():
    shutil.copytree(here / "audit", WORK, dirs_exist_ok=True)
    env = {**os.environ, "GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "local"}
    subprocess.run(["go", "build", "-o", "verify", "."], cwd=WORK, check=True, env=env)
    return WORK / "verify"


def key_of(r):
    return next(e["key"] for e in map(json.loads, (r.dir / "gate.log").read_text().splitlines()) if e.get("event") == "audit_log_open")


def main():
    if not shutil.which("go"):
        print("audit: go is not installed, nothing was verified")
        return 1
    verify = build()
    with rig.Rig("audit-interop") as r:
        sink = r.sink("eu")
        config = r.config(sink.grpc, rig.free_port())
        for run in range(2):
            gate = r.gate(config)
            sender = r.send(12000, extra=("--batch", "8", "--seed", run))
            sender.stdout.read()
            if sender.wait(120) or rig.stop(gate):
                raise RuntimeError("send or the gate failed")
            if run == 0:
                shutil.copy(r.dir / "audit/checkpoint", r.dir / "old")
        key = key_of(r)
        good = subprocess.run([verify, r.dir / "audit", key, r.dir / "old"], capture_output=True, text=True)
        print(good.stdout + good.stderr, end="")
        bundle = r.dir / "audit/tile/entries/003"
        bundle.write_bytes(bundle.read_bytes().replace(b"accepted", b"Accepted", 1))
        bad = subprocess.run([verify, r.dir / "audit", key], capture_output=True, text=True)
        print("changed:", bad.stderr, end="")
        ok = good.returncode == 0 and bad.returncode == 1
        print("audit: verified by golang.org/x/mod/sumdb" if ok else "audit: FAILED")
        return 0 if ok else 1


sys.exit(main())
