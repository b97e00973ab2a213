#!/usr/bin/env python3
"""kill -9 again and again, at any time: under load, twice in a row, before the gate is ready, while it delivers what was left. Two destinations, one of them down for half of
the time, one slow. Every acknowledged span arrives, at its own destination; the log verifies, and goes on from each checkpoint that was seen.

Usage: 53-kills.py [ROUNDS [KILLS]]     default 1 round of 14 kills"""
import json
import random
import subprocess
import sys
import threading
import time

import rig

ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 1
KILLS = int(sys.argv[2]) if len(sys.argv) > 2 else 14
BATCH, CONNECTIONS = 64, 3
# What a kill can double at each destination: what of its backlog is under way, acknowledgements that are not durable yet included, and what senders have under way, and repeat.
IN_FLIGHT = BATCH * (16 + 2 * CONNECTIONS) * 2


def pause(seconds):
    threading.Event().wait(seconds)


class Side:
    """A sender, its destination, and what each of them saw."""

    def __init__(self, r, name, who, protocol):
        self.r, self.name, self.who, self.protocol = r, name, who, protocol
        self.received, self.acked, self.port = {}, set(), rig.free_port()
        self.ids, self.drain = r.id_pipe(f"ids-{name}", self.on_id)
        self.acks, self.acks_drain = r.id_pipe(f"acked-{name}", self.acked.add)

    def on_id(self, i):
        self.received[i] = self.received.get(i, 0) + 1

    def up(self):
        port = {"grpc": self.port} if self.name == "eu" else {"http": self.port}
        return self.r.sink(self.name, **port, extra=("--ids", self.ids, *(("--delay", "30ms") if self.name == "us" else ())))

    def send(self, seed):
        return self.r.send(200000, self.protocol, self.who, ("--batch", BATCH, "--connections", CONNECTIONS, "--seed", seed, "--acked", self.acks, "--rate", 3000))


def checkpoint(r):
    path = r.dir / "audit/checkpoint"
    return int(path.read_text().split("\n")[1]) if path.exists() else 0


def kill(r, gate, rng, config):
    """Kill it, now or when it has hardly begun; some times more than once. The gate that runs then, and how often."""
    gate.kill()
    gate.wait()
    again = rng.choice((0, 0, 1, 2))
    for _ in range(again):
        early = r.spawn([rig.BINARY, "run", "-c", config], "gate.log", env=None)
        pause(rng.uniform(0.005, 0.25))
        early.kill()
        early.wait()
    return r.gate(config), again


def one_round(seed):
    rng = random.Random(seed)
    with rig.Rig("kills") as r:
        eu, us = Side(r, "eu", "shop", "grpc"), Side(r, "us", "us", "http/protobuf")
        config = r.config(eu.port, us.port, extra="audit: {dir: audit, checkpoint: {every: 50ms}}\n")
        config.write_text(config.read_text().replace("compression: gzip", "compression: gzip, retry_on_failure: {initial_interval: 100ms, max_interval: 300ms}"))
        us.up()
        gate = r.gate(config)
        senders = [eu.send(seed), us.send(seed + 1)]
        sizes, early = [], 0
        for n in range(KILLS):
            pause(rng.uniform(0.02, 0.7))
            sizes.append(checkpoint(r))
            gate, again = kill(r, gate, rng, config)
            early += again
            if n == KILLS // 2:
                eu.up()
        pause(0.5)
        for s in senders:
            s.kill()
            s.wait()
        pause(0.3)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and not all(set(s.acked) <= set(s.received) for s in (eu, us)):
            pause(0.1)
        sizes.append(checkpoint(r))
        ended = rig.stop(gate, 30)
        sizes.append(checkpoint(r))
        lost = [len(s.acked - set(s.received)) for s in (eu, us)]
        foreign = len(set(eu.received) & set(us.received))
        doubles = sum(n - 1 for s in (eu, us) for n in s.received.values())
        key = next(json.loads(line)["key"] for line in (r.dir / "gate.log").read_text().splitlines() if '"audit_log_open"' in line)
        verify = subprocess.run([rig.BINARY, "audit", "verify", "--dir", r.dir / "audit", "--trust", key], capture_output=True, text=True)
        good = lost == [0, 0] and not foreign and ended == 0 and verify.returncode == 0 and sizes == sorted(sizes) and doubles <= IN_FLIGHT * (KILLS + early) and len(eu.acked) > 100
        print(f"{'ok  ' if good else 'FAIL'} seed {seed}: {KILLS} kills, {len(eu.acked)} and {len(us.acked)} acknowledged, {lost} lost, {foreign} at the wrong place, {doubles} twice of {IN_FLIGHT * (KILLS + early)} at most, "
              f"the gate ended with {ended}, the log of {sizes[-1]} entries {'verifies' if verify.returncode == 0 else verify.stderr}, sizes {'rise' if sizes == sorted(sizes) else sizes}", flush=True)
        return good


def main():
    passed = 0
    for n in range(ROUNDS):
        try:
            passed += one_round(1000 + 10 * n)
        except (TimeoutError, RuntimeError, OSError) as e:
            print(f"FAIL round {n}: {e}", flush=True)
    print(f"{passed} passed, {ROUNDS - passed} failed")
    return passed != ROUNDS


sys.exit(main())
