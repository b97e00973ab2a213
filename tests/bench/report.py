#!/usr/bin/env python3
"""A report over many entries, verified while they are read: seconds and memory beside the targets.

Usage: report.py [--entries N] [--keep DIR]   (10,000,000 entries take 8.5 GB on disk; make bench takes 1,000,000)"""
import argparse
import os
import pathlib
import resource
import shutil
import subprocess
import sys
import tempfile
import time

BINARY = pathlib.Path(os.environ.get("SPANGATE", "build/release/spangate"))


def main():
    args = argparse.ArgumentParser()
    args.add_argument("binary", nargs="?", type=pathlib.Path, default=BINARY)
    args.add_argument("--entries", type=int, default=1000000)
    args.add_argument("--keep", type=pathlib.Path)
    a = args.parse_args()
    work = pathlib.Path(tempfile.mkdtemp(prefix="spangate-bench-report-"))
    log = a.keep or work / "log"
    try:
        if not (log / "checkpoint").exists():
            subprocess.run([a.binary.parent / "bench/make_log", log, str(a.entries)], check=True, stdout=subprocess.DEVNULL)
        began = time.monotonic()
        subprocess.run([a.binary, "report", "build", log, "--period", "2026-Q3", "--format", "html,json,csv,oscal", "--out", work / "report",
                        "--trust", log / "key.verifier", "--journal", work / "none"], check=True, capture_output=True)
        took, used = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    millions = a.entries / 1e6
    print(f"report, {millions:g} million entries, verified: {took:.1f} s ({took / millions * 10:.0f} s for 10 million; target 60), "
          f"{used.ru_maxrss / 1024:.0f} MiB (target 512)")
    return 0


sys.exit(main())
