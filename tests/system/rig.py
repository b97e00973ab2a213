"""What system tests share: certificates, sinks, a gate with a configuration, senders; everything on loopback, in one temporary folder, ended at exit.

Nothing here sleeps: waiting means reading from a pipe, with a deadline."""
import collections
import os
import pathlib
import random
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

BINARY = os.environ.get("SPANGATE", "build/release/spangate")

POLICY = """\
apiVersion: spangate/v1
kind: RedactionPolicy
metadata: {name: everything, revision: 1, owner: tests@example.org, controls: [GDPR-Art25]}
spec:
  mode: enforce
  rules:
    - {id: email, entity: EMAIL_ADDRESS, action: {replace: "[email]"}}
    - {id: card, entity: CREDIT_CARD, action: {replace: "[card]"}}
    - {id: iban, entity: IBAN, action: {replace: "[iban]"}}
    - {id: ssn, entity: US_SSN, action: {replace: "[ssn]"}}
    - {id: phone, entity: PHONE_NUMBER, action: {replace: "[phone]"}}
    - {id: ip, entity: IP_ADDRESS, action: {replace: "[ip]"}}
    - {id: jwt, entity: JWT, action: {replace: "[jwt]"}}
    - {id: password, entity: PASSWORD, action: {replace: "[password]"}}
    - {id: userinfo, entity: URL_USERINFO, action: {replace: "[userinfo]"}}
    - {id: marker, regex: 'CANARY[0-9a-f]{16}', action: {replace: "[marker]"}}
    - {id: marker-number, regex: '87300912345678', action: {replace: "[number]"}}
---
apiVersion: spangate/v1
kind: ResidencyPolicy
metadata: {name: stays, revision: 1}
spec:
  mode: enforce
  origin: [{country: client.certificate.subject.C}, {cloud_region: resource.attributes.cloud.region}]
  routes:
    - {from: [DE], to: [otlp_grpc/eu]}
    - {from: [US], to: [otlp_http/us]}
"""


_resolve = socket.getaddrinfo


def _loopback(host, *args, **kwargs):
    """localhost is this machine, on one that has no /etc/hosts too."""
    return _resolve("127.0.0.1" if host == "localhost" else host, *args, **kwargs)


socket.getaddrinfo = _loopback


def is_sanitized(program=None):
    """Whether the program holds AddressSanitizer, which asks for memory of its own and stands before functions of libc."""
    return b"__asan_init" in pathlib.Path(program or BINARY).read_bytes()


def _dynamic_from():
    """The first port that the system gives to outgoing connections: one of those can be gone before a gate that was told of it listens."""
    try:
        with open("/proc/sys/net/ipv4/ip_local_port_range") as f:
            return int(f.read().split()[0])
    except (OSError, ValueError):
        return 32768


_taken = set()


def free_port():
    end = max(_dynamic_from(), 12000)
    while True:
        port = random.SystemRandom().randrange(10240, end)
        if port in _taken:
            continue
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                continue
        _taken.add(port)
        return port


class Drain(threading.Thread):
    """Reads lines from a pipe as they come and wakes whoever waits for a condition over them."""

    def __init__(self, on_line):
        super().__init__(daemon=True)
        self.on_line, self.cond, self.ended = on_line, threading.Condition(), False

    def feed(self, stream):
        self.stream = stream
        self.start()
        return self

    def run(self):
        for line in self.stream:
            with self.cond:
                self.on_line(line.decode("utf-8", "replace").rstrip("\n"))
                self.cond.notify_all()
        with self.cond:
            self.ended = True
            self.cond.notify_all()

    def wait_for(self, condition, seconds, what):
        deadline = time.monotonic() + seconds
        with self.cond:
            while not condition():
                left = deadline - time.monotonic()
                if left <= 0 or not self.cond.wait(left):
                    if condition():
                        return
                    raise TimeoutError(f"waited {seconds} s for {what}")


class Rig:
    def __init__(self, name, clients=None):
        """With clients, NAME=SPIFFE_ID[,C=COUNTRY] each, the caller calls make_pki."""
        self.clients = clients
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix=f"spangate-{name}-"))
        self.processes = []
        self.ids = collections.Counter()   # span ids that sinks received
        self.acked = set()                 # span ids that were acknowledged
        self.grpc, self.http, self.admin = free_port(), free_port(), free_port()

    def __enter__(self):
        if not self.clients:
            self.clients = ["shop=spiffe://example.org/ns/shop/sa/checkout,C=DE", "us=spiffe://example.org/ns/us/sa/orders,C=US"]
            self.make_pki()
        return self

    def make_pki(self):
        args = [word for client in self.clients for word in ("--client", client)]
        run = subprocess.run([BINARY, "cert", "dev", "--dir", self.dir / "pki", *args], capture_output=True, text=True)
        if run.returncode:
            raise RuntimeError(run.stderr)

    def __exit__(self, kind, value, trace):
        for p in self.processes:
            if p.poll() is None:
                p.kill()
        for p in self.processes:
            p.wait()
        if kind is not None:
            for log in sorted(self.dir.glob("*.log")):
                sys.stderr.write(f"--- {log.name}\n" + "\n".join(log.read_text(errors="replace").splitlines()[-15:]) + "\n")
        if os.environ.get("KEEP"):
            sys.stderr.write(f"kept {self.dir}\n")
        else:
            shutil.rmtree(self.dir, ignore_errors=True)

    # -- pipes of span ids ---------------------------------------------------------------------------------------------------------
    def id_pipe(self, name, on_id):
        """A FIFO that stays open here, so that writers may come and go."""
        path = self.dir / name
        os.mkfifo(path)
        self._keep = getattr(self, "_keep", [])
        reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        self._keep.append(os.open(path, os.O_WRONLY))
        os.set_blocking(reader, True)
        return path, Drain(on_id).feed(os.fdopen(reader, "rb"))

    def spawn(self, args, log, **kw):
        out = open(self.dir / log, "ab")
        p = subprocess.Popen([str(a) for a in args], stderr=out, **kw)
        self.processes.append(p)
        return p

    # -- the parts -----------------------------------------------------------------------------------------------------------------
    def sink(self, name, grpc=0, http=0, extra=()):
        p = self.spawn([BINARY, "sink", "--grpc", grpc, "--http", http, "--cert", self.dir / "pki/backend.crt", "--key", self.dir / "pki/backend.key",
                        "--ca", self.dir / "pki/backends-ca.crt", "--quiet", *extra], f"sink-{name}.log", stdout=subprocess.PIPE)
        line = p.stdout.readline().decode()
        if not line.startswith("listening"):
            raise RuntimeError(f"sink said {line!r}")
        ports = dict(word.split("=") for word in line.split()[1:])
        p.grpc, p.http = int(ports["grpc"]), int(ports["http"])
        return p

    def sink_to_file(self, name):
        """A sink that prints each request as OTLP JSON into received-NAME.jsonl."""
        out = self.dir / f"received-{name}.jsonl"
        p = self.spawn([BINARY, "sink", "--grpc", 0, "--http", 0, "--cert", self.dir / "pki/backend.crt", "--key", self.dir / "pki/backend.key",
                        "--ca", self.dir / "pki/backends-ca.crt", "--format", "json"], f"sink-{name}.log", stdout=subprocess.PIPE)
        line = p.stdout.readline().decode()
        ports = dict(word.split("=") for word in line.split()[1:])
        p.grpc, p.http = int(ports["grpc"]), int(ports["http"])
        sheet = open(out, "wb", buffering=0)
        Drain(lambda text: sheet.write(text.encode() + b"\n")).feed(p.stdout)
        return p

    def spawn_pinned_sink(self, cpu, prefix=()):
        """A sink that only counts, on one core."""
        p = self.spawn([*prefix, "taskset", "-c", cpu, BINARY, "sink", "--grpc", 0, "--http", 0, "--cert", self.dir / "pki/backend.crt", "--key", self.dir / "pki/backend.key",
                        "--ca", self.dir / "pki/backends-ca.crt", "--quiet"], "sink-bench.log", stdout=subprocess.PIPE)
        p.grpc, p.http = (int(word.split("=")[1]) for word in p.stdout.readline().decode().split()[1:])
        return p

    def config(self, eu_port, us_port, compression="gzip", extra="", policy=POLICY, destinations=("eu", "us")):
        (self.dir / "policies").mkdir(exist_ok=True)
        (self.dir / "policies/all.policy.yaml").write_text(policy)
        out = f"{{ca_file: pki/backends-ca.crt, cert_file: pki/egress.crt, key_file: pki/egress.key}}"
        exporters = ""
        if "eu" in destinations:
            exporters += f"  otlp_grpc/eu: {{endpoint: \"localhost:{eu_port}\", jurisdiction: EU, country: DE, compression: {compression}, tls: {out}}}\n"
        if "us" in destinations:
            exporters += f"  otlp_http/us: {{endpoint: \"https://localhost:{us_port}\", jurisdiction: US, country: US, compression: {compression}, tls: {out}}}\n"
        text = f"""\
version: 1
node: test
receivers:
  otlp:
    protocols:
      grpc:
        endpoint: 127.0.0.1:{self.grpc}
        tls: &mtls {{cert_file: pki/server.crt, key_file: pki/server.key, client_ca_file: pki/clients-ca.crt, identity: [spiffe_id], allow: ["spiffe://example.org/*"]}}
      http: {{endpoint: 127.0.0.1:{self.http}, tls: *mtls}}
policies: {{sources: [{{dir: policies}}]}}
exporters:
{exporters}journal: {{dir: journal, max_size_mib: 1024}}
telemetry:
  metrics: {{endpoint: 127.0.0.1:{self.admin}}}
  logs: {{level: debug, format: json}}
{extra if "audit:" in extra else extra + "audit: {dir: audit}" + chr(10)}"""
        path = self.dir / "gateway.yaml"
        path.write_text(text)
        return path

    def gate(self, config, prefix=(), binary=None):
        log = self.dir / "gate.log"
        offset = log.stat().st_size if log.exists() else 0
        p = self.spawn([*prefix, binary or BINARY, "run", "-c", config], "gate.log", env={**os.environ, "NOTIFY_SOCKET": self.notify_socket()})
        ready, _, _ = select.select([self._notify], [], [], 30)
        if not ready:
            raise RuntimeError("the gate did not get ready: " + log.read_text(errors="replace")[offset:][-2000:])
        self._notify.recv(4096)
        return p

    def notify_socket(self):
        """systemd's readiness protocol: the gate says READY=1 when it serves."""
        if not hasattr(self, "_notify"):
            self._notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self._notify.bind(str(self.dir / "notify"))
        while select.select([self._notify], [], [], 0)[0]:
            self._notify.recv(4096)
        return str(self.dir / "notify")

    def send(self, count, protocol="grpc", who="shop", extra=()):
        port = self.grpc if protocol == "grpc" else self.http
        return self.spawn([BINARY, "send", "--endpoint", f"https://localhost:{port}", "--protocol", protocol, "--cert", self.dir / f"pki/{who}.crt",
                           "--key", self.dir / f"pki/{who}.key", "--ca", self.dir / "pki/server-ca.crt", "--count", count, *extra],
                          f"send-{who}.log", stdout=subprocess.PIPE)

    def metrics(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.admin}/metrics", timeout=10) as r:
            return r.read().decode()


def stop(p, seconds=20):
    """SIGTERM and wait; the exit code."""
    p.send_signal(signal.SIGTERM)
    return p.wait(seconds)
