#!/usr/bin/env python3
"""Bundles and minisign(1): it verifies what we sign, we verify what it signs, each with keys of the other. Skipped where minisign is not installed."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

SPANGATE = os.path.abspath(os.environ.get("SPANGATE", "build/release/spangate"))
PACKS = pathlib.Path(__file__).resolve().parents[2] / "policies/packs"


def run(*args, code=0, cwd=None):
    done = subprocess.run(args, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, stdin=subprocess.DEVNULL, timeout=60)
    assert done.returncode == code, f"{' '.join(map(str, args))}: {done.returncode}, not {code}\n{done.stdout}"
    return done.stdout


def main() -> int:
    if not shutil.which("minisign"):
        print("minisign: skipped, it is not installed (apt-get install minisign)")
        return 0
    with tempfile.TemporaryDirectory() as work:
        policies = pathlib.Path(work, "policies")
        policies.mkdir()
        for name in ("starter.policy.yaml", "starter.test.yaml"):
            shutil.copy(PACKS / name, policies)
        ours, theirs = "shop-r7.tar.gz", "copy.tar.gz"
        run(SPANGATE, "policy", "keygen", "ours", cwd=work)
        run("minisign", "-G", "-W", "-p", "theirs.pub", "-s", "theirs.key", cwd=work)
        run(SPANGATE, "policy", "pack", "policies", "--name", "shop", "--revision", "7", cwd=work)
        shutil.copy(pathlib.Path(work, ours), pathlib.Path(work, theirs))

        run(SPANGATE, "policy", "sign", ours, "--key", "ours.key", cwd=work)
        said = run("minisign", "-V", "-m", ours, "-p", "ours.pub", cwd=work)
        assert "revision:7" in said, said
        run("minisign", "-S", "-m", theirs, "-s", "theirs.key", "-t", "by minisign", cwd=work)
        assert "by minisign" in run(SPANGATE, "policy", "verify", theirs, "--trust", "theirs.pub", cwd=work)
        run(SPANGATE, "policy", "verify", theirs, "--trust", "ours.pub", code=5, cwd=work)

        run(SPANGATE, "policy", "sign", theirs, "--key", "theirs.key", cwd=work)
        run("minisign", "-V", "-m", theirs, "-p", "theirs.pub", cwd=work)
        run("minisign", "-S", "-m", ours, "-s", "ours.key", cwd=work)
        run(SPANGATE, "policy", "verify", ours, "--trust", "ours.pub", cwd=work)
        with open(pathlib.Path(work, ours), "ab") as f:
            f.write(b"x")
        run(SPANGATE, "policy", "verify", ours, "--trust", "ours.pub", code=5, cwd=work)
        run("minisign", "-V", "-m", ours, "-p", "ours.pub", code=1, cwd=work)
    print("minisign: ok, keys and signatures both ways")
    return 0


sys.exit(main())
