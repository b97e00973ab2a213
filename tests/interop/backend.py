#!/usr/bin/env python3
"""A real backend, the OpenTelemetry Collector, behind the gate: OTLP/gRPC and OTLP/HTTP over mTLS, in each encoding; asserts what it received.

The Collector is built from the Go module proxy into build/interop; left out, with a word, where there is no go."""
import os
import pathlib
import shutil
import subprocess
import sys

here = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(here.parent / "system"))
import rig  # noqa: E402

WORK = pathlib.Path(os.environ.get("INTEROP_DIR", "build/interop")).resolve()
SPANS = 200
PERSONAL, NUMBER = "alice.meyer@example.org", "4111111111111111"  # in every place of every span
CONFIG = """\
receivers:
  otlp:
    protocols:
      grpc: {{endpoint: "127.0.0.1:{grpc}", tls: &tls {{cert_file: {pki}/backend.crt, key_file: {pki}/backend.key, client_ca_file: {pki}/backends-ca.crt}}}}
      http: {{endpoint: "127.0.0.1:{http}", tls: *tls}}
exporters: {{debug: {{verbosity: detailed}}}}
service:
  telemetry: {{metrics: {{level: none}}, logs: {{sampling: {{enabled: false}}}}}}
  pipelines: {{traces: {{receivers: [otlp], exporters: [debug]}}}}
"""


def build():
    shutil.copytree(here / "collector", WORK / "collector", dirs_exist_ok=True)
    for args in (["go", "mod", "tidy"], ["go", "build", "-o", "collector", "."]):
        subprocess.run(args, cwd=WORK / "collector", check=True, stderr=subprocess.DEVNULL)


class Collector:
    """The process, and what it printed."""

    def __init__(self, r):
        self.grpc, self.http = rig.free_port(), rig.free_port()
        config = r.dir / "collector.yaml"
        config.write_text(CONFIG.format(grpc=self.grpc, http=self.http, pki=r.dir / "pki"))
        self.spans, self.lines, self.ready = 0, [], False
        self.process = subprocess.Popen([WORK / "collector/collector", "--config", config], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        r.processes.append(self.process)
        self.drain = rig.Drain(self.on_line).feed(self.process.stderr)
        self.drain.wait_for(lambda: self.ready, 60, "the Collector")

    def on_line(self, line):
        self.lines.append(line)
        self.spans += line.startswith("Span #")
        self.ready = self.ready or "Everything is ready" in line


def round_trip(r, collector, protocol, compression):
    gate = r.gate(r.config(collector.grpc, collector.http, compression=compression))
    before = collector.spans
    senders = [r.send(SPANS, protocol=protocol, who=who, extra=("--example", "places", "--value", PERSONAL, "--number", NUMBER)) for who in ("shop", "us")]  # DE goes by gRPC, US by HTTP
    codes = [s.wait(120) for s in senders]
    try:
        collector.drain.wait_for(lambda: collector.spans >= before + 2 * SPANS, 60, "spans at the Collector")
    except TimeoutError:
        pass
    rig.stop(gate)
    got = collector.spans - before
    good = got == 2 * SPANS and codes == [0, 0]
    print(f"{'ok  ' if good else 'FAIL'} in by {protocol}, out to the Collector by gRPC and HTTP, {compression}: {got} of {2 * SPANS} spans" +
          ("" if codes == [0, 0] else f", senders ended with {codes}"))
    return good


def main():
    if not shutil.which("go"):
        print("left out: the Collector as a backend, go is not installed\n0 passed, 0 failed")
        return 0
    build()
    results = []
    with rig.Rig("backend") as r:
        collector = Collector(r)
        for protocol, compression in (("grpc", "none"), ("http/protobuf", "gzip"), ("http/json", "zstd")):
            results.append(round_trip(r, collector, protocol, compression))
        rig.stop(collector.process)
        text = "\n".join(collector.lines)
        (r.dir / "collector.log").write_text(text)
        leaks = [w for w in (PERSONAL, NUMBER) if w in text]
        print("ok   none of the values that stood in every place is in what the Collector printed" if not leaks else f"FAIL the Collector received {leaks}")
        results.append(not leaks)
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed")
    return 0 if all(results) else 1


sys.exit(main())
