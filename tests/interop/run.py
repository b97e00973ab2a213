#!/usr/bin/env python3
"""Real SDKs, unmodified, configured only by OTEL_* variables, through the gate over mTLS; asserts what arrives.

Installs the SDKs from their registries into build/interop (npm, PyPI; the Go module proxy, Maven Central and crates.io where go, mvn and cargo are installed).
Usage: run.py [LANGUAGE...]     default: all"""
import json
import os
import pathlib
import shutil
import subprocess
import sys

here = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(here.parent / "system"))
import rig  # noqa: E402

WORK = pathlib.Path(os.environ.get("INTEROP_DIR", "build/interop")).resolve()
EMAIL, CARD = "jane.doe@example.org", "4111 1111 1111 1111"
MACHINE = {"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS"}
CLIENTS = [("js", "grpc"), ("js", "http/protobuf"), ("js", "http/json"), ("python", "grpc"), ("python", "http/protobuf")]
# These run where their tools are; what is left out is said.
FURTHER = {"go": ("go", ["grpc", "http/protobuf"]), "mvn": ("java", ["grpc", "http/protobuf"]), "cargo": ("rust", ["grpc", "http/protobuf", "http/json"])}
for tool, (language, protocols) in FURTHER.items():
    if shutil.which(tool):
        CLIENTS += [(language, p) for p in protocols]
    else:
        print(f"left out: {language}, {tool} is not installed")
if sys.argv[1:]:
    CLIENTS = [c for c in CLIENTS if c[0] in sys.argv[1:]]


def install_js():
    js = WORK / "js"
    js.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "app.js"):
        (js / name).write_text((here / "js" / name).read_text())
    subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"], cwd=js, check=True, stdout=subprocess.DEVNULL)


def install_python():
    py = WORK / "python"
    if not (py / "bin/python").exists():
        subprocess.run([sys.executable, "-m", "venv", py], check=True)
    subprocess.run([py / "bin/pip", "install", "-q", "--disable-pip-version-check", "-r", here / "python/requirements.txt"], check=True)


def install_go():
    shutil.copytree(here / "go", WORK / "go", dirs_exist_ok=True)
    for args in (["go", "mod", "tidy"], ["go", "build", "-o", "shop", "."]):
        subprocess.run(args, cwd=WORK / "go", check=True, stderr=subprocess.DEVNULL)


def install_java():
    shutil.copytree(here / "java", WORK / "java", dirs_exist_ok=True)
    subprocess.run(["mvn", "-q", "-B", "compile", "dependency:copy-dependencies", "-DincludeScope=runtime"], cwd=WORK / "java", check=True)


def install_rust():
    shutil.copytree(here / "rust", WORK / "rust", dirs_exist_ok=True)
    subprocess.run(["cargo", "build", "-q"], cwd=WORK / "rust", check=True, env={k: v for k, v in os.environ.items() if k != "CARGO_TARGET_DIR"})


def install():
    for language in dict.fromkeys(language for language, _ in CLIENTS):
        {"js": install_js, "python": install_python, "go": install_go, "java": install_java, "rust": install_rust}[language]()


def run_client(r, language, protocol):
    port = r.grpc if protocol == "grpc" else r.http
    env = {
        # What a machine sets for its own package registries (requests prefers REQUESTS_CA_BUNDLE to what the exporter was told) is not the application's.
        **{k: v for k, v in os.environ.items() if not k.startswith("OTEL_") and k not in MACHINE},
        "APP_EMAIL": EMAIL,
        "APP_CARD": CARD,
        "OTEL_SERVICE_NAME": f"{language}-{protocol.replace('/', '-')}",
        "OTEL_RESOURCE_ATTRIBUTES": f"owner.mail={EMAIL},deployment.environment.name=test",
        "OTEL_TRACES_EXPORTER": "otlp" if language != "python" else ("otlp_proto_grpc" if protocol == "grpc" else "otlp_proto_http"),
        "OTEL_METRICS_EXPORTER": "none",
        "OTEL_LOGS_EXPORTER": "none",
        "OTEL_NODE_RESOURCE_DETECTORS": "env",
        "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"https://localhost:{port}",
        "OTEL_EXPORTER_OTLP_CERTIFICATE": str(r.dir / "pki/server-ca.crt"),
        "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE": str(r.dir / "pki/shop.crt"),
        "OTEL_EXPORTER_OTLP_CLIENT_KEY": str(r.dir / "pki/shop.key"),
        "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip",
    }
    if language == "js":
        args = ["node", WORK / "js/app.js"]
    elif language == "rust":
        args = [WORK / "rust/target/debug/shop"]
        env["OTEL_EXPORTER_OTLP_COMPRESSION"] = "zstd"
    elif language == "go":
        args = [WORK / "go/shop"]
    elif language == "java":
        args = ["java", "-cp", f"{WORK / 'java/target/classes'}:{WORK / 'java/target/dependency'}/*", "Shop"]
    else:
        args = [WORK / "python/bin/opentelemetry-instrument", WORK / "python/bin/python", here / "python/app.py"]
        env["PATH"] = f"{WORK / 'python/bin'}:{env['PATH']}"
    return subprocess.run([str(a) for a in args], env=env, capture_output=True, text=True, timeout=120)


def attributes(items):
    return {a["key"]: a["value"] for a in items}


def check(spans_by_service, language, protocol):
    """What must hold of the two spans that the application made."""
    service = f"{language}-{protocol.replace('/', '-')}"
    if service not in spans_by_service:
        return [f"nothing arrived from {service}"]
    resource, spans = spans_by_service[service]
    bad = []

    def expect(what, got, wanted):
        if got != wanted:
            bad.append(f"{what}: {got!r}, wanted {wanted!r}")

    names = {s["name"]: s for s in spans}
    expect("spans", sorted(names), ["GET /orders/{id}", "charge"])
    if bad:
        return bad
    parent, child = names["GET /orders/{id}"], names["charge"]
    a = attributes(parent["attributes"])
    expect("resource attribute", resource.get("owner.mail"), {"stringValue": "[email]"})
    expect("kept attribute", a.get("http.request.method"), {"stringValue": "GET"})
    expect("e-mail", a.get("user.email"), {"stringValue": "[email]"})
    expect("card", a.get("payment.note"), {"stringValue": "card [card] on file"})
    expect("order id", a.get("app.order_id"), {"stringValue": "2018678836144587"})
    expect("array", [v.get("intValue") for v in a["app.numbers"]["arrayValue"]["values"]], ["1", "2", "3"])
    expect("parent", child.get("parentSpanId"), parent["spanId"])
    expect("kind", (parent["kind"], child["kind"]), (2, 3))
    expect("link", attributes(child["links"][0]["attributes"]).get("note"), {"stringValue": "[email]"})
    expect("event", attributes(child["events"][0]["attributes"]).get("exception.message"), {"stringValue": "mail [email] about [card]"})
    expect("status", child["status"].get("message"), "cannot reach [email]")
    return bad


def main():
    subprocess.run([sys.executable, here / "minisign.py"], check=True)
    install()
    passed = failed = 0
    with rig.Rig("interop") as r:
        eu = r.sink_to_file("eu")
        gate = r.gate(r.config(eu.grpc, rig.free_port()))
        for language, protocol in CLIENTS:
            run = run_client(r, language, protocol)
            if run.returncode:
                print(f"FAIL {language} {protocol}: the application ended with {run.returncode}: {run.stderr[-500:]}")
        rig.stop(gate)
        rig.stop(eu)
        text = (r.dir / "received-eu.jsonl").read_text()
        by_service = {}
        for line in text.splitlines():
            if not line.startswith("{"):
                continue
            for rs in json.loads(line)["resourceSpans"]:
                resource = attributes(rs["resource"]["attributes"])
                name = resource["service.name"]["stringValue"]
                spans = [s for ss in rs["scopeSpans"] for s in ss["spans"]]
                by_service.setdefault(name, (resource, []))[1].extend(spans)
        for language, protocol in CLIENTS:
            bad = check(by_service, language, protocol)
            passed, failed = passed + (not bad), failed + bool(bad)
            print(f"{'FAIL' if bad else 'ok  '} {language} {protocol}" + "".join(f"\n     {b}" for b in bad))
        if EMAIL in text or CARD in text:
            print("LEAK: a value of the application stands in what the backend received")
            failed += 1
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
