"""Whether a value survived. What left is read again in every form somebody could read it in: as it stands, with percent signs, escapes of JSON and
HTML undone, full-width forms and characters without width folded, base64 and hexadecimal runs decoded, case ignored."""
import base64
import html
import re
import unicodedata

INVISIBLE = re.compile("[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]")
MARKER = re.compile(r"\[[A-Z0-9_]+\]")  # what stands in place of a value
BASE64_RUN = re.compile(r"[A-Za-z0-9+/_-]{8,}={0,2}")
HEX_RUN = re.compile(r"(?:[0-9A-Fa-f]{2}){4,}")


def unpercent(s):
    if "%" not in s:
        return s
    return re.sub(rb"%([0-9A-Fa-f]{2})", lambda m: bytes([int(m.group(1), 16)]), s.encode("utf-8", "surrogatepass")).decode("utf-8", "replace")


def unescape(s):
    if "\\" not in s:
        return s
    s = re.sub(r"\\u([0-9A-Fa-f]{4})", lambda m: chr(int(m.group(1), 16)), s)
    s = s.replace("\\n", "\n").replace("\\t", "\t").replace('\\"', '"').replace("\\/", "/").replace("\\\\", "\\")
    return s.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def fold(s):
    s = INVISIBLE.sub("", unescape(unpercent(s)))
    if "&" in s:
        s = html.unescape(s)
    return s if s.isascii() else unicodedata.normalize("NFKC", s)


def decoded_runs(s):
    for m in BASE64_RUN.finditer(s):
        run = m.group().rstrip("=").replace("-", "+").replace("_", "/")
        try:
            out = base64.b64decode(run + "=" * (-len(run) % 4)).decode("utf-8", "ignore")
        except ValueError:
            continue
        if len(out) >= 6:
            yield out
    for m in HEX_RUN.finditer(s):
        out = bytes.fromhex(m.group()).decode("utf-8", "ignore")
        if len(out) >= 4:
            yield out


def forms(texts):
    """All that can be read out of these texts, in lower case."""
    seen = set()
    work = [MARKER.sub("[]", s) for s in texts]
    for depth in range(4):
        fresh = []
        for s in work:
            if s in seen:
                continue
            seen.add(s)
            f = fold(s)
            fresh.append(f)
            if depth < 3:
                fresh.extend(decoded_runs(s))
            if "+" in f:
                fresh.append(f.replace("+", " "))
        work = fresh
    return [s.lower() for s in seen | set(work)]


def strings(node, out):
    """Every string and number of a request, keys of attributes included; names of OTLP's own members are not texts."""
    if isinstance(node, dict):
        for k, v in node.items():
            if k == "bytesValue":
                out.append(base64.b64decode(v).decode("utf-8", "replace"))
            elif k not in ("traceId", "spanId", "startTimeUnixNano", "endTimeUnixNano", "timeUnixNano"):
                strings(v, out)
    elif isinstance(node, list):
        for v in node:
            strings(v, out)
    elif isinstance(node, str):
        out.append(node)
    elif isinstance(node, (int, float)) and not isinstance(node, bool):
        out.append(repr(node))
    return out


def longest_run(value, hay, least, rest):
    """Length of the longest piece of value, of least bytes or more, that stands in one of hay and not in rest."""
    best = 0
    for i in range(len(value)):
        n = max(least, best + 1)
        while i + n <= len(value) and any(value[i:i + n] in h for h in hay):
            if value[i:i + n] not in rest:
                best = n
            n += 1
    return best
