#!/usr/bin/env python3
"""The whole gate over loopback mTLS: one worker and its journal on one core, sender and sink on the other. Prints what was reached beside the targets.

Usage: gate.py [--seconds N] [--rounds N] [--json]"""
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

GATE_CPU, LOAD_CPU = "0", str(min(1, (os.cpu_count() or 1) - 1))


def policy(rules):
    bench = pathlib.Path(rig.BINARY).parent / "bench/bench"
    return subprocess.run([bench, "--policy", str(rules)], capture_output=True, text=True, check=True).stdout


class Bench:
    def __init__(self, r, compression, rules, audit=True):
        self.r, self.compression = r, compression
        self.sink = r.spawn_pinned_sink(LOAD_CPU)
        text = policy(rules)
        config = r.config(self.sink.grpc, rig.free_port(), compression=compression, policy=text, destinations=("eu",), extra="workers: 1\n" + ("" if audit else "audit: {max_size_mib: 4096}\n"))
        config.write_text(config.read_text().replace("level: debug", "level: warn"))
        self.gate = r.gate(config, prefix=("taskset", "-c", GATE_CPU))

    def load(self, count, batch=512, connections=2, in_flight=2, rate=0, direct=False):
        port = self.sink.grpc if direct else self.r.grpc
        pki = self.r.dir / "pki"
        ca, crt = ("backends-ca.crt", "egress") if direct else ("server-ca.crt", "shop")
        run = subprocess.run(
            ["taskset", "-c", LOAD_CPU, rig.BINARY, "send", "--endpoint", f"https://localhost:{port}", "--cert", pki / f"{crt}.crt", "--key", pki / f"{crt}.key",
             "--ca", pki / ca, "--count", str(count), "--batch", str(batch), "--connections", str(connections), "--in-flight", str(in_flight),
             "--rate", str(rate), "--region", "eu-central-1", "--compression", self.compression, "--format", "json", "--seed", "2026", "--prepared", "64"],
            capture_output=True, text=True)
        if run.returncode:
            raise RuntimeError(run.stderr + run.stdout)
        return json.loads(run.stdout.splitlines()[-1])

    def cpu(self):
        """Processor seconds of the gate so far."""
        fields = (pathlib.Path("/proc") / str(self.gate.pid) / "stat").read_text().rsplit(") ", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

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


def measure_audit(rounds, out):
    """The same load with the log's folder and without it, in turns. Entries, their fsync and the digests of payloads run in both, and the signer is a process
    of its own: this is the cost of tiling alone, not of the audit."""
    with rig.Rig("bench-log") as with_log, rig.Rig("bench-no-log") as without:
        both = [Bench(with_log, "none", 50), Bench(without, "none", 50, audit=False)]
        costs = [[], []]
        for _ in range(rounds + 1):
            for b, cost in zip(both, costs):
                before = b.cpu()
                spans = b.load(512 * 400)["spans"]
                cost.append((b.cpu() - before) / spans * 1e6)
        on, off = (statistics.median(c[1:]) for c in costs)
        out("tiling's share of the data path", (on / off - 1) * 100, "%", 0, f"{on:.2f} us of processor a span, {off:.2f} without")
        for b in both:
            rig.stop(b.gate)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("binary", nargs="?", default=rig.BINARY)
    a = parser.parse_args()
    rig.BINARY = a.binary

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
    measure("none", a.seconds, a.rounds, out)
    measure("gzip", a.seconds, a.rounds, out)
    measure_audit(a.rounds, out)
    if not a.json:
        print(f"gate on core {GATE_CPU}, sender and sink on core {LOAD_CPU}; {time.monotonic() - start:.0f} s")


main()
