#!/usr/bin/env python3
"""kill -9 in the middle of a load, with the backend up, down and slow; restart: every acknowledged span arrives, duplicates at most the batches in flight.

Usage: 10-crash.py [ROUNDS [SPANS]]     default 1 round each of 20,000 spans (make check-system: 20)"""
import random
import sys

import rig

ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 1
SPANS = int(sys.argv[2]) if len(sys.argv) > 2 else 20000
BATCH, CONNECTIONS = 128, 4
# What can be in flight at the kill: a batch a connection towards the gate, four parcels towards the backend, four of the backlog; and all of it once more when
# the sender repeats what was not acknowledged.
IN_FLIGHT = BATCH * (2 * CONNECTIONS + 4 + 4)


def one_round(mode, seed):
    rng = random.Random(seed)
    with rig.Rig("crash") as r:
        received, acked = r.ids, r.acked
        ids_path, ids = r.id_pipe("ids", lambda i: received.update((i,)))
        acked_path, acks = r.id_pipe("acked", acked.add)
        port = rig.free_port()
        slow = ("--delay", "150ms") if mode == "slow" else ()
        sink = r.sink("eu", grpc=port, extra=("--ids", ids_path, *slow)) if mode != "down" else None
        config = r.config(port, rig.free_port())
        gate = r.gate(config)
        sender = r.send(SPANS, extra=("--batch", BATCH, "--connections", CONNECTIONS, "--seed", seed, "--acked", acked_path))
        kill_at = rng.randrange(SPANS // 20, SPANS * 3 // 4)
        acks.wait_for(lambda: len(acked) >= kill_at or sender.poll() is not None, 120, f"{kill_at} acknowledged spans")
        gate.kill()
        gate.wait()
        gate = r.gate(config)
        if sink is None:
            sink = r.sink("eu", grpc=port, extra=("--ids", ids_path))
        sender.stdout.read()
        if sender.wait(180) != 0:
            raise RuntimeError(f"send ended with {sender.returncode}")
        acks.wait_for(lambda: len(acked) >= SPANS, 60, "all acknowledgements")
        ids.wait_for(lambda: all(i in received for i in acked), 180, "every acknowledged span at the backend")
        if rig.stop(gate, 30) != 0:
            raise RuntimeError("the gate did not end well")
        rig.stop(sink)
        lost = [i for i in acked if i not in received]
        duplicates = sum(n - 1 for n in received.values())
        ok = not lost and duplicates <= IN_FLIGHT
        print(f"{'ok  ' if ok else 'FAIL'} {mode:4} seed {seed:3}: killed at {kill_at:5} acknowledged, {len(acked)} acknowledged in all, "
              f"{len(lost)} lost, {duplicates} duplicates (at most {IN_FLIGHT})", flush=True)
        return ok


def main():
    passed = failed = 0
    for n in range(ROUNDS):
        for mode in ("up", "down", "slow"):
            try:
                ok = one_round(mode, 100 * n + len(mode))
            except (TimeoutError, RuntimeError) as e:
                print(f"FAIL {mode} round {n}: {e}", flush=True)
                ok = False
            passed, failed = passed + ok, failed + (not ok)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
