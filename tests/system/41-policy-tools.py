#!/usr/bin/env python3
"""policy test --watch: runs again when a policy changes, ends on SIGINT. scan in a pipe."""
import os
import pathlib
import signal
import subprocess
import sys
import tempfile

import rig

POLICY = "apiVersion: spangate/v1\nkind: RedactionPolicy\nmetadata: {name: p}\nspec:\n  rules: [{id: email, entity: EMAIL_ADDRESS, action: {replace: \"%s\"}}]\n"
TEST = """apiVersion: spangate/v1
kind: PolicyTest
policies: [p.policy.yaml]
cases: [{name: mail, given: {span: {name: to a@example.org}}, expect: {span: {name: "to [mail]"}}}]
"""


def lines_until(pipe, last):
    got = []
    for line in iter(pipe.readline, ""):
        got.append(line)
        if line.startswith(last):
            return "".join(got)
    raise AssertionError("ended: " + "".join(got))


def check_watch():
    with tempfile.TemporaryDirectory() as d:
        d = pathlib.Path(d)
        (d / "p.policy.yaml").write_text(POLICY % "[mail]")
        (d / "p.test.yaml").write_text(TEST)
        p = subprocess.Popen([rig.BINARY, "policy", "test", "--watch", str(d / "p.test.yaml")], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        try:
            first = lines_until(p.stdout, "watching")
            (d / "new").write_text(POLICY % "[post]")
            os.rename(d / "new", d / "p.policy.yaml")  # as editors do
            second = lines_until(p.stdout, "watching")
            (d / "p.policy.yaml").write_text(POLICY % "[mail]")
            third = lines_until(p.stdout, "watching")
            p.send_signal(signal.SIGINT)
            code = p.wait(20)
        finally:
            p.kill()
            p.wait()
            p.stdout.close()
        bad = []
        if "1 passed, 0 failed" not in first or "0 passed, 1 failed" not in second or "1 passed, 0 failed" not in third:
            bad.append(first + second + third)
        if code != 0:
            bad.append(f"ended with {code}")
        return bad


def check_scan():
    span = "span: {name: GET, attributes: {user.email: alice@example.org}}\n"
    run = subprocess.run([rig.BINARY, "scan", "-"], input=span, capture_output=True, text=True, timeout=60)
    bad = [] if run.returncode == 1 and "EMAIL_ADDRESS" in run.stdout and "alice" not in run.stdout else [f"{run.returncode} {run.stdout} {run.stderr}"]
    sent = subprocess.run([rig.BINARY, "policy", "eval", "-", "-p", "personal-data", "--format", "otlp"], input=span, capture_output=True, text=True, timeout=60)
    again = subprocess.run([rig.BINARY, "scan", "-"], input=sent.stdout, capture_output=True, text=True, timeout=60)
    if sent.returncode or again.returncode:
        bad.append(f"what eval lets out is found again: {sent.stdout}{sent.stderr}{again.stdout}{again.stderr}")
    with tempfile.NamedTemporaryFile("w", suffix=".policy.yaml") as policy:  # of another team: nothing is looked for, which must be said
        policy.write("apiVersion: spangate/v1\nkind: RedactionPolicy\nmetadata: {name: p}\n"
                     "spec: {match: {resource: {team: a}}, rules: [{id: r, entity: EMAIL_ADDRESS, action: drop}]}\n")
        policy.flush()
        run = subprocess.run([rig.BINARY, "scan", "-", "-p", policy.name], input=span, capture_output=True, text=True, timeout=60)
        if "SG0804" not in run.stderr or "1 of 1 spans" not in run.stderr:
            bad.append(f"spans that no policy is for: {run.returncode} {run.stdout} {run.stderr}")
    return bad


def check_codes():
    run = subprocess.run([rig.BINARY, "explain", "SG0412"], capture_output=True, text=True, timeout=20)
    bad = [] if run.returncode == 0 and "unknown entity" in run.stdout else [run.stdout + run.stderr]
    run = subprocess.run([rig.BINARY, "policy", "explain", "-p", "starter", "--resource", "service.name", "--value", "x"], capture_output=True, text=True, timeout=20)
    if run.returncode != 2 or "KEY=VALUE" not in run.stderr:
        bad.append(f"a resource without a value: {run.returncode} {run.stderr}")
    run = subprocess.run([rig.BINARY, "policy", "lint", "starter", "--ignore", "SG9999"], capture_output=True, text=True, timeout=60)
    if run.returncode != 2:
        bad.append(f"a code that there is not is ignored: {run.returncode}")
    with open("/dev/full", "w") as full:  # half a report must not look like a whole one
        for args in (["policy", "detectors"], ["policy", "lint", "starter"], ["man"]):
            code = subprocess.run([rig.BINARY, *args], stdout=full, stderr=subprocess.PIPE, timeout=60).returncode
            if code != 4:
                bad.append(f"{args} to a full disk: {code}")
    return bad


def spangate(*args, cwd=None, env=None):
    return subprocess.run([rig.BINARY, *args], capture_output=True, text=True, timeout=60, cwd=cwd, env=env)


def check_init_and_print():
    """What init writes passes check; what print says is a file again, says the same, and tells no secret."""
    bad = []
    with tempfile.TemporaryDirectory() as d:
        for profile in ("gateway", "sidecar"):
            at = f"{d}/{profile}"
            made = spangate("config", "init", "--dir", at, "--profile", profile)
            again = spangate("config", "init", "--dir", at)
            spangate("cert", "dev", "--dir", f"{at}/pki")
            checked = spangate("check", f"{at}/gateway.yaml")
            if "SG0114" in checked.stderr:
                bad.append(f"{profile}: no route leads to its exporter: {checked.stderr}")
            if made.returncode or again.returncode != 2 or checked.returncode:
                bad.append(f"{made.returncode} {again.returncode} {made.stderr}{checked.stdout}{checked.stderr}")
            gateway = pathlib.Path(at, "gateway.yaml")
            pathlib.Path(at, "token").write_text("bearer-of-a-secret")
            gateway.write_text(gateway.read_text().replace("    jurisdiction:", '    headers: {x-key: plain-secret, x-file: "${file:token}"}\n    jurisdiction:')
                               + "  logs: {level: \"${env:SOME_LEVEL}\"}\n")
            env = dict(os.environ, SOME_LEVEL="warn")
            one = spangate("config", "print", str(gateway), "--defaults", env=env)
            gateway.with_name("again.yaml").write_text(one.stdout)
            two = spangate("config", "print", str(gateway.with_name("again.yaml")), "--defaults", env=env)
            plain = lambda text: text.replace("  # default", "").replace('"', "")
            if one.returncode or plain(one.stdout) != plain(two.stdout) or 'level: "warn"' not in one.stdout or "secret-" in one.stdout or "-secret" in one.stdout:
                bad.append(one.stdout + one.stderr + two.stdout + two.stderr)
    if spangate("config", "init", "--from", "DE], to: [x").returncode != 2 or spangate("config", "print", "/nonexistent").returncode != 3:
        bad.append("wrong usage")
    return bad


def check_completion():
    script = spangate("completion", "bash").stdout + """
ask() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _spangate; echo "${COMPREPLY[*]}"; }
ask spangate comp; ask spangate policy te; ask spangate scan x --fo; ask spangate policy test --format ju; ask spangate policy eval --to
"""
    run = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=20)
    bad = [] if run.stdout.split() == ["completion", "test", "--format", "junit", "--to"] and not run.stderr else [run.stdout + run.stderr]
    if "-l fail-on" not in spangate("completion", "fish").stdout or spangate("completion", "csh").returncode != 2:
        bad.append("fish, or csh")
    return bad


def main():
    passed = failed = 0
    for check in (check_watch, check_scan, check_codes, check_init_and_print, check_completion):
        problems = check()
        passed, failed = passed + (not problems), failed + bool(problems)
        print(f"{'FAIL' if problems else 'ok  '} {check.__name__}" + "".join(f"\n     {p}" for p in problems))
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
