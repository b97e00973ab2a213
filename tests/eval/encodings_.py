"""How a document is written: each encoding gives another text with the same meaning. They are made here and undone in oracle.py, without any of
the product's own code."""
import base64


def percent(text, also=""):
    out = []
    for b in text.encode():
        c = chr(b)
        out.append(c if b < 128 and (c.isalnum() or c in "-._~" + also) else "%%%02X" % b)
    return "".join(out)


def html(text):
    return "".join(c if c.isalnum() and ord(c) < 128 and i % 2 else "&#%d;" % ord(c) if i % 3 else "&#x%x;" % ord(c) for i, c in enumerate(text))


def units(c):
    data = c.encode("utf-16-be")
    return [data[i] << 8 | data[i + 1] for i in range(0, len(data), 2)]


def json_u(text):
    return "".join("\\u%04x" % u for c in text for u in units(c))


def wide(text):
    return "".join(chr(ord(c) + 0xFEE0) if 0x21 <= ord(c) <= 0x7E else c for c in text)


def zero_width(text):
    marks = "\u200b\u200d\u2060\ufeff\u00ad"
    return "".join(c + (marks[i % 5] if i % 2 else "") for i, c in enumerate(text[:-1])) + text[-1:]


def on_labels(change):
    """Only the values are written so, what stands around them stays."""
    def encode(doc):
        out, at = [], 0
        for a, b, _ in doc["labels"]:
            out.append(doc["text"][at:a])
            out.append(change(doc["text"][a:b]) if a >= at else "")
            at = max(at, b)
        return "".join(out) + doc["text"][at:]
    return encode


def on_all(change):
    return lambda doc: change(doc["text"])


def cjk(doc):
    out, at = [], 0
    for a, b, _ in doc["labels"]:
        if a < at:
            continue
        out.append(doc["text"][at:a].rstrip(" ") + "号")
        out.append(doc["text"][a:b] + "です")
        at = b
    return "".join(out) + doc["text"][at:].lstrip(" ")


def cyrillic(doc):
    out, at = [], 0
    for a, b, _ in doc["labels"]:
        if a < at:
            continue
        out.append(doc["text"][at:a] + "№")
        out.append(doc["text"][a:b] + "ы")
        at = b
    return "".join(out) + doc["text"][at:]


def b64(text):
    return base64.b64encode(text.encode()).decode()


ENCODINGS = {
    "plain": lambda doc: doc["text"],
    "percent": on_all(percent),
    "percent2": on_all(lambda t: percent(percent(t))),
    "percent-value": on_labels(percent),
    "percent-every-byte": on_all(lambda t: "".join("%%%02x" % b for b in t.encode())),
    "base64": on_all(b64),
    "base64url": on_all(lambda t: base64.urlsafe_b64encode(t.encode()).decode().rstrip("=")),
    "base64-value": on_labels(b64),
    "hex": on_all(lambda t: t.encode().hex()),
    "hex-value": on_labels(lambda t: t.encode().hex()),
    "json-u": on_all(json_u),
    "json-u-value": on_labels(json_u),
    "html": on_all(html),
    "html-value": on_labels(html),
    "full-width": on_labels(wide),
    "zero-width": on_labels(zero_width),
    "nbsp": on_all(lambda t: t.replace(" ", "\u00a0")),
    "cjk": cjk,
    "cyrillic": cyrillic,
}
# A neighbour of another script is no encoding: what stands there is still plain.
PLAIN = {"plain", "cjk", "cyrillic", "nbsp"}
