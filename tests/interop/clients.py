#!/usr/bin/env python3
"""Senders that are no SDK, over mTLS: telemetrygen, and the OpenTelemetry Collector with its own exporters in each encoding and compression; asserts what arrives.

Both come from the Go module proxy into build/interop; left out, with a word, where there is no go."""
import os
import pathlib
import shutil
import subprocess
import sys

here = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(here.parent / "system"))
import rig  # noqa: E402

WORK = pathlib.Path(os.environ.get("INTEROP_DIR", "build/interop")).resolve()
GENERATOR = "github.com/open-telemetry/opentelemetry-collector-contrib/cmd/telemetrygen@v0.161.0"
PERSONAL, NUMBER = "alice.meyer@example.org", "4111111111111111"
SPANS = 60
# kind, encoding, compression, whether the gate takes it
EXPORTERS = [("otlp", "", c, c != "snappy") for c in ("none", "gzip", "zstd", "snappy")] + \
            [("otlphttp", e, c, c in ("none", "gzip", "zstd")) for e in ("proto", "json") for c in ("none", "gzip", "zstd", "snappy", "deflate")]


def build():
    subprocess.run(["go", "install", GENERATOR], check=True, stderr=subprocess.DEVNULL, env={**os.environ, "GOBIN": str(WORK / "bin")})
    shutil.copytree(here / "collector", WORK / "collector", dirs_exist_ok=True)
    for args in (["go", "mod", "tidy"], ["go", "build", "-o", "collector", "."]):
        subprocess.run(args, cwd=WORK / "collector", check=True, stderr=subprocess.DEVNULL)


def generator(r, http):
    """Traces of two spans each; the exit code."""
    pki, port = r.dir / "pki", r.http if http else r.grpc
    args = [WORK / "bin/telemetrygen", "traces", "--otlp-endpoint", f"localhost:{port}", "--mtls", "--client-cert", pki / "shop.crt", "--client-key", pki / "shop.key",
            "--ca-cert", pki / "server-ca.crt", "--traces", SPANS // 2, "--rate", "0", "--otlp-attributes", f'owner.mail="{PERSONAL}"', "--telemetry-attributes", f'note="{NUMBER}"']
    run = subprocess.run([str(a) for a in args] + (["--otlp-http"] if http else []), capture_output=True, text=True, timeout=60)
    return run.returncode, run.stderr[-300:]


def collector_config(r):
    """A pipeline for each exporter, with a receiver of its own; nothing waits in queues, so its sender hears what the gate says."""
    pki = r.dir / "pki"
    tls = f"{{ca_file: {pki}/server-ca.crt, cert_file: {pki}/shop.crt, key_file: {pki}/shop.key}}"
    receivers, exporters, pipelines, ports = "", "", "", []
    for n, (kind, encoding, compression, _) in enumerate(EXPORTERS):
        port = rig.free_port()
        ports.append(port)
        receivers += f"  otlp/{n}: {{protocols: {{grpc: {{endpoint: '127.0.0.1:{port}'}}}}}}\n"
        where = f"endpoint: 'localhost:{r.grpc}'" if kind == "otlp" else f"endpoint: 'https://localhost:{r.http}', encoding: {encoding}"
        exporters += f"  {kind}/{n}: {{{where}, compression: {compression}, tls: {tls}, sending_queue: {{enabled: false}}, retry_on_failure: {{enabled: false}}}}\n"
        pipelines += f"    traces/{n}: {{receivers: [otlp/{n}], exporters: [{kind}/{n}]}}\n"
    config = r.dir / "sender.yaml"
    config.write_text(f"receivers:\n{receivers}exporters:\n{exporters}service:\n  telemetry: {{metrics: {{level: none}}}}\n  pipelines:\n{pipelines}")
    return config, ports


def start_collector(r):
    config, ports = collector_config(r)
    state = {"ready": False, "lines": []}

    def on_line(line):
        state["lines"].append(line)
        state["ready"] = state["ready"] or "Everything is ready" in line

    process = subprocess.Popen([WORK / "collector/collector", "--config", config], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    r.processes.append(process)
    drain = rig.Drain(on_line).feed(process.stderr)
    try:
        drain.wait_for(lambda: state["ready"], 60, "the Collector")
    except TimeoutError:
        raise RuntimeError("\n".join(state["lines"][-20:])) from None
    return process, ports


def through_collector(r, port, seed):
    """How the sender ended, and the ids that were acknowledged to it."""
    ids = r.dir / f"acked-{seed}"
    p = subprocess.run([rig.BINARY, "send", "--endpoint", f"127.0.0.1:{port}", "--protocol", "grpc", "--count", str(SPANS), "--batch", "20", "--seed", str(seed), "--example", "pii",
                        "--acked", ids, "--give-up", "5s"], capture_output=True, text=True, timeout=60)
    return p.returncode, set(ids.read_text().split()) if ids.exists() else set()


def main():
    if not shutil.which("go"):
        print("left out: telemetrygen and the Collector as clients, go is not installed\n0 passed, 0 failed")
        return 0
    build()
    results = []

    def tell(good, what, said=""):
        results.append(bool(good))
        print(f"{'ok  ' if good else 'FAIL'} {what}{': ' + str(said) if said else ''}", flush=True)

    with rig.Rig("clients") as r:
        received = r.ids
        path, ids = r.id_pipe("ids", lambda i: received.update((i,)))
        sink, file = r.sink("eu", extra=("--ids", path)), r.sink_to_file("text")
        # What telemetrygen sends is looked at as text; what the Collector sends is counted by its ids.
        config = r.config(file.grpc, rig.free_port())
        gate = r.gate(config)
        for http in (False, True):
            code, said = generator(r, http)
            tell(code == 0, f"telemetrygen over {'HTTP' if http else 'gRPC'}", said if code else "")
        rig.stop(gate)
        rig.stop(file)
        text = (r.dir / "received-text.jsonl").read_text()
        tell(text.count('"spanId"') == 2 * SPANS, "telemetrygen: all spans arrived", text.count('"spanId"'))
        tell("[email]" in text and "[card]" in text and PERSONAL not in text and NUMBER not in text, "telemetrygen: nothing personal arrived")
        gate = r.gate(r.config(sink.grpc, rig.free_port()))
        process, ports = start_collector(r)
        for n, (kind, encoding, compression, taken) in enumerate(EXPORTERS):
            code, sent = through_collector(r, ports[n], 1000 + n)
            if taken:
                try:
                    ids.wait_for(lambda: sent <= set(received), 20, "spans")
                except TimeoutError:
                    pass
                good = code == 0 and len(sent) == SPANS and sent <= set(received)
            else:
                good = code == 1 and not sent
            tell(good, f"the Collector's {kind} {encoding} {compression}, {'taken' if taken else 'refused'}", "" if good else (code, len(sent), len(sent & set(received))))
        rig.stop(process)
        tell(rig.stop(gate) == 0, "the gate ends well")
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed")
    return 0 if all(results) else 1


sys.exit(main())
