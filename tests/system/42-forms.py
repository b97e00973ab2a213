#!/usr/bin/env python3
"""Structured texts go through the gate as `policy eval` shows it: planted secrets are gone, and other parsers than ours still read the result alike."""
import email
import http.cookies
import json
import random
import re
import shlex
import subprocess
import sys
import tempfile
import pathlib
import urllib.parse
import xml.etree.ElementTree as ET

import rig

POLICY = """apiVersion: spangate/v1
kind: RedactionPolicy
metadata: {name: forms}
spec:
  rules: [{id: forms, use: scanners}]
"""
ROUNDS = 250
rnd = random.Random(20261122)
SECRET_NAMES = ["password", "newPassword", "access_token", "refresh-token", "apiKey", "client_secret", "email", "ssn", "user_email", "firstName", "otp", "sessionId"]
PLAIN_NAMES = ["color", "page", "q", "sort", "lang", "size", "kind", "weight"]
WORDS = ["red", "lamp", "north", "small", "chair", "apple", "river", "M\u00fcller-free", "two words", "a&b", "x=y", "<tag>", "it's", 'say "hi"', "50%", "caf\u00e9"]


def secret():
    """A value that nothing but its place gives away."""
    return "Zq" + "".join(rnd.choice("abcdefghkmnpqrstuvwxyz") for _ in range(9)) + rnd.choice(["", "!", ".x", "-y"])


class Case:
    def __init__(self, key, text, secrets, same):
        self.key, self.text, self.secrets, self.same = key, text, secrets, same


def quote(text):
    how = rnd.randrange(3)
    return urllib.parse.quote(text, safe="") if how == 0 else urllib.parse.quote_plus(text) if how == 1 else "".join(f"%{b:02x}" for b in text.encode())


def pairs(names_encoded=True):
    out, secrets = [], []
    for _ in range(rnd.randint(1, 6)):
        if rnd.random() < 0.5:
            name, value = rnd.choice(SECRET_NAMES), secret()
            secrets.append(value)
        else:
            name, value = rnd.choice(PLAIN_NAMES), rnd.choice(WORDS)
        if names_encoded and rnd.random() < 0.3:
            i = rnd.randrange(len(name))
            name = name[:i] + f"%{ord(name[i]):02X}" + name[i + 1:]
        out.append(name + "=" + (value if value in secrets and value.isalpha() else quote(value)))
    return "&".join(out), secrets


def keys_of_query(q):
    """All names, and the values of those that say nothing: they stay."""
    return [(k, v if k in PLAIN_NAMES else None) for k, v in urllib.parse.parse_qsl(q, keep_blank_values=True)]


def same_url(a, b):
    a, b = urllib.parse.urlsplit(a), urllib.parse.urlsplit(b)
    return (a.scheme, a.hostname, a.port, a.path.count("/"), bool(a.username)) == (b.scheme, b.hostname, b.port, b.path.count("/"), bool(b.username)) \
        and keys_of_query(a.query) == keys_of_query(b.query) and bool(a.fragment) == bool(b.fragment)


def make_url():
    secrets, url = [], rnd.choice(["https://", "http://", "//"])
    if rnd.random() < 0.4:
        secrets.append(secret())
        url += f"bob:{quote(secrets[-1])}@"
    url += rnd.choice(["shop.example", "api.example:8443", "[2001:db8::7]:80", "xn--bcher-kva.example"])
    for _ in range(rnd.randint(0, 4)):
        kind = rnd.randrange(4)
        if kind == 0:
            secrets.append(str(rnd.randrange(10**7, 10**9)))
            url += "/" + secrets[-1]
        elif kind == 1:
            secrets.append(secret() + "7")
            url += "/reset/" + quote(secrets[-1])
        elif kind == 2:
            secrets.append(secret())
            url += "/cart;jsessionid=" + quote(secrets[-1])
        else:
            url += "/" + rnd.choice(["users", "orders", "v2", "items.html", "oauth2"])
    if rnd.random() < 0.8:
        q, s = pairs()
        url, secrets = url + "?" + q, secrets + s
    if rnd.random() < 0.3:
        secrets.append(secret())
        url += "#access_token=" + secrets[-1] + "&token_type=bearer"
    return Case(rnd.choice(["url.full", "http.url", "http.request.header.referer"]), url, secrets, same_url)


def make_form():
    text, secrets = pairs()
    return Case(rnd.choice(["url.query", "http.request.body.content"]), text, secrets, lambda a, b: keys_of_query(a) == keys_of_query(b))


def shape(v):
    if isinstance(v, dict):
        return {k: shape(x) for k, x in v.items()}
    if isinstance(v, list):
        return [shape(x) for x in v]
    if isinstance(v, str) and v[:1] in ("{", "["):
        try:
            return ["text", shape(json.loads(v))]
        except ValueError:
            return "str"
    return "num" if isinstance(v, (int, float)) else type(v).__name__


def json_value(depth, secrets, level=0):
    kind = rnd.randrange(6 if depth else 3)
    if kind < 3:
        return rnd.choice(WORDS + [rnd.randrange(1000), 1.5, True, None, -1e-7])
    if kind == 3:
        return [json_value(depth - 1, secrets, level) for _ in range(rnd.randint(0, 3))]
    if kind == 4 and level < 2:
        return json.dumps({"inner": json_value(depth - 1, secrets, level + 1)}, ensure_ascii=rnd.random() < 0.5)
    out = {}
    for _ in range(rnd.randint(0, 4)):
        if rnd.random() < 0.4:
            value = secret()
            if rnd.random() < 0.3:
                value = rnd.randrange(10**8, 10**9)
            secrets.append(str(value))
            out[rnd.choice(SECRET_NAMES)] = rnd.choice([value, [value], {"v": value}])
        else:
            out[rnd.choice(PLAIN_NAMES)] = json_value(depth - 1, secrets, level)
    return out


def make_json():
    secrets = []
    text = json.dumps({"a": json_value(5, secrets)}, ensure_ascii=rnd.random() < 0.5, indent=rnd.choice([None, 1]))
    return Case(rnd.choice(["http.response.body.content", "gen_ai.tool.call.arguments"]), text, [s for s in secrets if s in text],
                lambda a, b: shape(json.loads(a)) == shape(json.loads(b)))


def same_xml(a, b):
    walk = lambda e: (e.tag, sorted(e.keys()), bool(e.text and e.text.strip()), [walk(c) for c in e])
    return walk(ET.fromstring(a)) == walk(ET.fromstring(b))


def make_xml():
    secrets = []

    def element(depth):
        e = ET.Element(rnd.choice(["order", "item", "box", "{urn:x}part"]))
        if rnd.random() < 0.3:
            secrets.append(secret())
            e.set("password", secrets[-1])
        if rnd.random() < 0.3:
            e.set("color", rnd.choice(WORDS))
        for _ in range(rnd.randint(0, 3)):
            if depth and rnd.random() < 0.5:
                e.append(element(depth - 1))
            elif rnd.random() < 0.5:
                secrets.append(secret())
                ET.SubElement(e, rnd.choice(SECRET_NAMES)).text = secrets[-1]
            else:
                ET.SubElement(e, rnd.choice(PLAIN_NAMES)).text = rnd.choice(["red", "1 & 2", "it's", "caf\u00e9"])
        return e

    text = ET.tostring(element(3), encoding="unicode")
    return Case("http.request.body.content", text, secrets, same_xml)


def make_multipart():
    secrets, parts = [], []
    for _ in range(rnd.randint(1, 4)):
        if rnd.random() < 0.5:
            secrets.append(secret())
            parts.append((rnd.choice(SECRET_NAMES), secrets[-1]))
        else:
            parts.append((rnd.choice(PLAIN_NAMES), "red"))
    text = "".join(f'--XyZ\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n' for n, v in parts) + "--XyZ--\r\n"

    def names(t):
        m = email.message_from_string("Content-Type: multipart/form-data; boundary=XyZ\r\n\r\n" + t)
        return [p.get_param("name", header="content-disposition") for p in m.get_payload()]

    return Case("http.request.body.content", text, secrets, lambda a, b: names(a) == names(b))


def make_cookies():
    secrets = [secret().replace("!", "") for _ in range(rnd.randint(1, 5))]
    text = "; ".join(f"c{i}={s}" for i, s in enumerate(secrets))
    return Case("http.request.header.cookie", text, secrets,
                lambda a, b: list(http.cookies.SimpleCookie(a)) == list(http.cookies.SimpleCookie(b)) != [])


def make_set_cookie():
    s = secret().replace("!", "")
    text = f"sid={s}; Path=/a; Expires=Wed, 21 Oct 2026 07:28:00 GMT; HttpOnly"

    def same(a, b):
        a, b = http.cookies.SimpleCookie(a)["sid"], http.cookies.SimpleCookie(b)["sid"]
        return (a["path"], a["expires"], a["httponly"]) == (b["path"], b["expires"], b["httponly"])

    return Case("http.response.header.set_cookie", text, [s], same)


def make_header():
    name, before = rnd.choice([("authorization", "Bearer "), ("Authorization", "Basic "), ("x-api-key", ""), ("x_csrf_token", ""), ("x-acme-secret", "")])
    s = secret()
    return Case("http.request.header." + name, before + s, [s], lambda a, b: a.split(" ")[:-1] == b.split(" ")[:-1])


def make_shell():
    secrets, words = [], [rnd.choice(["app", "/usr/bin/tool", "java -jar a.jar"])]
    for _ in range(rnd.randint(1, 5)):
        s = secret()
        secrets.append(s)
        words.append(rnd.choice([f"--password {shlex.quote(s)}", f"--token={shlex.quote(s)}", f"API_KEY={shlex.quote(s)}", f"-Ddb.password={s}",
                                 f"--header 'Authorization: Bearer {s}'", f"postgres://u:{urllib.parse.quote(s)}@db.example/x", f'--conn "Server=h;Password={s};Db=x"']))
        words.append(rnd.choice(["--verbose", "--size 3", "in.txt", "-x"]))
    return Case("process.command_line", " ".join(words), secrets, lambda a, b: len(shlex.split(a)) == len(shlex.split(b)))


def make_baggage():
    secrets = [secret() for _ in range(3)]
    text = ",".join(f"k{i}={urllib.parse.quote(s)};p={urllib.parse.quote(s)}" for i, s in enumerate(secrets))
    keys = lambda t: [m.split("=")[0] for m in t.split(",")]
    return Case("http.request.header.baggage", text, secrets, lambda a, b: keys(a) == keys(b))


MEMBER = re.compile(r"[a-z0-9][a-z0-9_\-*/@]{0,255}=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{1,256}$")


def make_tracestate():
    n = rnd.randint(1, 40)
    secrets = [secret() for _ in range(n)]
    text = ",".join(f"k{i}={s}" for i, s in enumerate(secrets))
    return Case("http.request.header.tracestate", text, secrets,
                lambda a, b: len(b.split(",")) == min(n, 32) and all(MEMBER.match(m) for m in b.split(",")))


MAKERS = [make_url, make_form, make_json, make_xml, make_multipart, make_cookies, make_set_cookie, make_header, make_shell, make_baggage, make_tracestate]


def through(folder, texts):
    """What leaves, in order: an attribute each."""
    spans = [{"traceId": "0" * 31 + "1", "spanId": "0" * 15 + "1", "name": "n", "attributes": [{"key": k, "value": {"stringValue": t}}]} for k, t in texts]
    out = []
    for at in range(0, len(spans), 500):
        (folder / "in.json").write_text(json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": spans[at:at + 500]}]}]}))
        run = subprocess.run([rig.BINARY, "policy", "eval", folder / "in.json", "-p", folder / "p.policy.yaml", "-d", "d=EU", "--to", "d", "--format", "otlp"],
                             capture_output=True, text=True, timeout=50)
        if run.returncode:
            raise SystemExit("policy eval: " + run.stdout[-500:] + run.stderr[-500:])
        for span in json.loads(run.stdout)["resourceSpans"][0]["scopeSpans"][0]["spans"]:
            out.append(span["attributes"][0]["value"]["stringValue"])
    return out


def judge(c, got, again):
    left = [s for s in c.secrets if s in got or s in urllib.parse.unquote_plus(urllib.parse.unquote(got))]
    if left:
        return f"{left} left"
    if again != got:
        return f"a second time: {again}"
    try:
        return None if c.same(c.text, got) else "another structure"
    except Exception as e:
        return f"does not parse: {e}"


def main():
    cases = [make() for make in MAKERS for _ in range(ROUNDS)]
    with tempfile.TemporaryDirectory() as d:
        folder = pathlib.Path(d)
        (folder / "p.policy.yaml").write_text(POLICY)
        got = through(folder, [(c.key, c.text) for c in cases])
        again = through(folder, list(zip([c.key for c in cases], got)))
    bad = [(c, g, j) for c, g, a in zip(cases, got, again) if (j := judge(c, g, a))]
    for c, g, j in bad[:5]:
        print(f"{c.key}: {j}\n  {c.text}\n  {g}")
    print(f"texts of {len(MAKERS)} kinds\n{len(cases) - len(bad)} passed, {len(bad)} failed")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
