"""Values that fill traces and look like something else. None of them may be redacted."""
import random
import string
import uuid

HEX = "0123456789abcdef"
B64 = string.ascii_letters + string.digits + "+/"
K8S = "bcdfghjklmnpqrstvwxz2456789"
WORDS = "order payment user cart checkout item search catalog stock price invoice session report audit export import sync batch event task job".split()
CLASSES = "Service Controller Repository Handler Manager Factory Client Adapter Processor Listener Mapper Filter".split()
LOCALES = "en-US de-DE fr_FR.UTF-8 pt-BR zh-Hans-CN ja-JP en_GB es-419 ar-EG ru-RU Europe/Berlin America/New_York Asia/Kolkata UTC+02:00".split()


def pick(r, alphabet, n):
    return "".join(r.choice(alphabet) for _ in range(n))


def ean(body):
    return body + str(-sum(int(c) * (1 if (len(body) - i) % 2 == 0 else 3) for i, c in enumerate(body)) % 10)


def isbn10(r):
    body = pick(r, string.digits, 9)
    c = -sum(int(d) * (10 - i) for i, d in enumerate(body)) % 11
    return body + ("X" if c == 10 else str(c))


def epoch(r, per_second, low=1500000000, high=1900000000):
    return str(r.randint(low * per_second, high * per_second))


def user_agent(r):
    return r.choice([
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/%d.0.%d.%d Safari/537.36" % (r.randint(80, 140), r.randint(0, 9999), r.randint(0, 255)),
        "Mozilla/5.0 (iPhone; CPU iPhone OS %d_%d_%d like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148" % (r.randint(12, 18), r.randint(0, 9), r.randint(0, 9)),
        "okhttp/%d.%d.%d" % (r.randint(3, 5), r.randint(0, 12), r.randint(0, 9)), "curl/7.%d.%d" % (r.randint(50, 90), r.randint(0, 3)),
        "python-requests/2.%d.%d" % (r.randint(20, 32), r.randint(0, 3)), "grpc-java-netty/1.%d.%d" % (r.randint(30, 70), r.randint(0, 2)),
        "Dalvik/2.1.0 (Linux; U; Android %d; SM-G%d Build/QP1A.190711.020)" % (r.randint(8, 15), r.randint(900, 999))])


def date(r):
    y, m, d = r.randint(1990, 2030), r.randint(1, 12), r.randint(1, 28)
    hh, mm, ss = r.randint(0, 23), r.randint(0, 59), r.randint(0, 59)
    return r.choice(["%04d-%02d-%02d" % (y, m, d), "%04d-%02d-%02dT%02d:%02d:%02dZ" % (y, m, d, hh, mm, ss), "%02d/%02d/%04d" % (d, m, y),
                     "%04d-%02d-%02d %02d:%02d:%02d.%06d" % (y, m, d, hh, mm, ss, r.randint(0, 999999)), "%02d.%02d.%04d" % (d, m, y), "%04d%02d%02d" % (y, m, d),
                     "%04d%02d%02d%02d%02d%02d" % (y, m, d, hh, mm, ss), "%04d%02d%02dT%02d%02d%02dZ" % (y, m, d, hh, mm, ss), "%02d:%02d:%02d" % (hh, mm, ss),
                     "%02d:%02d:%02d,%03d" % (hh, mm, ss, r.randint(0, 999)), "%04d-%02d-%02dT%02d:%02d:%02d.%03d+02:00" % (y, m, d, hh, mm, ss, r.randint(0, 999))])


def path(r):
    return r.choice(["/var/log/%s/%s-%d.log", "/usr/lib/python3.11/site-packages/%s/%s_%d.py", "/opt/%s/bin/%s-%d", "C:\\Program Files\\%s\\%s%d.dll",
                     "src/main/java/com/example/%s/%s%d.java", "./node_modules/%s/dist/%s.%d.js", "/app/%s/%s/v%d/config.yaml"]) % (
        r.choice(WORDS), r.choice(WORDS), r.randint(1, 99999))


def class_name(r):
    a, b = r.choice(WORDS), r.choice(WORDS)
    return r.choice(["com.example.%s.%s%s" % (a, b.title(), r.choice(CLASSES)), "com.example.%s.%s%s$$EnhancerBySpringCGLIB$$%s" % (a, b.title(), r.choice(CLASSES), pick(r, HEX, 8)),
                     "%s::%s::%s" % (a, b, r.choice(CLASSES)), "System.Collections.Generic.%s`1" % b.title(), "%s.%s@%s" % (a, b.title(), pick(r, HEX, 8)),
                     "Example.%s.%s, Version=%d.%d.0.0, Culture=neutral, PublicKeyToken=%s" % (a.title(), b.title(), r.randint(1, 9), r.randint(0, 9), pick(r, HEX, 16))])


def sql(r):
    a, b = r.choice(WORDS), r.choice(WORDS)
    return r.choice(["SELECT id, %s FROM %ss WHERE %s_id = $1 AND state = $2 ORDER BY created_at LIMIT ?", "UPDATE %ss SET %s = ? WHERE %s_id = ?",
                     "INSERT INTO %ss (%s, %s) VALUES (?, ?)", "DELETE FROM %s WHERE %s < now() AND %s IS NOT NULL"]) % (a, b, a)


def host(r):
    return r.choice(["%s-%d.example.com" % (r.choice(WORDS), r.randint(1, 999)), "%s.%s.svc.cluster.local:%d" % (r.choice(WORDS), r.choice(WORDS), r.randint(80, 65535)),
                     "db-%02d.eu-central-%d.rds.amazonaws.com" % (r.randint(1, 99), r.randint(1, 3)), "i-%s" % pick(r, HEX, 17), "gke-prod-pool-%s-%s" % (pick(r, HEX, 8), pick(r, K8S, 4)),
                     "%s%d-%s.c.project-%d.internal" % (r.choice(WORDS), r.randint(1, 99), pick(r, HEX, 4), r.randint(100000, 999999)), "localhost:%d" % r.randint(1, 65535)])


def order(r):
    return r.choice(["ORD-%d" % r.randint(10**5, 10**10), "order_%s" % pick(r, HEX, 24), "INV-2024-%06d" % r.randint(0, 999999), "#%d" % r.randint(10**6, 10**9),
                     "SKU-%s-%d" % (pick(r, string.ascii_uppercase, 3), r.randint(1000, 99999)), "%d" % r.randint(10**7, 10**11), "PO%08d" % r.randint(0, 10**8),
                     "%s-%s-%s" % (pick(r, string.digits, 3), pick(r, string.digits, 7), pick(r, string.digits, 7)), "TX%s" % pick(r, string.digits + string.ascii_uppercase, 12)])


def k8s(r):
    return r.choice(["%s-%s-%s" % (r.choice(WORDS), pick(r, K8S, r.choice([9, 10])), pick(r, K8S, 5)), "%s-%d" % (r.choice(WORDS), r.randint(0, 99)),
                     "%s-%d-%s" % (r.choice(WORDS), r.randint(27000000, 29000000), pick(r, K8S, 5)), "sha256:" + pick(r, HEX, 64), pick(r, HEX, 64), "%s@sha256:%s" % (r.choice(WORDS), pick(r, HEX, 64))])


# class -> (keys it stands under, generator)
DECOYS = {
    "trace_id": (["app.trace_id", "link.trace", "parent"], lambda r: pick(r, HEX, 32)),
    "span_id": (["app.span_id", "parent_span"], lambda r: pick(r, HEX, 16)),
    "span_id_decimal": (["dd.span_id", "app.parent"], lambda r: str(r.getrandbits(64))),
    "uuid": (["request.id", "app.correlation", "message.uid"], lambda r: str(uuid.UUID(int=r.getrandbits(128), version=4))),
    "epoch_s": (["created_at", "ts", "app.time"], lambda r: epoch(r, 1)),
    "epoch_ms": (["created_at", "ts", "app.time"], lambda r: epoch(r, 1000)),
    "epoch_us": (["created_at", "ts", "app.time"], lambda r: epoch(r, 10**6)),
    "epoch_ns": (["created_at", "ts", "app.time"], lambda r: epoch(r, 10**9)),
    "epoch_float": (["created_at", "ts"], lambda r: "%d.%06d" % (r.randint(1500000000, 1900000000), r.randint(0, 999999))),
    "snowflake": (["message.id", "tweet", "app.id"], lambda r: str((r.randint(10**11, 5 * 10**11) << 22) | r.getrandbits(22))),
    "aws_account": (["cloud.account.id", "aws.account", "app.value"], lambda r: pick(r, string.digits, 12)),
    "arn": (["cloud.resource_id", "aws.arn"], lambda r: "arn:aws:%s:eu-west-1:%s:%s/%s" % (r.choice(["sqs", "lambda", "s3", "iam"]), pick(r, string.digits, 12), r.choice(WORDS), pick(r, HEX, 8))),
    "semver": (["app.release", "lib", "telemetry.sdk"], lambda r: r.choice(["%d.%d.%d", "v%d.%d.%d", "%d.%d.%d-rc.1", "%d.%d.%d+build.77"]) % (r.randint(0, 99), r.randint(0, 99), r.randint(0, 9999))),
    "version4": (["service.version", "app.version", "driver_version"], lambda r: "%d.%d.%d.%d" % (r.randint(0, 30), r.randint(0, 99), r.randint(0, 255), r.randint(0, 255))),
    "version4_text": (["app.log", "note"], lambda r: r.choice(["version %d.%d.%d.%d", "v%d.%d.%d.%d", "agent/%d.%d.%d.%d", "build %d.%d.%d.%d"]) % (r.randint(0, 30), r.randint(0, 99), r.randint(0, 255), r.randint(0, 255))),
    "git_sha": (["vcs.ref.head.revision", "build.commit", "note"], lambda r: pick(r, HEX, r.choice([7, 8, 12, 40]))),
    "k8s": (["k8s.pod.name", "container.image", "note"], k8s),
    "base64": (["app.blob", "continuation", "etag"], lambda r: __import__("base64").b64encode(r.randbytes(r.randint(12, 90))).decode()),
    "base64url": (["app.blob", "cursor"], lambda r: __import__("base64").urlsafe_b64encode(r.randbytes(r.randint(12, 60))).decode().rstrip("=")),
    "ean13": (["product.ean", "gtin", "item"], lambda r: ean(pick(r, string.digits, 12))),
    "ean8": (["product.ean", "item"], lambda r: ean(pick(r, string.digits, 7))),
    "upc": (["product.upc", "item"], lambda r: ean(pick(r, string.digits, 11))),
    "isbn13": (["book.isbn", "item"], lambda r: ean(r.choice(["978", "979"]) + pick(r, string.digits, 9))),
    "isbn10": (["book.isbn", "item"], isbn10),
    "metric_float": (["cpu.load", "app.ratio", "app.score"], lambda r: repr(r.random() * 10 ** r.randint(-3, 4))),
    "latlong": (["app.tile", "note"], lambda r: "%.6f" % r.uniform(-180, 180)),
    "order": (["order.id", "app.order", "note"], order),
    "kafka_offset": (["messaging.kafka.message.offset", "offset"], lambda r: str(r.randint(0, 10 ** r.randint(3, 12)))),
    "offset_text": (["app.log", "note"], lambda r: "partition=%d offset=%d lag=%d" % (r.randint(0, 99), r.randint(0, 10**10), r.randint(0, 10**6))),
    "dns_serial": (["dns.soa", "zone"], lambda r: "20%02d%02d%02d%02d" % (r.randint(0, 30), r.randint(1, 12), r.randint(1, 28), r.randint(0, 99))),
    "address": (["thread", "note"], lambda r: r.choice(["0x%s" % pick(r, HEX, r.choice([8, 12, 16])), "Object@%s" % pick(r, HEX, 8), "0x00007f%s" % pick(r, HEX, 10)])),
    "port": (["server.port", "note"], lambda r: str(r.randint(1, 65535))),
    "host": (["server.address", "peer", "host.name"], host),
    "user_agent": (["user_agent.original", "http.user_agent", "note"], user_agent),
    "date": (["app.date", "note", "updated"], date),
    "path": (["code.file.path", "note"], path),
    "class_name": (["code.namespace", "note", "error.type"], class_name),
    "sql": (["db.statement", "note"], sql),
    "locale": (["app.locale", "tz"], lambda r: r.choice(LOCALES)),
    "url": (["http.url", "http.target"], lambda r: r.choice(["https://shop.example.org/%s/%d/%s?page=%d&sort=asc", "/api/v2/%s/%d/%s?limit=%d", "GET /%s/%d/%s HTTP/1.1 %d"]) % (
        r.choice(WORDS), r.randint(1, 10**9), r.choice(WORDS), r.randint(1, 999))),
    "duration": (["app.took", "note"], lambda r: r.choice(["%dms", "%d.5s", "PT%dS", "%dns", "took %d ms"]) % r.randint(1, 10**6)),
    "digits": (["app.value", "n", "size"], lambda r: pick(r, "123456789", 1) + pick(r, string.digits, r.choice([5, 6, 7, 8, 9, 10, 11, 12, 16, 17, 18]))),
    "ulid": (["event.id", "message.id"], lambda r: "01" + pick(r, "0123456789ABCDEFGHJKMNPQRSTVWXYZ", 24)),
    "object_id": (["mongo.id", "doc"], lambda r: pick(r, HEX, 24)),
    "nanoid": (["app.ref", "note"], lambda r: pick(r, string.ascii_letters + string.digits + "_-", 21)),
    "etag": (["http.etag", "note"], lambda r: 'W/"%s"' % pick(r, HEX, r.choice([16, 32]))),
    "range": (["note", "http.range"], lambda r: "bytes %d-%d/%d" % (r.randint(0, 10**6), r.randint(10**6, 10**7), r.randint(10**7, 10**9))),
    "hexdump": (["note"], lambda r: " ".join(pick(r, HEX, 2) for _ in range(16))),
    "fingerprint": (["tls.hash", "note"], lambda r: ":".join(pick(r, HEX, 2) for _ in range(r.choice([16, 20, 32])))),
    "csv_numbers": (["note"], lambda r: r.choice([",", ";", " ", ", "]).join(str(r.randint(0, 10 ** r.randint(2, 9))) for _ in range(6))),
}


def make(seed, count):
    """count tuples of class, key, value."""
    r = random.Random(seed)
    names = sorted(DECOYS)
    for i in range(count):
        name = names[i % len(names)]
        keys, gen = DECOYS[name]
        yield name, keys[(i // len(names)) % len(keys)], gen(r)
