#!/usr/bin/env python3
"""make eval: SQL of five dialects through the gate, judged against the form that another product expects (CORPUS/sqllexer/<dialect>/**.json).

A literal survives when a quoted string, a number that stands by itself, or the contents of a string of the input stand in the output. An identifier is lost
when a word of the expected form is not there; digits in words are this product's own to keep, white space is nobody's. Every statement goes through
with its db.system.name and without one.

Exit codes: 0 nothing survived and nothing was lost; 1 something did; 4 there is no corpus.
"""
import argparse
import glob
import json
import os
import re
import subprocess
import sys
import tempfile

SYSTEMS = {"mysql": "mysql", "mssql": "microsoft.sql_server", "oracle": "oracle.db", "postgresql": "postgresql", "snowflake": "snowflake"}
POLICY = """apiVersion: spangate/v1
kind: RedactionPolicy
metadata: {name: sql, revision: 1}
spec:
  mode: enforce
  rules:
    - {id: sql, use: db}
"""
WORD = re.compile(r"[^\W\d][\w?$#]*", re.A)
COMMENT = re.compile(r"/\*(?![+!]).*?\*/|--[^\n]*", re.S)
STRING = re.compile(r"'((?:[^']|'')*)'", re.S)
STRING_MYSQL = re.compile(r"'((?:[^'\\]|''|\\.)*)'|\"((?:[^\"\\]|\"\"|\\.)*)\"", re.S)
NUMBER = re.compile(r"(?<![\w$@:.\"#\]`?/])\d+(?:\.\d+)?(?![\w\]])")


class Filter:
    """The engine behind a pipe: a request a line, two lines back."""

    def __init__(self, binary, policy):
        self.p = subprocess.Popen([binary, policy], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def run(self, text, system):
        attrs = [{"key": "db.query.text", "value": {"stringValue": text}}]
        if system:
            attrs.append({"key": "db.system.name", "value": {"stringValue": system}})
        request = {"resourceSpans": [{"scopeSpans": [{"spans": [{"attributes": attrs}]}]}]}
        self.p.stdin.write(json.dumps(request).encode() + b"\n")
        self.p.stdin.flush()
        out, _ = self.p.stdout.readline(), self.p.stdout.readline()
        return json.loads(out)["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["attributes"][0]["value"]["stringValue"]

    def close(self):
        self.p.stdin.close()
        self.p.wait()


def strings(text, dialect):
    """Contents of the literals of a statement, by the rules of its dialect."""
    bare = COMMENT.sub(" ", text)
    found = (STRING_MYSQL if dialect == "mysql" else STRING).findall(bare)
    return [a or b if isinstance(s, tuple) else s for s in found for a, b in [s if isinstance(s, tuple) else (s, "")]]


def stands(s, out):
    """Whether a text stands in another, not as a part of a word."""
    return re.search(r"(?<![\w$])" + re.escape(s) + r"(?![\w$])", out) is not None


def survivors(text, expected, dialect, out):
    bad = []
    bare = re.sub(r'"[^"]*"|`[^`]*`', " ", out) if dialect != "mysql" else re.sub(r"`[^`]*`", " ", out)
    if "'" in bare:
        bad.append("quote: " + bare[bare.index("'"):][:40])
    if dialect == "mysql" and '"' in bare and '"' not in expected:
        bad.append("double quote: " + bare[bare.index('"'):][:40])
    bad += ["number: " + n for n in NUMBER.findall(bare)]
    words = set(w.lower() for w in WORD.findall(expected)) | set(w.lower() for w in WORD.findall(COMMENT.sub(" ", STRING.sub(" ", text))))
    for s in strings(text, dialect):
        if len(s) >= 3 and s.lower() not in words and not all(w.lower() in words for w in WORD.findall(s)) and stands(s, out):
            bad.append("string: " + s)
    for c in COMMENT.findall(text):
        if len(c) > 8 and c.strip("-/* \n") and c.strip("-/* \n") in out:
            bad.append("comment: " + c)
    return bad


def lost(expected, out):
    tag = re.compile(r"\$\w*\$")
    have = set(w.lower() for w in WORD.findall(tag.sub(" ", out)))
    bad = []
    for w in set(w.lower() for w in WORD.findall(tag.sub(" ", expected))):
        if w in have:
            continue
        if not any(re.fullmatch(re.escape(w).replace(r"\?", r"\d*"), h) for h in have):
            bad.append(w)
    return bad


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--filter", required=True)
    parser.add_argument("--corpus", default="")
    parser.add_argument("-v", action="store_true", help="print each text that goes wrong")
    args = parser.parse_args()
    files = sorted(glob.glob(os.path.join(args.corpus, "sqllexer", "*", "**", "*.json"), recursive=True)) if args.corpus else []
    if not files:
        print("sql: no corpus below %r (CORPUS=dir, with sqllexer/<dialect>/**.json)" % args.corpus)
        return 4
    with tempfile.NamedTemporaryFile("w", suffix=".policy.yaml") as f:
        f.write(POLICY)
        f.flush()
        engine = Filter(args.filter, f.name)
        total = {}
        for path in files:
            dialect = os.path.relpath(path, os.path.join(args.corpus, "sqllexer")).split(os.sep)[0]
            case = json.load(open(path))
            expected = case["outputs"][0]["expected"]
            for system in (SYSTEMS.get(dialect, dialect), None):
                out = engine.run(case["input"], system)
                left, gone = survivors(case["input"], expected, dialect, out), lost(expected, out)
                t = total.setdefault((dialect, bool(system)), [0, 0, 0])
                t[0] += 1
                t[1] += bool(left)
                t[2] += bool(gone)
                if args.v and (left or gone):
                    print("%s (%s)\n  %r\n  %r\n  survives %s, lost %s" % (path, system, case["input"], out, left, gone))
        engine.close()
    print("%-12s %-8s %6s %10s %6s" % ("dialect", "system", "texts", "literals", "names"))
    for (dialect, named), (n, left, gone) in sorted(total.items()):
        print("%-12s %-8s %6d %10d %6d" % (dialect, "named" if named else "-", n, left, gone))
    n, left, gone = (sum(t[i] for t in total.values()) for i in range(3))
    print("sql: %d texts, %d with a surviving literal, %d with a lost identifier" % (n, left, gone))
    return 1 if left or gone else 0


sys.exit(main())
