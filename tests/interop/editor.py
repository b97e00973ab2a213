#!/usr/bin/env python3
"""The JSON Schemas: python's jsonschema accepts every file that the program loads and refuses wrong ones, and yaml-language-server completes and diagnoses.

Installs jsonschema (PyPI) and yaml-language-server (npm) into build/interop."""
import json
import os
import pathlib
import queue
import re
import subprocess
import sys
import tempfile
import threading

here = pathlib.Path(__file__).resolve().parent
ROOT = here.parent.parent
BINARY = os.environ.get("SPANGATE", "build/release/spangate")
WORK = pathlib.Path(os.environ.get("INTEROP_DIR", "build/interop")).resolve()

WRONG = {  # kind: documents that must be refused, each for one reason
    "policy": [
        "apiVersion: spangate/v1\nkind: RedactionPolicy\nmetadata: {name: p}\nspec: {rules: [{id: a, entity: IBAN, acton: drop}]}",
        "apiVersion: spangate/v1\nkind: RedactionPolicy\nmetadata: {name: p}\nspec: {rules: [{entity: IBAN, action: drop}]}",
        "apiVersion: spangate/v1\nkind: RedactionPolicy\nmetadata: {name: p}\nspec: {rules: [{id: a, entity: IBAN, action: dropp}]}",
        "apiVersion: spangate/v1\nkind: RedactionPolicy\nmetadata: {name: p}\nspec: {mode: on, rules: []}",
        "apiVersion: spangate/v1\nkind: RedactionPolicy\nmetadata: {}\nspec: {}",
        "apiVersion: spangate/v2\nkind: RedactionPolicy\nmetadata: {name: p}\nspec: {}",
        "apiVersion: spangate/v1\nkind: Policy\nmetadata: {name: p}\nspec: {}",
        "apiVersion: spangate/v1\nkind: ResidencyPolicy\nmetadata: {name: p}\nspec: {routes: [{from: DE}]}",
        "apiVersion: spangate/v1\nkind: ResidencyPolicy\nmetadata: {name: p}\nspec: {unknown_origin: allow}",
    ],
    "test": [
        "apiVersion: spangate/v1\nkind: PolicyTest\ncases: [{name: a, given: {spam: {}}, expect: {span: absent}}]",
        "apiVersion: spangate/v1\nkind: PolicyTest\ncases: [{name: a, expect: {findings: [{rul: a}]}}]",
    ],
    "gateway": [
        "version: 1\nreceivers: {otlp: {protocols: {grpc: {endpont: 'x:1', tls: {insecure: true}}}}}\npolicies: {sources: []}\nexporters: {}\njournal: {dir: x}",
        "version: 1\nreceivers: {otlp: {protocols: {}}}\npolicies: {sources: []}\nexporters: {otlp_grpc/eu: {endpoint: 'x:1'}}\njournal: {dir: x}",
        "version: 1\nreceivers: {otlp: {protocols: {}}}\npolicies: {sources: []}\nexporters: {}\njournal: {dir: x, max_size_mib: many}",
        "version: 1\nreceivers: {otlp: {protocols: {grpc: {tls: {cert_fil: x}}}}}\npolicies: {sources: []}\nexporters: {}\njournal: {dir: x}",
    ],
}


def schema(kind):
    return json.loads(subprocess.run([BINARY, "config", "schema", "--kind", kind], capture_output=True, text=True, check=True).stdout)


def install():
    env = WORK / "editor"
    if not (env / "bin/python").exists():
        subprocess.run([sys.executable, "-m", "venv", env], check=True)
    subprocess.run([env / "bin/pip", "install", "-q", "--disable-pip-version-check", "jsonschema==4.23.0", "PyYAML==6.0.2"], check=True)
    js = WORK / "editor-js"
    js.mkdir(parents=True, exist_ok=True)
    (js / "package.json").write_text('{"private": true, "dependencies": {"yaml-language-server": "1.15.0"}}')
    subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"], cwd=js, check=True, stdout=subprocess.DEVNULL)


VALIDATE = r'''
import json, sys, yaml, jsonschema

class Core(yaml.SafeLoader):
    """YAML 1.2: only true and false are booleans, dates are texts."""

Core.yaml_implicit_resolvers = {
    k: [(tag, r) for tag, r in v if tag not in ("tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:bool")] for k, v in yaml.SafeLoader.yaml_implicit_resolvers.items()}
Core.add_implicit_resolver("tag:yaml.org,2002:bool", __import__("re").compile("^(true|false)$"), list("tf"))

job = json.load(sys.stdin)
jsonschema.Draft7Validator.check_schema(job["schema"])
v = jsonschema.Draft7Validator(job["schema"])
out = []
for name, text in job["files"]:
    errors = []
    for doc in yaml.load_all(text, Core):
        if doc is not None:
            errors += [f"{'/'.join(map(str, e.absolute_path))}: {e.message[:200]}" for e in v.iter_errors(doc)]
    out.append([name, errors])
json.dump(out, sys.stdout)
'''


def validate(kind, files):
    job = json.dumps({"schema": schema(kind), "files": files})
    run = subprocess.run([WORK / "editor/bin/python", "-c", VALIDATE], input=job, capture_output=True, text=True, timeout=120)
    if run.returncode:
        raise RuntimeError(run.stderr[-1500:])
    return json.loads(run.stdout)


def documents_of_docs():
    """YAML blocks of the manuals, by their kind."""
    found = {"policy": [], "test": [], "gateway": []}
    for f in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        for i, block in enumerate(re.findall(r"^```yaml\n(.*?)^```", f.read_text(), re.M | re.S)):
            kind = "test" if "kind: PolicyTest" in block else "policy" if "kind: R" in block else "gateway" if re.match(r"(#.*\n)*version: 1", block) else None
            if kind:
                found[kind].append([f"{f.name}#{i}", block])
    return found


def check_files():
    bad = []
    packs = ROOT / "policies/packs"
    good = documents_of_docs()
    good["policy"] += [[f.name, f.read_text()] for f in sorted(packs.glob("*.policy.yaml"))]
    good["test"] += [[f.name, f.read_text()] for f in sorted(packs.glob("*.test.yaml"))]
    good["gateway"] += [["demo.yaml", (packs / "demo.yaml").read_text()]]
    for kind, files in good.items():
        for name, errors in validate(kind, files):
            if errors:
                bad.append(f"{kind} {name}: {errors[:3]}")
        for name, errors in validate(kind, [[str(i), t] for i, t in enumerate(WRONG[kind])]):
            if not errors:
                bad.append(f"{kind}: wrong document {name} is accepted:\n{WRONG[kind][int(name)]}")
    print(f"     {sum(len(f) for f in good.values())} files accepted, {sum(len(w) for w in WRONG.values())} refused")
    return bad


class Editor:
    """A client of the language server protocol 3.17 over stdio."""

    def __init__(self):
        server = WORK / "editor-js/node_modules/yaml-language-server/bin/yaml-language-server"
        self.p = subprocess.Popen(["node", server, "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.inbox, self.number = queue.Queue(), 0
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        while True:
            length = None
            while (line := self.p.stdout.readline().strip()):
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            if length is None:
                self.inbox.put(None)
                return
            self.inbox.put(json.loads(self.p.stdout.read(length)))

    def send(self, message):
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.p.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.p.stdin.flush()

    def wait(self, wanted):
        while True:
            m = self.inbox.get(timeout=60)
            if m is None:
                raise RuntimeError("the language server ended")
            if "method" in m and "id" in m:  # what the server asks of an editor
                items = m.get("params", {}).get("items", []) if isinstance(m.get("params"), dict) else []
                answer = [{"validate": True, "completion": True, "hover": True} if i.get("section") == "yaml" else {} for i in items]
                self.send({"id": m["id"], "result": answer if m["method"] == "workspace/configuration" else None})
            if wanted(m):
                return m

    def ask(self, method, params):
        self.number += 1
        n = self.number
        self.send({"id": n, "method": method, "params": params})
        return self.wait(lambda m: m.get("id") == n and "method" not in m).get("result")

    def tell(self, method, params):
        self.send({"method": method, "params": params})

    def close(self):
        self.p.kill()
        self.p.wait()


POLICY = """# yaml-language-server: $schema=policy.schema.json
apiVersion: spangate/v1
kind: RedactionPolicy
metadata: {name: shop}
spec:
  mode: enforce
  rules:
    - id: card
      entity: CREDIT_CARD
      action: drop
      
"""


def labels(result):
    items = result["items"] if isinstance(result, dict) else result or []
    return {i["label"] for i in items}


def check_editor():
    bad = []
    with tempfile.TemporaryDirectory() as d:
        d = pathlib.Path(d)
        (d / "policy.schema.json").write_text(json.dumps(schema("policy")))
        e = Editor()
        try:
            e.ask("initialize", {"processId": None, "rootUri": d.as_uri(), "workspaceFolders": [{"uri": d.as_uri(), "name": "x"}], "capabilities": {
                "textDocument": {"completion": {"completionItem": {"snippetSupport": False}}, "publishDiagnostics": {}}, "workspace": {"configuration": True}}})
            e.tell("initialized", {})
            e.tell("workspace/didChangeConfiguration", {"settings": {"yaml": {"validate": True, "completion": True}}})

            def opened(name, text):
                uri = (d / name).as_uri()
                (d / name).write_text(text)
                e.tell("textDocument/didOpen", {"textDocument": {"uri": uri, "languageId": "yaml", "version": 1, "text": text}})
                return uri, e.wait(lambda m: m.get("method") == "textDocument/publishDiagnostics" and m["params"]["uri"] == uri)["params"]["diagnostics"]

            def complete(uri, line, character):
                return labels(e.ask("textDocument/completion", {"textDocument": {"uri": uri}, "position": {"line": line, "character": character}}))

            uri, diagnostics = opened("shop.policy.yaml", POLICY)
            if diagnostics:
                bad.append(f"a right policy is complained of: {diagnostics}")
            keys = complete(uri, 10, 6)
            if not {"when", "severity", "places", "since"} <= keys:
                bad.append(f"keys of a rule: {sorted(keys)}")
            uri, diagnostics = opened("wrong.policy.yaml", POLICY.replace("action: drop", "acton: drop"))
            if not [x for x in diagnostics if "acton" in x["message"] and x["range"]["start"]["line"] == 9]:
                bad.append(f"an unknown key is not told: {diagnostics}")
            uri, _ = opened("action.policy.yaml", POLICY.replace("action: drop", "action: "))
            words = complete(uri, 9, 14)
            if not {"drop", "mask", "hash", "replace"} <= words:
                bad.append(f"actions: {sorted(words)}")
            uri, _ = opened("use.policy.yaml", POLICY.replace("entity: CREDIT_CARD", "use: "))
            words = complete(uri, 8, 11)
            if not {"pci-dss", "hipaa-18", "contact"} <= words:
                bad.append(f"packs: {sorted(words)[:20]}")
        finally:
            e.close()
    return bad


def main():
    install()
    passed = failed = 0
    for check in (check_files, check_editor):
        problems = check()
        passed, failed = passed + (not problems), failed + bool(problems)
        print(f"{'FAIL' if problems else 'ok  '} {check.__name__}" + "".join(f"\n     {p}" for p in problems))
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
