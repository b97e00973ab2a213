#!/usr/bin/env python3
"""Every pack compiles, passes its tests, is lint-clean, works by name, and in a gateway file; error codes in the sources are in the table."""
import json
import pathlib
import re
import subprocess
import sys
import tempfile

import rig

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PACKS = ROOT / "policies/packs"


def spangate(*args):
    return subprocess.run([rig.BINARY, *map(str, args)], capture_output=True, text=True, timeout=120)


def check_packs():
    problems = []
    policies = sorted(PACKS.glob("*.policy.yaml"))
    names = re.findall(r'^PACK\(\w+, "([^"]+)"\)', (PACKS / "packs.def").read_text(), re.M)
    missing = {p.name.removesuffix(".policy.yaml") for p in policies} - set(names) - {"eu-stays"}
    if missing:
        problems.append(f"not part of the program: {sorted(missing)}")
    tests = [p.with_name(p.name.replace(".policy.", ".test.")) for p in policies]
    if [t for t in tests if not t.exists()]:
        problems.append(f"without a test: {[t.name for t in tests if not t.exists()]}")
    run = spangate("policy", "test", *[t for t in tests if t.exists()])
    if run.returncode:
        problems.append("tests fail:\n" + run.stdout[-2000:] + run.stderr[-1000:])
    for t in tests:
        cover = json.loads(spangate("policy", "test", "--coverage", "--format", "json", t).stdout)["coverage"]
        if t.name != "eu-stays.test.yaml" and cover["rules"] != cover["rules_fired"]:
            problems.append(f"{t.name}: {cover['rules'] - cover['rules_fired']} rules found nothing in any test: " + spangate("policy", "test", "--coverage", t).stdout[-600:])
    lint = spangate("policy", "lint", *policies)
    if lint.returncode:
        problems.append("lint:\n" + lint.stdout[-2000:])
    for p in policies:
        text = p.read_text()
        if "owner:" not in text or not re.search(r"controls: \[.+\]", text):
            problems.append(f"{p.name} names no owner or no controls")
    for name in names:
        if spangate("policy", "lint", name).returncode:
            problems.append(f"pack {name} is not found by its name")
    return problems


def check_gateway():
    """A gate whose policies are packs, and a policy that uses one."""
    with tempfile.TemporaryDirectory() as d:
        d = pathlib.Path(d)
        (d / "use.policy.yaml").write_text("apiVersion: spangate/v1\nkind: RedactionPolicy\nmetadata: {name: mine}\nspec:\n  rules: [{id: cards, use: pci-dss}]\n")
        run = spangate("policy", "explain", "-p", d / "use.policy.yaml", "-k", "note", "-v", "card 4111 1111 1111 1111")
        if "-> \"card **** **** **** 1111\"" not in run.stdout or "cards (mine" not in run.stdout:
            return ["use: pci-dss:\n" + run.stdout + run.stderr]
        (d / "gateway.yaml").write_text(f"""version: 1
receivers: {{otlp: {{protocols: {{http: {{endpoint: "127.0.0.1:0", tls: {{insecure: true}}}}}}}}}}
policies: {{sources: [{{pack: pci-dss}}, {{pack: hipaa-18}}, {{file: {PACKS}/eu-stays.policy.yaml}}]}}
exporters:
  otlp_grpc/eu: {{endpoint: "127.0.0.1:1", jurisdiction: EU, tls: {{insecure: true}}}}
  otlp_http/us: {{endpoint: "http://127.0.0.1:1", jurisdiction: US, tls: {{insecure: true}}}}
journal: {{dir: {d}/journal}}
""")
        run = spangate("check", d / "gateway.yaml")
        return [] if run.returncode == 0 else ["gateway file with packs:\n" + run.stdout + run.stderr]


def check_codes():
    known = {int(n) for n in re.findall(r"^CODE\((\d+),", (ROOT / "include/control/codes.def").read_text(), re.M)}
    used = {}
    for f in [*ROOT.glob("proxy/**/*.[ch]"), *ROOT.glob("policies/**/*.[ch]"), *ROOT.glob("include/**/*.h")]:
        for name, n in re.findall(r"\b((?:SG|CONFIG_E|CONF_E|CODE)_[A-Z_]+) = (\d{1,4})\b", f.read_text()):
            used[int(n)] = f"{f.relative_to(ROOT)}: {name}"
    return [f"include/control/codes.def has no {n} ({used[n]})" for n in sorted(set(used) - known)]


def main():
    passed = failed = 0
    for check in (check_packs, check_gateway, check_codes):
        problems = check()
        passed, failed = passed + (not problems), failed + bool(problems)
        print(f"{'FAIL' if problems else 'ok  '} {check.__name__}" + "".join(f"\n     {p}" for p in problems))
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
