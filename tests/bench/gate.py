#!/usr/bin/env python3
"""The whole gate over loopback mTLS: one worker and its journal on one core, sender and sink on the other. Prints what was reached beside the targets.

Usage: gate.py [--seconds N] [--rounds N] [--noaudit BINARY [--only-audit]] [--realtime] [--json]"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "system"))
import rig  # noqa: E402

ahead = []  # what goes before each command
SESSIONS = 3
GATE_CPU, LOAD_CPU = "0", str(min(1, (os.cpu_count() or 1) - 1))


def policy(rules):
    bench = pathlib.Path(rig.BINARY).parent / "bench/bench"
    return subprocess.run([bench, "--policy", str(rules)], capture_output=True, text=True, check=True).stdout


def children(parent):
    out = []
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(stat.read_text().rsplit(") ", 1)[1].split()[1]) == parent:
                out.append(int(stat.parent.name))
        except OSError:  # it has ended
            pass
    return out


class Bench:
    def __init__(self, r, compression, rules, audit=True, binary=None):
        self.r, self.compression = r, compression
        self.sink = r.spawn_pinned_sink(LOAD_CPU, ahead)
        text = policy(rules)
        config = r.config(self.sink.grpc, rig.free_port(), compression=compression, policy=text, destinations=("eu",), extra="workers: 1\n" + ("" if audit else "audit: {max_size_mib: 4096}\n"))
        config.write_text(config.read_text().replace("level: debug", "level: warn"))
        self.gate = r.gate(config, prefix=(*ahead, "taskset", "-c", GATE_CPU), binary=binary)

    def load(self, count, batch=512, connections=2, in_flight=2, rate=0, direct=False):
        port = self.sink.grpc if direct else self.r.grpc
        pki = self.r.dir / "pki"
        ca, crt = ("backends-ca.crt", "egress") if direct else ("server-ca.crt", "shop")
        run = subprocess.run(
            [*ahead, "taskset", "-c", LOAD_CPU, rig.BINARY, "send", "--endpoint", f"https://localhost:{port}", "--cert", pki / f"{crt}.crt", "--key", pki / f"{crt}.key",
             "--ca", pki / ca, "--count", str(count), "--batch", str(batch), "--connections", str(connections), "--in-flight", str(in_flight),
             "--rate", str(rate), "--region", "eu-central-1", "--compression", self.compression, "--format", "json", "--seed", "2026", "--prepared", "64"],
            capture_output=True, text=True)
        if run.returncode:
            raise RuntimeError(run.stderr + run.stdout)
        return json.loads(run.stdout.splitlines()[-1])

    def cpu(self):
        """Processor seconds so far: all threads of the gate, and the signer, its child."""
        tasks = (task for pid in (self.gate.pid, *children(self.gate.pid)) for task in pathlib.Path(f"/proc/{pid}/task").iterdir())
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9

    def memory_mib(self):
        for line in (pathlib.Path("/proc") / str(self.gate.pid) / "status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) / 1024
        return 0


def measure(compression, seconds, rounds, out):
    with rig.Rig("bench") as r:
        b = Bench(r, compression, 50)
        first = b.load(512 * 200)
        count = int(max(first["spans_per_second"], 5000) * seconds) // 512 * 512
        rates, costs = [], []
        for _ in range(rounds):
            before = b.cpu()
            got = b.load(count)
            rates.append(got["spans_per_second"])
            costs.append((b.cpu() - before) / got["spans"] * 1e6)
        name = "plain" if compression == "none" else compression
        target = 150000 if compression == "none" else 100000
        out(f"whole gate, {name}, 50 rules", statistics.median(rates), "spans/s", target, f"[{min(rates):.0f} .. {max(rates):.0f}], {statistics.median(costs):.2f} us of processor a span")
        out(f"memory at that load, {name}", b.memory_mib(), "MiB", -48, "")
        for batch in (8, 512):
            through = [b.load(batch * 300, batch, 1, 1) for _ in range(rounds)]
            direct = [b.load(batch * 300, batch, 1, 1, direct=True) for _ in range(rounds)]
            for p in ("p50", "p99"):
                t = statistics.median(x[f"{p}_us"] for x in through) / 1000
                d = statistics.median(x[f"{p}_us"] for x in direct) / 1000
                out(f"added latency {p}, {batch} spans, {name}", t - d, "ms", 0, f"through {t:.2f}, direct {d:.2f}")
        rig.stop(b.gate)


class Variant:
    """A gate that is compared: its own folders, the same load."""

    def __init__(self, r, compression, binary=None, audit=True):
        self.bench = Bench(r, compression, 50, audit, binary)
        self.log = r.dir / "audit/checkpoint" if audit and not binary else None
        self.us, self.rate = [], []

    def recorded(self):
        return next(int(line.split()[1]) for line in self.bench.r.metrics().splitlines() if line.startswith("spangate_audit_records_total "))

    def settle(self):
        """Wait until a checkpoint covers all that was recorded: signing and tiling are part of the cost."""
        if not self.log:
            return
        recorded = self.recorded()
        deadline = time.monotonic() + 20
        while not self.log.exists() or int(self.log.read_text().splitlines()[1]) < recorded:
            if time.monotonic() > deadline:
                raise TimeoutError("no checkpoint")
            time.sleep(0.02)

    def round(self, batches):
        before = self.bench.cpu()
        got = self.bench.load(512 * batches)
        self.settle()
        self.us.append((self.bench.cpu() - before) / got["spans"] * 1e6)
        self.rate.append(got["spans_per_second"])


def more(over, base):
    """By how many per cent, round by round."""
    return [(a / b - 1) * 100 for a, b in zip(over, base)]


def audit_session(compression, rounds, noaudit):
    """Three fresh gates, the same load through them in turns: as it is shipped; without the log's folder, where entries stay in the journal; without any audit."""
    with rig.Rig("bench-on") as on, rig.Rig("bench-no-log") as no_log, rig.Rig("bench-none") as none:
        all_of_it, _, nothing = gates = [Variant(on, compression), Variant(no_log, compression, audit=False), Variant(none, compression, noaudit, audit=False)]
        for i in range(rounds + 1):
            for g in gates[i % 3:] + gates[:i % 3]:
                g.round(500 if i else 100)
        if nothing.recorded() > 100 or all_of_it.recorded() < 500 * rounds:
            raise RuntimeError("what is to record nothing records, or what is to record does not")
        for g in gates:
            g.us, g.rate = g.us[1:], g.rate[1:]
            rig.stop(g.bench.gate)
        return gates


def measure_audit(compression, rounds, noaudit, out):
    """Compared round by round, by the processor time of all threads and of the signer: the machine has several speeds, and this is the least noisy of what it says. In several
    sessions with fresh gates, because they differ by more than the rounds in them do. Given: the median of all rounds, and the medians of the sessions."""
    sessions = [audit_session(compression, rounds, noaudit) for _ in range(SESSIONS)]
    name = "plain" if compression == "none" else compression
    a, b, c = (statistics.median(us for s in sessions for us in s[i].us) for i in range(3))

    def compare(over, base, values="us"):
        each = [more(getattr(s[over], values), getattr(s[base], values)) for s in sessions]
        middle = [statistics.median(e) for e in each]
        return statistics.median(x for e in each for x in e), f"[{min(middle):.1f} .. {max(middle):.1f}]"

    share, spread = compare(0, 2)
    out(f"audit's share of the data path, {name}", share, "%", -5, f"{spread} {a:.2f} us of processor a span, {b:.2f} without the log's folder, {c:.2f} without audit")
    out(f"  entries, digests, journal, {name}", compare(1, 2)[0], "%", 0, "")
    out(f"  tiling and signing, {name}", compare(0, 1)[0], "%", 0, "")
    faster, spread = compare(2, 0, "rate")
    out(f"  more throughput without, {name}", faster, "%", 0, spread)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--realtime", action="store_true", help="ahead of all other work, where there is some")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--noaudit", help="the gate that records nothing, to compare with")
    parser.add_argument("--only-audit", action="store_true", help="only what the audit costs")
    parser.add_argument("binary", nargs="?", default=rig.BINARY)
    a = parser.parse_args()
    rig.BINARY = a.binary
    if a.realtime:
        ahead.extend(("chrt", "--rr", "5"))

    def out(name, value, unit, target, note):
        if a.json:
            print(json.dumps({"name": name, "value": value, "unit": unit, "target": abs(target) or None}), flush=True)
            return
        verdict = ""
        if target:
            reached = value >= target if target > 0 else value <= -target
            verdict = f"  target {'>=' if target > 0 else '<='} {abs(target)}  {'reached' if reached else 'MISSED'}"
        print(f"{name:42} {value:10.2f} {unit}{verdict}  {note}", flush=True)

    start = time.monotonic()
    if not a.only_audit:
        measure("none", a.seconds, a.rounds, out)
        measure("gzip", a.seconds, a.rounds, out)
    if a.noaudit:
        os.environ["SPANGATE_BENCH_NO_AUDIT"] = "1"
        measure_audit("none", a.rounds, a.noaudit, out)
        measure_audit("gzip", a.rounds, a.noaudit, out)
    if not a.json:
        print(f"gate on core {GATE_CPU}, sender and sink on core {LOAD_CPU}; {time.monotonic() - start:.0f} s")


main()
