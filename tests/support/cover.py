#!/usr/bin/env python3
"""What the unit tests run: lines of proxy/ and policies/ by folder, least covered files last.

Usage: cover.py OUTPUT-FOLDER   (of a build with COVER=--coverage whose tests have run)"""
import collections
import gzip
import json
import pathlib
import subprocess
import sys


def lines_of(gcda):
    """{source: {line: times}} of one object."""
    run = subprocess.run(["gcov", "--json-format", "--stdout", gcda], capture_output=True, check=True)
    text = gzip.decompress(run.stdout) if run.stdout[:2] == b"\x1f\x8b" else run.stdout
    for report in text.splitlines():
        for f in json.loads(report)["files"]:
            yield f["file"], {line["line_number"]: line["count"] for line in f["lines"]}


def main():
    counts = collections.defaultdict(dict)
    for gcda in pathlib.Path(sys.argv[1]).rglob("*.gcda"):
        for source, lines in lines_of(gcda):
            if not source.startswith(("proxy/", "policies/")) or not source.endswith(".c"):
                continue
            for number, count in lines.items():
                counts[source][number] = max(count, counts[source].get(number, 0))
    if not counts:
        sys.exit("cover: no counters; did the tests run?")
    folders = collections.defaultdict(lambda: [0, 0])
    files = []
    for source, lines in counts.items():
        hit = sum(1 for c in lines.values() if c)
        files.append((hit / len(lines) if lines else 1.0, source))
        for key in (str(pathlib.Path(source).parent), "all"):
            folders[key][0] += hit
            folders[key][1] += len(lines)
    for folder, (hit, total) in sorted(folders.items(), key=lambda x: (x[0] == "all", x[0])):
        print(f"{folder:24} {hit:6} of {total:6} lines {100 * hit / total:6.1f} %")
    for share, source in sorted(files)[:15][::-1]:
        print(f"  {100 * share:5.1f} %  {source}")


main()
