#!/usr/bin/env python3
"""Every command block of the documents runs, in order, as a reader would type it; files that a document shows are written first.

A ```sh block is run; a ```yaml, ```json or ```text block that follows a line ending in `path`: is written to path. Fixed ports are replaced by free ones, and
the checks that this test is part of (make check, make lint, ...) are only asked whether make knows them."""
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import os
import tempfile

import rig

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
DOCUMENTS = ["README.md", "CONTRIBUTING.md", *sorted(str(p.relative_to(ROOT)) for p in (ROOT / "docs").glob("*.md"))]
PORTS = ("4317", "4318", "5317", "5318", "8888", "9411")
NOT_HERE = r"^(\s*)make (check|lint|interop|bench|check-system|fuzz|valgrind|cover|demo)\b"


def blocks(text):
    """(language, name of the file it is, contents)"""
    lines = text.splitlines()
    i = 0
    while i < len(lines):
        m = re.match(r"\s*```(\w+)\s*$", lines[i])
        if not m:
            i += 1
            continue
        before = lines[i - 1] if i else ""
        named = re.search(r"`([\w./-]+)`[^`]*:\s*$", before)
        end = next(k for k in range(i + 1, len(lines)) if lines[k].strip() == "```")
        yield m.group(1), named.group(1) if named else None, "\n".join(lines[i + 1:end]) + "\n"
        i = end + 1


def prepare(text, ports):
    for old, new in ports.items():
        text = re.sub(rf"(?<!\d){old}(?!\d)", new, text)
    return text


def run_document(name, work):
    """A shell that reads all blocks of one document; the folder looks like a fresh clone that was built."""
    ports = {p: str(rig.free_port()) for p in PORTS}
    script, commands = ["set -eu"], 0
    for language, path, contents in blocks((ROOT / name).read_text()):
        contents = prepare(contents, ports)
        if language == "sh":
            for line in contents.splitlines():
                if re.match(NOT_HERE, line):
                    line = re.sub(NOT_HERE, r"\1make -n \2", line.split("#")[0]) + " >/dev/null"
                script.append("true" if line.strip() == "make" else line)  # it is built: this very binary is tested
                commands += bool(line.strip()) and not line.strip().startswith("#")
        elif path:
            target = work / path
            script.append(f"mkdir -p {target.parent}; cat > {target} <<'END-OF-BLOCK'\n{contents}END-OF-BLOCK")
    if not commands:
        return 0, ""
    log = open(work / "build/output.txt", "w+")
    p = subprocess.Popen(["bash", "-c", "\n".join(script)], cwd=work, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
                         env={**os.environ, "PATH": f"{work / 'build/release'}:{os.environ['PATH']}"})
    timed_out = False
    try:
        code = p.wait(120)
    except subprocess.TimeoutExpired:
        timed_out, code = True, -1
    try:
        os.killpg(p.pid, signal.SIGTERM)
    except ProcessLookupError:
        pass
    log.seek(0)
    output = log.read()
    return commands, "" if code == 0 and not timed_out else f"ended with {code}:\n{output[-3000:]}"


def main():
    passed = failed = 0
    for name in DOCUMENTS:
        work = pathlib.Path(tempfile.mkdtemp(prefix="spangate-docs-"))
        try:
            for entry in ROOT.iterdir():
                if entry.name not in ("build", ".git"):
                    (work / entry.name).symlink_to(entry)
            (work / "build/release").mkdir(parents=True)
            (work / "build/release/spangate").symlink_to(pathlib.Path(rig.BINARY).resolve())
            commands, problem = run_document(name, work)
        finally:
            shutil.rmtree(work, ignore_errors=True)
        if problem:
            failed += 1
            print(f"FAIL {name}: {problem}")
        elif commands:
            passed += 1
            print(f"ok   {name}: {commands} commands")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
