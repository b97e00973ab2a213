#!/usr/bin/env python3
"""make eval: detection as it is judged.

Labelled texts (presidio-research's format, below --corpus) and texts of our own making (--seed) are carried into spans in every place and encoding and
go through the whole pure path of the engine (filter.c: index, examine, redact, emit). What comes out is read again in every form (oracle.py).

  recall     a label is found when its value does not survive: not whole, and not more of it than the policy means to leave
  precision  of the findings in texts that stand as they are, those that touch a label
  leaks      whole values that survive anywhere in what leaves
  residue    labels of which 4 bytes or more survive that stand nowhere else in the text (what the policy leaves is no residue)
  changed    bytes of innocent text changed, per MB of it

Structured types have a form that a pattern can know: cards, IBANs, SSNs, e-mail and IP addresses, telephone numbers, secrets, national numbers with a
checksum. Names, addresses, organisations, dates of the corpus are out of reach of patterns; they are printed apart (their names begin with ~).

Exit codes: 0 all targets met; 1 some missed; 2 wrong usage; 4 there is no corpus.
"""
import argparse
import collections
import json
import os
import random
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import carriers
import decoys
import encodings_ as encodings
import oracle
import texts
import values

HERE = os.path.dirname(os.path.abspath(__file__))
BATCH = 40
# Values of fewer bytes are not looked for behind these (include/policies/examine.h: runs of 16 characters).
SHORTEST = {"base64-value": 10, "hex-value": 8}
SHORTEST_TEXT = {"base64": 10, "base64url": 12, "hex": 8}
TARGETS = {"recall_plain": 0.99, "recall_encoded": 0.97, "precision": 0.95, "decoys_per_million": 10}
NO_LEAKS = ("CREDIT_CARD", "IBAN", "SECRET")


class Filter:
    """The engine behind a pipe: a line in, two lines out."""

    def __init__(self, binary, policies):
        self.p = subprocess.Popen([binary, *policies], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def run(self, resources):
        self.p.stdin.write(json.dumps({"resourceSpans": resources}, ensure_ascii=False).encode() + b"\n")
        self.p.stdin.flush()
        out, found = self.p.stdout.readline(), self.p.stdout.readline()
        if not found:
            sys.exit("eval: the filter ended with %s" % self.p.wait())
        return json.loads(out), json.loads(found)

    def close(self):
        self.p.stdin.close()
        self.p.wait()


# What finds too much to be on together with the rest, and what is no personal data: by itself only.
ALONE = {"sec.high_entropy", "net.uuid", "fin.isin", "fin.lei", "fin.cusip", "fin.sedol"}


def everything(binary, path):
    """The starter policy, and a rule for every other detector of the catalogue behind its rules."""
    with open(os.path.join(HERE, "..", "..", "policies", "packs", "starter.policy.yaml"), encoding="utf-8") as f:
        text = f.read().rstrip("\n") + "\n"
    for line in subprocess.run([binary, "--detectors"], capture_output=True, text=True, check=True).stdout.splitlines():
        ident, entity, _, category = line.split()
        if category == "secret":
            SECRET_ENTITIES.add(entity)
        if ident not in ALONE:
            text += '    - id: all-%s\n      use: %s\n      action: {replace: "[{entity}]"}\n' % (ident.replace(".", "-").replace("_", "-"), ident)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return path


class Tally:
    def __init__(self, misses):
        self.labels = collections.defaultdict(lambda: collections.Counter())  # (entity, class, carrier, encoding)
        self.precise = collections.defaultdict(lambda: collections.Counter())  # entity -> true, false, typed
        self.bytes = collections.defaultdict(lambda: collections.Counter())  # class -> innocent, changed
        self.undecidable = 0
        self.refused = 0
        self.again = collections.Counter()  # spans given to the engine a second time, and changed by it
        self.misses = misses

    def miss(self, what, *rest):
        if self.misses:
            self.misses.write(json.dumps([what, *rest], ensure_ascii=False) + "\n")


def group(entity):
    """One name for reports."""
    return entity.split(":")[0]


def left_by_policy(entity, value):
    """Bytes at most that the starter policy leaves of a value on purpose."""
    if entity == "CREDIT_CARD":
        return 5
    if entity == "IP_ADDRESS":
        return len(value)
    return max(3, len(value) // 3)


BACKGROUND = {}


def background(carrier):
    """What a carrier holds besides the text."""
    if carrier not in BACKGROUND:
        BACKGROUND[carrier] = "\0".join(oracle.forms(oracle.strings(carriers.CARRIERS[carrier]("x"), [])))
    return BACKGROUND[carrier]


def without(doc, encoding):
    """What the writing itself brings along: the document with its values taken out."""
    if encoding == "plain":
        return ""
    text, labels, at = "", [], 0
    for a, b, e in doc["labels"]:
        if a < at:
            continue
        text += doc["text"][at:a]
        labels.append((len(text), len(text) + 1, e))
        text += "x"
        at = b
    return "\0" + encodings.ENCODINGS[encoding]({"text": text + doc["text"][at:], "labels": labels}).lower()


def judge_labels(doc, seen, carrier, encoding, tally):
    """seen: the forms of what left."""
    kind = "plain" if encoding in encodings.PLAIN and carrier not in carriers.ENCODED_CARRIERS else "encoded"
    inside, at = [], 0
    for a, b, e in doc["labels"]:
        if e.startswith("~"):
            continue  # it stays, and so may what it shares with an address made from it
        inside.append(doc["text"][at:a])
        at = max(at, b)
    rest = ("\0".join(inside) + "\0" + doc["text"][at:]).lower() + background(carrier) + without(doc, encoding)
    for a, b, entity in doc["labels"]:
        value = oracle.fold(doc["text"][a:b]).lower()
        if not value.strip():
            continue
        if len(value.encode()) < SHORTEST.get(encoding, 0) or len(doc["text"].encode()) < SHORTEST_TEXT.get(encoding, 0):
            continue  # shorter than what is documented to be looked into
        c = tally.labels[(entity, kind, carrier, encoding)]
        c["labels"] += 1
        whole = value not in rest and any(value in s for s in seen)
        if entity == "IP_ADDRESS" and whole and (value.endswith(".0") or value.endswith("::")):
            whole = False
        run = len(value) if whole else 0
        if not whole and not entity.startswith("~") and entity != "IP_ADDRESS":
            run = oracle.longest_run(value, seen, 4, rest)
        c["leaks"] += whole
        if run > (5 if entity == "CREDIT_CARD" else 3) and not whole and not entity.startswith("~"):
            tally.miss("residue", entity, carrier, encoding, doc["text"][a:b], next((h for h in seen if any(value[i:i + run] in h for i in range(len(value) - run + 1))), ""))
        c["residue"] += run > (5 if entity == "CREDIT_CARD" else 3)
        found = not whole and run <= left_by_policy(entity, value)
        c["found"] += found
        if not found and not entity.startswith("~"):
            tally.miss("miss" if not whole else "leak", entity, carrier, encoding, doc["text"][a:b], doc["text"])


def judge_findings(doc, text, encoding, found, carrier, tally):
    """Precision, where the text stands in what was examined as it is."""
    kind = "plain" if encoding in encodings.PLAIN else "encoded"
    data, innocent, changed = text.encode(), 0, set()
    offsets = []
    if encoding == "plain":
        for a, b, entity in doc["labels"]:
            offsets.append((len(doc["text"][:a].encode()), len(doc["text"][:b].encode()), entity))
    where = []
    for f in found:
        if f["e"] == "UNDECIDABLE":
            tally.undecidable += 1
            tally.miss("undecidable", carrier, encoding, f.get("t", ""))
        if "t" not in f or f["e"].startswith("semconv"):
            continue
        at = f["t"].encode().find(data) if encoding == "plain" else -1
        if at < 0 and doc["labels"]:
            continue  # where its labels stand in this writing is not known
        where.append((f["s"] - max(at, 0), f["n"] - max(at, 0), f["e"], f["t"].encode()[f["s"]:f["n"]].decode("utf-8", "replace")))
    for start, end, entities, what in clusters(where):
        hits = [e for a, b, e in offsets if start < b and a < end]
        types = {type_of(e) for e in hits}
        entities = ["SECRET" if e in SECRET_ENTITIES else e for e in entities]
        entity = next((e for e in entities if e in types), entities[0])
        tally.precise[entity]["true" if hits else "false"] += 1
        if not hits:
            tally.miss("false", entity, carrier, encoding, what, doc["text"])
        else:
            tally.precise[entity]["typed"] += entity in types
            if entity not in types:
                tally.miss("type", entity, carrier, encoding, what, hits, doc["text"])
        changed.update(range(start, end))
    if encoding == "plain" or not doc["labels"]:
        inside = set()
        for a, b, _ in offsets:
            inside.update(range(a, b))
        innocent = len(data) - len(inside)
        tally.bytes[kind]["innocent"] += innocent
        tally.bytes[kind]["changed"] += min(innocent, len(changed - inside))


def clusters(found):
    """One redaction for all findings that overlap."""
    out = []
    for start, end, entity, what in sorted(found):
        if out and start < out[-1][1]:
            out[-1][1] = max(out[-1][1], end)
            out[-1][2].append(entity)
        else:
            out.append([start, end, [entity], what])
    return out


SAME = {"ES_NIE": "ES_DNI"}
SECRET_ENTITIES = set()


def type_of(label):
    return SAME.get(label, group(label))


def once_more(engine, left, tally):
    """What has left must not be changed by a second gate."""
    out, _ = engine.run(left)
    for a, b in zip(left, out.get("resourceSpans", [{}] * len(left))):
        tally.again["spans"] += 1
        tally.again["changed"] += a != b
        if a != b:
            tally.miss("again", a, b)


def carry(engine, jobs, tally):
    """jobs: (doc, carrier, encoding)."""
    for first in range(0, len(jobs), BATCH):
        part = jobs[first:first + BATCH]
        written = [encodings.ENCODINGS[e](d) for d, _, e in part]
        resources = [carriers.carry(d, c, t) for (d, c, _), t in zip(part, written)]
        out, found = engine.run(resources)
        if "refused" in out:
            tally.refused += 1
            print("eval: refused: %s" % out["refused"], file=sys.stderr)
            continue
        of = collections.defaultdict(list)
        for f in found:
            of[f["r"]].append(f)
        left = out.get("resourceSpans", [])
        if len(left) != len(part):
            sys.exit("eval: %d resources of %d left" % (len(left), len(part)))
        if first // BATCH % 10 == 0:
            once_more(engine, left, tally)
        for i, (d, c, e) in enumerate(part):
            if d["labels"]:
                judge_labels(d, oracle.forms(oracle.strings(left[i], [])), c, e, tally)
            judge_findings(d, written[i], e, of[i], c, tally)


# Where a secret is known by the syntax around it (Bearer x, key=x), writing only the value otherwise makes another syntax.
NEIGHBOURS = {"cjk", "cyrillic", "base64-value", "hex-value", "percent-value", "json-u-value", "html-value"}


def splits(doc):
    families = {e.split(":")[1] for _, _, e in doc["labels"] if ":" in e}
    return bool(families & (values.SECRET_BODY | {"dsn", "slack_hook"}))


def plan(docs, r, pairs):
    """Every document plain in a plain attribute; every document in pairs other combinations, all of which come up equally often."""
    jobs = [(d, "attribute", "plain") for d in docs]
    all_pairs = [(c, e) for c in carriers.CARRIERS for e in encodings.ENCODINGS if (c, e) != ("attribute", "plain")]
    # The combinations with one thing out of the ordinary are more likely than those with two.
    single = [p for p in all_pairs if p[0] == "attribute" or p[1] == "plain"]
    for n in range(pairs):
        deck = []
        for d in docs:
            if not deck:
                deck = list(single if n % 2 == 0 else all_pairs)
                r.shuffle(deck)
            carrier, encoding = deck.pop()
            if (splits(d) or d["key"]) and encoding in NEIGHBOURS:
                encoding = "plain"
            if d["key"] and carrier not in carriers.KEYED:
                carrier = "attribute"
            jobs.append((d, carrier, encoding))
    return jobs


def run_decoys(engine, seed, count, tally, progress):
    taken = collections.Counter()
    total = collections.Counter()
    chunk, waiting = 4000, []
    who = collections.defaultdict(collections.Counter)

    def flush():
        attributes = [[carriers.attr(k, v) for _, k, v in waiting[i:i + 20]] for i in range(0, len(waiting), 20)]
        spans = [dict(carriers.IDS, name="GET /", attributes=a) for a in attributes]
        out, found = engine.run([{"scopeSpans": [{"spans": spans}]}])
        if "refused" in out:
            sys.exit("eval: decoys refused: %s" % out["refused"])
        after = [a for s in out["resourceSpans"][0]["scopeSpans"][0]["spans"] for a in s["attributes"]]
        before = [a for x in attributes for a in x]
        if len(after) != len(before):
            tally.undecidable += sum(f["e"] == "UNDECIDABLE" for f in found)
            after += [None] * (len(before) - len(after))
        for (name, key, value), b, a in zip(waiting, before, after):
            total[name] += 1
            if a != b:
                taken[name] += 1
                tally.miss("decoy", name, key, value, a)
        for f in found:
            if "t" in f:
                who[f["e"]][f["t"]] += 1
        waiting.clear()

    for i, one in enumerate(decoys.make(seed, count)):
        waiting.append(one)
        if len(waiting) == chunk:
            flush()
        if i % 200000 == 199999:
            progress("decoys %d of %d" % (i + 1, count))
    if waiting:
        flush()
    return total, taken, {e: sum(c.values()) for e, c in who.items()}


# ---- reports ----

def ratio(a, b):
    return a / b if b else 1.0


def entity_rows(tally, fold=group):
    rows = collections.defaultdict(lambda: {"plain": collections.Counter(), "encoded": collections.Counter()})
    for (entity, kind, _, _), c in tally.labels.items():
        rows[fold(entity)][kind].update(c)
    return rows


def place_rows(tally, index):
    rows = collections.defaultdict(collections.Counter)
    for key, c in tally.labels.items():
        if not key[0].startswith("~"):
            rows[key[index]].update(c)
    return rows


def report(name, tally):
    print("\n== %s\n%-22s %8s %8s %8s %8s %6s %8s %9s %6s" % (name, "type", "labels", "recall", "encoded", "recall", "leaks", "residue4", "precision", "type"))
    rows = entity_rows(tally)
    for entity in sorted(rows, key=lambda e: (e.startswith("~"), e)):
        p, e, t = rows[entity]["plain"], rows[entity]["encoded"], tally.precise.get(entity, collections.Counter())
        print("%-22s %8d %8.4f %8d %8.4f %6d %8d %9s %6s" % (
            entity, p["labels"], ratio(p["found"], p["labels"]), e["labels"], ratio(e["found"], e["labels"]), p["leaks"] + e["leaks"], p["residue"] + e["residue"],
            "%.4f" % ratio(t["true"], t["true"] + t["false"]) if t else "-", "%.2f" % ratio(t["typed"], t["true"]) if t and t["true"] else "-"))
    for title, index in (("carrier", 2), ("encoding", 3)):
        print("%-22s %8s %8s %6s %8s" % (title, "labels", "recall", "leaks", "residue4"))
        for key, c in sorted(place_rows(tally, index).items()):
            print("  %-20s %8d %8.4f %6d %8d" % (key, c["labels"], ratio(c["found"], c["labels"]), c["leaks"], c["residue"]))
    others = {e: c for e, c in tally.precise.items() if e not in rows and c["false"]}
    if others:
        print("findings of other types that touch no label: " + ", ".join("%s %d" % (e, c["false"]) for e, c in sorted(others.items())))
    for kind, c in sorted(tally.bytes.items()):
        print("innocent text changed, %s: %d of %d bytes, %.0f per MB" % (kind, c["changed"], c["innocent"], 1e6 * ratio(c["changed"], c["innocent"] or 1)))
    print("undecidable texts: %d; requests refused: %d; changed by a second pass: %d of %d" % (
        tally.undecidable, tally.refused, tally.again["changed"], tally.again["spans"]))


def verdict(name, tally, checks):
    rows = entity_rows(tally)
    sums = {"plain": collections.Counter(), "encoded": collections.Counter()}
    true = sum(c["true"] for c in tally.precise.values())
    false = sum(c["false"] for c in tally.precise.values())
    for entity, row in rows.items():
        if entity.startswith("~"):
            continue
        for kind in sums:
            sums[kind].update(row[kind])
    for kind, target in (("plain", TARGETS["recall_plain"]), ("encoded", TARGETS["recall_encoded"])):
        got = ratio(sums[kind]["found"], sums[kind]["labels"])
        checks.append(("%s: recall of structured types, %s" % (name, kind), "%.4f" % got, ">= %.2f" % target, got >= target))
        worst = min(((ratio(r[kind]["found"], r[kind]["labels"]), e) for e, r in rows.items() if not e.startswith("~") and r[kind]["labels"] >= 20), default=(1.0, "-"))
        checks.append(("%s: worst type, %s (%s)" % (name, kind, worst[1]), "%.4f" % worst[0], ">= %.2f" % target, worst[0] >= target))
    got = ratio(true, true + false)
    checks.append(("%s: precision" % name, "%.4f" % got, ">= %.2f" % TARGETS["precision"], got >= TARGETS["precision"]))
    checks.append(("%s: spans that a second pass changes" % name, str(tally.again["changed"]), "0", tally.again["changed"] == 0))
    for entity in NO_LEAKS:
        leaks = sum(rows[entity][k]["leaks"] for k in sums) if entity in rows else 0
        checks.append(("%s: whole values of %s leaked" % (name, entity), str(leaks), "0", leaks == 0))


def as_json(name, tally):
    return {
        "set": name,
        "labels": [dict(zip(("entity", "class", "carrier", "encoding"), k), **c) for k, c in sorted(tally.labels.items())],
        "findings": {e: dict(c) for e, c in sorted(tally.precise.items())},
        "bytes": {k: dict(c) for k, c in tally.bytes.items()},
        "undecidable": tally.undecidable,
        "second_pass": dict(tally.again),
    }


def arguments():
    ap = argparse.ArgumentParser(description="recall, precision and leaks of the detectors")
    ap.add_argument("--filter", required=True)
    ap.add_argument("--corpus", default="")
    ap.add_argument("--seed", type=int, default=1)
    ap.add_argument("--each", type=int, default=20, help="generated texts for each national number and each family of secrets")
    ap.add_argument("--pairs", type=int, default=8, help="other places and encodings for each text")
    ap.add_argument("--half", choices=["0", "1"], help="only one half of the corpus: tune on one, check on the other")
    ap.add_argument("--decoys", type=int, default=1000000)
    ap.add_argument("--only", choices=["corpus", "generated", "decoys"])
    ap.add_argument("--policy", action="append", help="default: the starter policy and all other detectors")
    ap.add_argument("--misses", help="write what was missed, leaked or wrongly taken to this file, one JSON array a line")
    ap.add_argument("--json", help="write all counts to this file")
    return ap.parse_args()


def main():
    args = arguments()
    start = time.time()

    def progress(what):
        print("eval: %5.0f s  %s" % (time.time() - start, what), file=sys.stderr)

    corpus = []
    if args.only in (None, "corpus"):
        try:
            corpus = texts.load_corpus(args.corpus)
        except texts.CorpusError as e:
            print("eval: %s; say where it is: make eval CORPUS=/path/to/data" % e, file=sys.stderr)
            return 4
    if args.half:
        corpus = [d for i, d in enumerate(corpus) if i % 2 == int(args.half)]
    policies = args.policy or [everything(args.filter, os.path.join(os.path.dirname(args.filter), "everything.policy.yaml"))]
    engine = Filter(args.filter, policies)
    misses = open(args.misses, "w", encoding="utf-8") if args.misses else None
    checks, results = [], []
    sets = [("corpus", corpus)]
    if args.only in (None, "generated"):
        sets.append(("generated", texts.generated(args.seed, args.each)))
    for name, docs in sets:
        if not docs:
            continue
        tally = Tally(misses)
        jobs = plan(docs, random.Random(args.seed + 1), args.pairs)
        for first in range(0, len(jobs), 10000):
            carry(engine, jobs[first:first + 10000], tally)
            progress("%s: %d of %d spans" % (name, min(first + 10000, len(jobs)), len(jobs)))
        report(name, tally)
        verdict(name, tally, checks)
        results.append(as_json(name, tally))
    if args.only in (None, "decoys") and args.decoys:
        total, taken, who = run_decoys(engine, args.seed + 2, args.decoys, Tally(misses), progress)
        print("\n== decoys\n%-18s %9s %9s" % ("class", "values", "redacted"))
        for name in sorted(total):
            print("%-18s %9d %9d" % (name, total[name], taken[name]))
        print("taken by: " + (", ".join("%s %d" % (e, n) for e, n in sorted(who.items(), key=lambda x: -x[1])) or "none"))
        per = 1e6 * sum(taken.values()) / max(1, sum(total.values()))
        checks.append(("decoys redacted of a million", "%.1f" % per, "<= %d" % TARGETS["decoys_per_million"], per <= TARGETS["decoys_per_million"]))
        results.append({"set": "decoys", "values": dict(total), "redacted": dict(taken), "by": who})
    engine.close()
    if args.json:
        with open(args.json, "w", encoding="utf-8") as f:
            json.dump({"seed": args.seed, "sets": results, "checks": [dict(zip(("what", "got", "target", "met"), c)) for c in checks]}, f, indent=1)
    print("\n== targets (seed %d, %.0f s)" % (args.seed, time.time() - start))
    for what, got, target, met in checks:
        print("%-4s %-58s %10s  %s" % ("ok" if met else "MISS", what, got, target))
    return 0 if all(c[3] for c in checks) else 1


if __name__ == "__main__":
    sys.exit(main())
