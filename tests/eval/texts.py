"""Labelled texts: the corpus of presidio-research, and texts of our own making around values of every structured type.

A document is {"text", "labels": [(start, end, entity)], "key": None or the attribute's key}; offsets are in characters.
"""
import json
import os
import random

import values

# Labels of the corpus: what we call them, and whether they have a structure that a pattern can know.
STRUCTURED = {"CREDIT_CARD": "CREDIT_CARD", "IBAN_CODE": "IBAN", "US_SSN": "US_SSN", "EMAIL_ADDRESS": "EMAIL_ADDRESS", "IP_ADDRESS": "IP_ADDRESS",
              "PHONE_NUMBER": "PHONE_NUMBER"}


class CorpusError(Exception):
    pass


def load_corpus(path):
    """Every *.json below path that holds a list of labelled texts."""
    found = []
    if not path or not os.path.exists(path):
        raise CorpusError("there is no corpus at %r" % path)
    files = [path] if os.path.isfile(path) else sorted(os.path.join(d, f) for d, _, names in os.walk(path) for f in names if f.endswith(".json"))
    for name in files:
        try:
            with open(name, encoding="utf-8") as f:
                data = json.load(f)
        except (OSError, ValueError):
            if name == path:
                raise CorpusError("%s cannot be read" % name)
            continue
        if not isinstance(data, list) or not data or not all(isinstance(d, dict) and "full_text" in d and "spans" in d for d in data):
            continue
        for d in data:
            text = d["full_text"]
            labels = sorted((s["start_position"], s["end_position"], s["entity_type"]) for s in d["spans"])
            found.append({"text": text, "labels": [(a, b, STRUCTURED.get(e, "~" + e)) for a, b, e in labels], "key": None})
    if not found:
        raise CorpusError("no labelled texts (full_text, spans) in %s" % path)
    return found


AROUND_BARE = ["{v}", "value {v} was rejected", "cannot process {v}, giving up", "user sent {v}.", "[{v}] not found in store", "lookup failed ({v})",
               "failed: '{v}' at line 3", "input=\"{v}\"", "got {v}; expected none", "2024-05-01T10:00:00Z INFO handler: {v} accepted", "sync {v} -> done",
               "row 17: {v}, 42, true", "<item>{v}</item>"]
AROUND_WORD = ["{w}: {v}", "{w} {v}", "my {w} is {v}", "{w} number is {v}, please check", "invalid {w} '{v}'", "{w}={v}", "the {w} ({v}) was refused",
               "customer gave {w} {v} by mail", "{w}: {v}; next", "\"{w}\": \"{v}\""]
CARD_WORDS = ["card", "credit card", "card number", "cc", "Visa", "PAN"]
PHONE_WORDS = ["phone", "Phone", "tel", "mobile", "call", "Fax", "cell", "telephone"]
SECRET_AROUND = ["{v}", "using {v} for upload", "env: {v}", "curl failed with {v}", "loaded '{v}' from config", "k={v}\n"]


def put(template, value, word=""):
    text = template.replace("{w}", word)
    at = text.index("{v}")
    return text.replace("{v}", value), at


def doc(entity, text, at, value):
    return {"text": text, "labels": [(at, at + len(value), entity)], "key": None}


def national_docs(r, each):
    for entity, (make, words, bare) in values.NATIONAL.items():
        for i in range(each):
            v = make(r)
            if bare and i % 2:
                text, at = put(r.choice(AROUND_BARE), v)
            else:
                text, at = put(r.choice(AROUND_WORD), v, r.choice(words))
            yield doc(entity, text, at, v)


def simple_docs(r, entity, make, count, words=(), need=False):
    for i in range(count):
        v = make(r)
        if need or (words and i % 3 == 0):
            text, at = put(r.choice(AROUND_WORD), v, r.choice(words))
        else:
            text, at = put(r.choice(AROUND_BARE), v)
        yield doc(entity, text, at, v)


def secret_docs(r, each):
    for family, make in values.SECRETS.items():
        for _ in range(each):
            whole = make(r)
            secret = values.secret_value(family, whole)
            text, at = put(r.choice(SECRET_AROUND if family not in ("flag",) else ["mysql -h db {v} -e x", "run {v}"]), whole)
            at += whole.index(secret)
            yield doc("SECRET:" + family, text, at, secret)


def spell(r, words):
    """A key as applications write it: user.phone_number, customerPhoneNumber, PHONE-NUMBER."""
    parts = words.lower().replace(".", "").replace("-", " ").split()
    form = r.randint(0, 3)
    if form == 0:
        return r.choice(["user.", "customer.", "app."]) + "_".join(parts)
    if form == 1:
        return r.choice(["user", "customer"]) + "".join(p.title() for p in parts)
    if form == 2:
        return "-".join(parts).upper()
    return r.choice(["user.", "http.request.param."]) + ".".join(parts)


def keyed_docs(r, each):
    """The value by itself under a key that names it."""
    kinds = [(e, make, words) for e, (make, words, _) in values.NATIONAL.items()]
    kinds += [("CREDIT_CARD", values.card, CARD_WORDS), ("CREDIT_CARD", values.card_long, CARD_WORDS), ("PHONE_NUMBER", values.phone_in_context, PHONE_WORDS),
              ("PHONE_NUMBER", values.phone_nanp, PHONE_WORDS), ("IBAN", values.iban, ["iban"]), ("EMAIL_ADDRESS", values.email, ["email"])]
    for entity, make, words in kinds:
        for _ in range(each):
            v = make(r)
            d = doc(entity, v, 0, v)
            d["key"] = spell(r, r.choice([w for w in words if w.isascii()] or ["national id"]))
            yield d


def generated(seed, each):
    """each: texts for one national id; the kinds that are judged by name get more."""
    r = random.Random(seed)
    out = list(national_docs(r, each))
    out += simple_docs(r, "CREDIT_CARD", values.card, 20 * each, CARD_WORDS)
    out += simple_docs(r, "CREDIT_CARD", values.card_long, 5 * each, CARD_WORDS, need=True)
    out += simple_docs(r, "IBAN", values.iban, 20 * each, ["IBAN", "account"])
    out += simple_docs(r, "EMAIL_ADDRESS", values.email, 20 * each, ["email", "e-mail", "mail"])
    out += simple_docs(r, "IP_ADDRESS", values.ipv4, 10 * each, ["client", "address"])
    out += simple_docs(r, "IP_ADDRESS", values.ipv6, 10 * each, ["client", "address"])
    out += simple_docs(r, "MAC_ADDRESS", values.mac, 5 * each, ["mac"])
    out += simple_docs(r, "PHONE_NUMBER", values.phone_international, 15 * each, PHONE_WORDS)
    out += simple_docs(r, "PHONE_NUMBER", values.phone_nanp, 10 * each, PHONE_WORDS)
    out += simple_docs(r, "PHONE_NUMBER", values.phone_in_context, 10 * each, PHONE_WORDS, need=True)
    out += secret_docs(r, each)
    out += keyed_docs(r, max(1, each // 4))
    r.shuffle(out)
    return out
