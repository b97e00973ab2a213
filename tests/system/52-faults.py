#!/usr/bin/env python3
"""Machines that fail: full, broken and read-only disks, no descriptors, no memory, a clock that jumps, a process that is stopped, ended, reloaded and told new
certificates under load, two gates on one folder, files that were changed. What was acknowledged arrives or is kept, the log verifies, and the gate says why.

Faults of disk and clock come from faults.c, preloaded. Usage: 52-faults.py [PART...]"""
import collections
import http.client
import os
import random
import shutil
import signal
import subprocess
import sys
import threading

import peers
import rig
from house import EIO, ENOSPC, EROFS, House, check, lock, pause, run_parts, wait_for


# -- disks ---------------------------------------------------------------------------------------------------------------------------
def disk(name, fault, under="/journal/", backend=True, die=False):
    with House(name, backend=backend) as h:
        h.start(under)
        check(f"{name}: before", h.push(10) == [200] * 10)
        h.say(fault)
        got = h.push(8)
        check(f"{name}: nothing is taken meanwhile", 200 not in got[1:] and -1 not in got, got)
        check(f"{name}: it is not ready", h.ready() == 503, h.ready())
        if die:
            h.process.kill()
            h.process.wait()
            h.hang_up()
            h.say("")
            h.start(under)
        else:
            h.say("")
        check(f"{name}: taken again", wait_for(lambda: h.push() == [200], 15))
        check(f"{name}: after", h.push(10) == [200] * 10)
        if not backend:
            h.up()
        h.settle(twice=len(h.acknowledged) if die else 2)


def disks():
    disk("full", f"write {ENOSPC}")
    disk("full, backend down, killed", f"write {ENOSPC}", backend=False, die=True)
    disk("writes fail", f"write {EIO}")


def disks_sync():
    disk("fsync fails", f"sync {EIO}")
    disk("fsync fails, backend down, killed", f"sync {EIO}", backend=False, die=True)
    disk("read-only", f"write {EROFS}")


def disks_torn():
    disk("torn writes", "torn 1")
    disk("torn writes, backend down, killed", "torn 1", backend=False, die=True)


def audit_disk():
    """The folder of the log is full: entries stay in the journal, then they come after."""
    for word in (f"write {ENOSPC}", f"sync {EIO}", f"create {ENOSPC}"):
        name = f"log, {word}"
        with House(name, extra="audit: {dir: audit, checkpoint: {every: 50ms}}\n") as h:
            h.start("/audit/")
            h.push(5)
            h.say(word)
            got = h.push(20)
            check(f"{name}: taken while entries are durable in the journal", got == [200] * 20 or set(got) <= {200, 503}, got)
            h.say("")
            check(f"{name}: ready again", wait_for(lambda: h.ready() == 200, 15))
            h.push(5)
            h.settle()


def small_disk():
    """A real file system that is full. Needs root and mounts of its own."""
    key = "audit: {dir: audit, checkpoint: {sign_key_file: log.key}}\n"  # not where it is full
    with House("tmpfs", journal="max_size_mib: 64", backend=False, extra=key) as h:
        subprocess.run([rig.BINARY, "audit", "keygen", "--origin", "test/log", "--out", h.dir / "log.key"], check=True, capture_output=True)
        (h.dir / "journal").mkdir(mode=0o700)
        if os.geteuid() or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", h.dir / "journal"], capture_output=True).returncode:
            print("left out: a small file system, no mounts here")
            return
        try:
            h.start()
            statuses = []
            noise = random.Random(1)
            while len(statuses) < 400 and (not statuses or statuses[-1] == 200):
                statuses += h.push(text=noise.randbytes(20000).hex())
            check("tmpfs: full", statuses[-1] in (429, 503) and len(statuses) > 5, (len(statuses), statuses[-1]))
            check("tmpfs: it lives", h.process.poll() is None)
            h.process.kill()
            h.process.wait()
            h.hang_up()
            h.start()
            h.up()
            check("tmpfs: taken again when there is room", wait_for(lambda: h.push() == [200], 20))
            h.settle(twice=len(h.acknowledged))
        finally:
            if getattr(h, "process", None) and h.process.poll() is None:
                h.process.kill()
                h.process.wait()
            subprocess.run(["umount", "-l", h.dir / "journal"], capture_output=True)


def bounds():
    """The journal's own limit, and the log's."""
    with House("bound", journal="max_size_mib: 1", backend=False) as h:
        h.start()
        noise = random.Random(1)
        statuses = []
        while len(statuses) < 400 and (not statuses or statuses[-1] == 200):
            statuses += h.push(text=noise.randbytes(20000).hex())
        check("bound: full", statuses[-1] in (429, 503) and len(statuses) > 10, (len(statuses), statuses[-1]))
        h.up()
        check("bound: taken again when there is room", wait_for(lambda: h.push() == [200], 20))
        h.settle()


def file_limit():
    """Files that may not grow (ulimit -f): a full disk, no signal. Without the limit all is there."""
    with House("file limit", backend=False) as h:
        h.start(prefix=("prlimit", "--fsize=3000000"))
        noise, statuses = random.Random(1), []
        while len(statuses) < 400 and (not statuses or statuses[-1] == 200):
            statuses += h.push(text=noise.randbytes(20000).hex())
        check("file limit: full", statuses[-1] in (429, 503) and len(statuses) > 5, (len(statuses), statuses[-1]))
        check("file limit: it lives", h.process.poll() is None, h.process.poll())
        h.process.kill()
        h.process.wait()
        h.hang_up()
        h.up()
        h.start()
        check("file limit: taken again without it", wait_for(lambda: h.push() == [200], 20))
        h.settle(twice=len(h.acknowledged))


def log_bound():
    """No room for entries that are not in the log yet: nothing is taken until they are."""
    with House("log bound", extra="audit: {dir: audit, max_size_mib: 1, checkpoint: {every: 50ms}}\n") as h:
        h.start("/audit/")
        h.push(3)
        h.say(f"write {ENOSPC}")
        end = load(h, 0, threads=3)
        full = wait_for(lambda: h.push()[0] in (429, 503), 30)
        counts = end()
        check("log bound: full", full and set(counts) <= {200, 429, 503}, dict(counts))
        h.say("")
        h.hang_up()
        check("log bound: taken again", wait_for(lambda: h.push() == [200], 20))
        h.settle(twice=100)


# -- descriptors and memory ----------------------------------------------------------------------------------------------------------
def descriptors():
    import socket
    with House("descriptors") as h:
        h.start(prefix=("prlimit", "--nofile=80"))
        check("descriptors: before", h.push(5) == [200] * 5)
        crowd = [socket.create_connection(("127.0.0.1", h.http)) for _ in range(200)]
        check("descriptors: who is in is served", h.push(5) == [200] * 5)
        pause(1)
        ticks = lambda: sum(map(int, open(f"/proc/{h.process.pid}/stat").read().rsplit(")", 1)[1].split()[11:13]))
        before = ticks()
        pause(1)
        check("descriptors: it does not spin", ticks() - before < 30, ticks() - before)
        for s in crowd:
            s.close()
        h.hang_up()
        check("descriptors: others again", wait_for(lambda: h.push() == [200], 15))
        h.settle()
    with House("few descriptors") as h:
        for n in (5, 8, 11, 14, 17, 20, 23, 26):
            p = h.spawn(["prlimit", f"--nofile={n}", rig.BINARY, "run", "-c", h.file], f"few-{n}.log")
            try:
                code = p.wait(2)
            except subprocess.TimeoutExpired:
                code = rig.stop(p)
            said = (h.dir / f"few-{n}.log").read_text()
            check(f"{n} descriptors: it says so and ends, or serves", (code in (3, 4) and "error" in said) or (code == 0 and "ready" in said), (code, said[-300:]))


def memory():
    """Address space for little more than the start: big requests are refused, nothing acknowledged is lost."""
    if rig.is_sanitized():  # it asks for terabytes of address space
        return
    with House("memory", journal="max_size_mib: 16", extra="audit: {dir: audit, max_size_mib: 16}\n") as h:
        h.start(prefix=("prlimit", f"--as={700 << 20}"))
        check("memory: before", h.push(5) == [200] * 5)

        def heavy():
            c = peers.connect(h.http, h.context, timeout=60)
            body = peers.request([os.urandom(8).hex()], text="x" * (15 << 20))
            try:
                c.sendall(b"POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-protobuf\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
                c.recv(100)
            except OSError:
                pass
            c.close()

        threads = [threading.Thread(target=heavy) for _ in range(24)]
        for t in threads:
            t.start()
        h.push(20)
        for t in threads:
            t.join()
        check("memory: it lives", h.process.poll() is None, h.process.poll())
        check("memory: taken again", wait_for(lambda: h.push() == [200], 15))
        h.settle(twice=10)


# -- time and signals ----------------------------------------------------------------------------------------------------------------
def clock():
    with House("clock", extra="audit: {dir: audit, checkpoint: {every: 50ms}}\n") as h:
        h.start("/nothing/")
        for jump in (0, 3600, -3600, -86400 * 365, 5, 0):
            h.say(f"clock {jump}")
            good = h.push(6)
            # A year back no certificate is valid yet: new handshakes are refused, those that are in stay until they are looked at.
            check(f"clock: {jump:+} s", set(good) == {200} or jump < -86400, good)
            pause(0.2)
        h.hang_up()
        check("clock: right again", wait_for(lambda: h.push() == [200], 15))
        h.say("clock 315360000")
        h.hang_up()
        check("clock: in ten years no certificate is valid", set(h.push(3)) == {-1})
        h.say("clock 0")
        check("clock: now they are", wait_for(lambda: h.push() == [200], 15))
        h.settle()


def load(h, seconds, threads=4):
    """Senders that go on until they are told to stop; statuses are counted."""
    stop, counts, acknowledged = threading.Event(), collections.Counter(), set()

    def one():
        conn = None
        while not stop.is_set():
            spans = [os.urandom(8).hex() for _ in range(20)]
            try:
                conn = conn or http.client.HTTPSConnection("localhost", h.http, context=h.context, timeout=20)
                conn.request("POST", "/v1/traces", peers.request(spans, text="jane.doe@example.org"), {"Content-Type": "application/x-protobuf"})
                answer = conn.getresponse()
                answer.read()
                with lock:
                    counts[answer.status] += 1
                    if answer.status == 200:
                        h.acknowledged.update(spans)
                if answer.will_close:
                    conn.close()
                    conn = None
            except (OSError, http.client.HTTPException):
                with lock:
                    counts[-1] += 1
                if conn:
                    conn.close()
                conn = None
                pause(0.02)

    ts = [threading.Thread(target=one) for _ in range(threads)]
    for t in ts:
        t.start()

    def end():
        stop.set()
        for t in ts:
            t.join(30)
        return counts

    return end


def signals():
    with House("stopped and continued", workers=2) as h:
        h.start()
        end = load(h, 3)
        for _ in range(5):
            pause(0.2)
            h.process.send_signal(signal.SIGSTOP)
            pause(0.3)
            h.process.send_signal(signal.SIGCONT)
        counts = end()
        check("stopped and continued: no request fails", set(counts) == {200}, dict(counts))
        h.settle(twice=20 * 8)
    with House("ended under load", workers=2) as h:
        for _ in range(3):
            h.start()
            end = load(h, 1)
            pause(0.5)
            code = rig.stop(h.process, 30)
            counts = end()
            check("ended under load: exit code", code == 0, (code, dict(counts)))
        h.start()
        h.settle(twice=20 * 24)


def reloads():
    """Good and bad configurations, as fast as they can be sent, and certificates that change."""
    with House("reloads", workers=2) as h:
        h.start()
        good, policy = h.file.read_text(), h.dir / "policies/all.policy.yaml"

        def write(path, text):
            path.with_suffix(".new").write_text(text)
            path.with_suffix(".new").rename(path)

        rules = policy.read_text()
        end = load(h, 5)
        for n in range(60):
            if n % 6 == 1:
                write(h.file, good[:len(good) // 2])
            elif n % 6 == 3:
                write(policy, rules.replace("action:", "acton:", 1))
            elif n % 6 == 4:
                write(policy, rules.replace("revision: 1,", f"revision: {n + 2},", 1))
            else:
                write(h.file, good)
                write(policy, rules)
            h.process.send_signal(signal.SIGHUP)
            pause(0.02)
        write(h.file, good)
        write(policy, rules)
        h.process.send_signal(signal.SIGHUP)
        pause(0.5)
        counts = end()
        check("reloads: no request fails", set(counts) == {200} and counts[200] > 20, dict(counts))
        h.settle(twice=20 * 8)
    with House("certificates", workers=2) as h:
        pki = h.dir / "pki"
        for n in range(4):
            peers.certificate(pki, f"server{n}", "server-ca")
        peers.certificate(pki, "stale", "server-ca", end="20210101000000Z")
        h.start()
        end = load(h, 5)
        names = [f"server{n}" for n in range(4)]
        for n in range(12):
            name = "stale" if n % 3 == 2 else names[n % 4]
            for kind in ("key", "crt"):  # the key first: for a moment they do not fit, and a reload then must change nothing
                shutil.copy(pki / f"{name}.{kind}", pki / f"new.{kind}")
                os.replace(pki / f"new.{kind}", pki / f"server.{kind}")
                h.process.send_signal(signal.SIGHUP)
                pause(0.05)
            h.hang_up()
            got = h.push()
            check(f"certificates: rotation {n}", got == [200], got)
        counts = end()
        check("certificates: no request fails", set(counts) == {200}, dict(counts))
        h.settle(twice=20 * 8)


# -- folders -------------------------------------------------------------------------------------------------------------------------
def run_once(config, seconds=30):
    p = subprocess.run([rig.BINARY, "run", "-c", config], capture_output=True, text=True, timeout=seconds)
    return p.returncode, p.stderr


def second_gate():
    with House("second gate") as h:
        h.start()
        h.push(5)
        other = h.dir / "other.yaml"
        for what, text in {"the same journal": lambda t: t, "the same log": lambda t: t.replace("dir: journal", "dir: journal2")}.items():
            text = text(h.file.read_text())
            for port in (h.grpc, h.http, h.admin):
                text = text.replace(f":{port}", f":{rig.free_port()}")
            other.write_text(text)
            try:
                code, said = run_once(other, 5)
            except subprocess.TimeoutExpired:
                code, said = 0, "it serves"
            check(f"second gate: {what}", (code == 4 and "another gate" in said) or (code == 5 and "another key" in said), (code, said[-300:]))
        h.push(5)
        h.settle()


def changed_files(rounds=9):
    """Bits of the journal's file, changed while no gate runs: it is refused with a sentence, or served with what is missing recorded; never a crash."""
    rng = random.Random(7)
    with House("changed files", backend=False) as h:
        h.start()
        h.push(40, text="x" * 3000)
        h.process.kill()  # so that something is left in each file
        h.process.wait()
        h.hang_up()
        files, ends, folders = ("data.mdb", "data.mdb", "entries.wal"), collections.Counter(), ("journal", "audit")
        for folder in folders:
            shutil.copytree(h.dir / folder, h.dir / f"sound-{folder}", symlinks=True)
        for n in range(rounds):
            journal = h.dir / "journal" / files[n % 3]
            for folder in folders:
                shutil.rmtree(h.dir / folder)
                shutil.copytree(h.dir / f"sound-{folder}", h.dir / folder, symlinks=True)
            data = bytearray(journal.read_bytes())
            for _ in range((1, 400, 40)[n // 3 % 3]):
                data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
            journal.write_bytes(data)
            p = h.spawn([rig.BINARY, "run", "-c", h.file], f"changed-{n}.log")
            try:
                code = p.wait(1.5)
            except subprocess.TimeoutExpired:
                p.kill()
                p.wait()
                code = "serves"
            said = (h.dir / f"changed-{n}.log").read_text()
            ends[code] += 1
            check(f"changed files: round {n}", code == "serves" or (code == 5 and "error: journal" in said) or (code == 5 and "audit log" in said), (code, said[-300:]))
        check("changed files: some were refused", ends[5] > 0, dict(ends))


PARTS = {f.__name__: f for f in (disks, disks_sync, disks_torn, audit_disk, small_disk, bounds, file_limit, log_bound, descriptors, memory, clock, signals, reloads, second_gate, changed_files)}

sys.exit(run_parts("faults", PARTS, sys.argv[1:]))
