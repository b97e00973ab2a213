"""What tests of faults share: checks that are counted, a gate with one destination that may be down, disks and a clock that fail on demand (faults.c, preloaded)."""
import collections
import http.client
import json
import os
import pathlib
import re
import subprocess
import threading
import time
import urllib.error
import urllib.request

import peers
import rig

HERE = pathlib.Path(__file__).resolve().parent
EIO, ENOSPC, EROFS, EMFILE = 5, 28, 30, 24
shim = None  # faults.so, once it is made
lock = threading.Lock()
score = collections.Counter()


def check(name, good, said=""):
    with lock:
        score["passed" if good else "failed"] += 1
        if not good or os.environ.get("VERBOSE"):
            print(f"{'ok  ' if good else 'FAIL'} {name}{': ' + str(said) if said != '' else ''}", flush=True)


def pause(seconds):
    threading.Event().wait(seconds)


def wait_for(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        pause(0.03)
    return True


class House(rig.Rig):
    """A gate, a backend that may be down, a sender that remembers what was acknowledged."""

    def __init__(self, name, extra="", journal="max_size_mib: 64", backend=True, workers=1):
        super().__init__(name)
        self.name, self.acknowledged, self.port = name, set(), rig.free_port()
        self.extra, self.journal, self.backend, self.workers = extra, journal, backend, workers
        self.seen = self.ids
        self.conn = None
        self.fault = self.dir / "fault"

    def __enter__(self):
        super().__enter__()
        self.path, self.drain = self.id_pipe("ids", lambda i: self.seen.update((i,)))
        if self.backend:
            self.up()
        self.file = self.config(self.port, rig.free_port(), extra=self.extra, destinations=("eu",))
        text = self.file.read_text().replace("max_size_mib: 1024", self.journal).replace("node: test", f"node: test\nworkers: {self.workers}")
        text = re.sub(r"    - \{from: \[US\].*\n", "", text).replace("compression: gzip", "compression: gzip, retry_on_failure: {initial_interval: 100ms, max_interval: 300ms}")
        self.file.write_text(text)
        policy = self.dir / "policies/all.policy.yaml"
        policy.write_text(re.sub(r"    - \{from: \[US\].*\n", "", policy.read_text()))
        self.context = peers.client_context(self.dir / "pki", alpn=("http/1.1",))
        return self

    def up(self):
        self.backend_process = self.sink("eu", grpc=self.port, extra=("--ids", self.path))

    def start(self, under=None, prefix=()):
        env = ("env", f"LD_PRELOAD={shim}", f"FAULT={self.fault}", f"FAULT_UNDER={under}") if under else ()
        self.process = self.gate(self.file, prefix=(*env, *prefix))
        return self.process

    def say(self, text):
        self.fault.with_suffix(".new").write_text(text)
        self.fault.with_suffix(".new").rename(self.fault)

    def push(self, count=1, text="plain", timeout=20):
        """The statuses of so many requests, one after the other; -1: no answer."""
        out = []
        for _ in range(count):
            span = os.urandom(8).hex()
            try:
                self.conn = self.conn or http.client.HTTPSConnection("localhost", self.http, context=self.context, timeout=timeout)
                self.conn.request("POST", "/v1/traces", peers.request([span], text=text), {"Content-Type": "application/x-protobuf"})
                answer = self.conn.getresponse()
                answer.read()
                out.append(answer.status)
                if answer.status == 200:
                    self.acknowledged.add(span)
                if answer.will_close:
                    self.hang_up()
            except (OSError, http.client.HTTPException):
                self.hang_up()
                out.append(-1)
        return out

    def hang_up(self):
        if self.conn:
            self.conn.close()
        self.conn = None

    def told(self):
        return (self.dir / "gate.log").read_text(errors="replace")

    def ready(self):
        try:
            return urllib.request.urlopen(f"http://127.0.0.1:{self.admin}/readyz", timeout=5).status
        except urllib.error.HTTPError as e:
            return e.code
        except OSError:
            return -1

    def settle(self, stop=True, twice=0):
        """All that was acknowledged arrives; the gate ends well; its log verifies."""
        arrived = wait_for(lambda: self.acknowledged <= set(self.seen), 30)
        check(f"{self.name}: all that was acknowledged arrived", arrived, f"{len(self.acknowledged - set(self.seen))} of {len(self.acknowledged)} missing")
        doubles = sum(n - 1 for n in self.seen.values())
        check(f"{self.name}: at most {twice} twice", doubles <= twice, doubles)
        if stop:
            self.hang_up()
            code = rig.stop(self.process, 30)
            check(f"{self.name}: the gate ends well", code == 0, code)
        self.verify()

    def verify(self):
        key = self.key()
        v = subprocess.run([rig.BINARY, "audit", "verify", "--dir", self.dir / "audit", "--trust", key], capture_output=True, text=True)
        check(f"{self.name}: the log verifies", v.returncode == 0, v.stdout + v.stderr)

    def key(self):
        return next(e["key"] for e in map(json.loads, (line for line in self.told().splitlines() if line.startswith("{"))) if e.get("event") == "audit_log_open")


def run_parts(name, parts, wanted, workers=6):
    """The wanted functions, some at a time; the exit code."""
    global shim
    with rig.Rig(name) as r:
        shim = r.dir / "faults.so"
        subprocess.run([os.environ.get("CC", "cc"), "-shared", "-fPIC", "-O1", "-o", shim, HERE / "faults.c"], check=True)
        waiting = list(wanted or parts)

        def worker():
            while True:
                with lock:
                    if not waiting:
                        return
                    part = waiting.pop(0)
                start = time.monotonic()
                try:
                    parts[part]()
                except Exception as e:  # what a part cannot even do is a failure of its own
                    check(part, False, repr(e))
                if os.environ.get("VERBOSE"):
                    print(f"     {part} took {time.monotonic() - start:.1f} s", flush=True)

        threads = [threading.Thread(target=worker) for _ in range(workers)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
    print(f"{score['passed']} passed, {score['failed']} failed")
    return 1 if score["failed"] else 0
