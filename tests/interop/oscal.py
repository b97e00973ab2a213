#!/usr/bin/env python3
"""Reports' OSCAL files before an independent validator: compliance-trestle from PyPI imports and validates them. Installs it into build/interop/oscal."""
import json
import os
import pathlib
import shutil
import subprocess
import sys

WORK = pathlib.Path(os.environ.get("INTEROP_DIR", "build/interop")).resolve() / "oscal"
BINARY = pathlib.Path(os.environ.get("SPANGATE", "build/release/spangate")).resolve()
VERSION = "5.2.0"
PROFILES = ("gdpr", "hipaa", "pci", "soc2", "iso27001", "dpdp", "us-28cfr202", "all")


def install():
    if not (WORK / "venv/bin/trestle").exists():
        subprocess.run([sys.executable, "-m", "venv", WORK / "venv"], check=True)
        subprocess.run([WORK / "venv/bin/pip", "install", "-q", "--disable-pip-version-check", f"compliance-trestle=={VERSION}"], check=True)


def trestle(*args):
    return subprocess.run([WORK / "venv/bin/trestle", *map(str, args)], cwd=WORK / "project", capture_output=True, text=True)


def main():
    passed = failed = 0
    install()
    for name in ("project", "log", "reports"):
        shutil.rmtree(WORK / name, ignore_errors=True)
    (WORK / "project").mkdir()
    make = BINARY.parent / "bench/make_log"
    subprocess.run([make, WORK / "log", "20000"], check=True, stdout=subprocess.DEVNULL)
    trestle("init")
    for profile in PROFILES:
        period = "2026-Q3"
        out = WORK / "reports" / profile
        subprocess.run([BINARY, "report", "build", WORK / "log", "--period", period, "--profile", profile, "--format", "oscal", "--out", out,
                        "--trust", WORK / "log/key.verifier", "--journal", WORK / "none"], check=True, capture_output=True)
        got = trestle("import", "-f", out / "report.oscal.json", "-o", profile)
        valid = trestle("validate", "-t", "assessment-results", "-n", profile) if got.returncode == 0 else got
        findings = json.loads((out / "report.oscal.json").read_text())["assessment-results"]["results"][0].get("findings", [])
        ok = got.returncode == 0 and valid.returncode == 0 and "VALID" in valid.stdout + valid.stderr and bool(findings)
        passed, failed = passed + ok, failed + (not ok)
        print(f"{'ok  ' if ok else 'FAIL'} oscal {profile}: {len(findings)} findings, trestle {VERSION}" + ("" if ok else f"\n{got.stdout}{got.stderr}{valid.stdout}{valid.stderr}"))
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
