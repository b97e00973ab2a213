"""A witness for tests (c2sp.org/tlog-witness) on loopback. Ed25519 by the openssl command, the tree by RFC 9162: nothing of ours."""
import base64
import hashlib
import http.server
import pathlib
import struct
import subprocess
import threading
import time

SPKI = bytes.fromhex("302a300506032b6570032100")


def openssl(*args):
    return subprocess.run(["openssl", *map(str, args)], capture_output=True)


def node(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


def consistent(m, n, old_root, new_root, proof):
    """RFC 9162 section 2.1.4.2."""
    if m == n:
        return not proof and old_root == new_root
    if m == 0:
        return not proof
    path = list(proof)
    if m & (m - 1) == 0:
        path.insert(0, old_root)
    fn, sn = m - 1, n - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    if not path:
        return False
    fr = sr = path[0]
    for c in path[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr, sr = node(c, fr), node(c, sr)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = node(sr, c)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and fr == old_root and sr == new_root


class Witness:
    def __init__(self, folder, name="witness.example.org/w1"):
        self.dir, self.name = pathlib.Path(folder), name
        self.dir.mkdir(parents=True, exist_ok=True)
        self.size, self.root, self.answers, self.copies, self.refuse, self.repeat = 0, None, [], [], False, 1
        openssl("genpkey", "-algorithm", "ed25519", "-out", self.dir / "witness.pem")
        public = openssl("pkey", "-in", self.dir / "witness.pem", "-pubout", "-outform", "DER").stdout[-32:]
        self.id = hashlib.sha256(name.encode() + b"\n\4" + public).digest()[:4]
        self.key = f"{name}+{self.id.hex()}+{base64.b64encode(bytes([4]) + public).decode()}"
        self.log_key = None
        witness = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.path == "/copy":
                    witness.copies.append(body.decode())
                    status, kind, text = 204, "text/plain", ""
                else:
                    status, kind, text = witness.add_checkpoint(body) if self.path == "/add-checkpoint" else (404, "text/plain", "")
                    witness.answers.append(status)
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.lock = threading.Lock()
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def signed(self, body, lines):
        """Whether a line is the log's signature of the body."""
        name, key_id, key = self.log_key.split("+", 2)
        (self.dir / "log.der").write_bytes(SPKI + base64.b64decode(key)[1:])
        (self.dir / "body").write_bytes(body)
        for line in lines:
            word = line.split(" ")
            if len(word) == 3 and word[0] == "\u2014" and word[1] == name and base64.b64decode(word[2])[:4].hex() == key_id:
                (self.dir / "sig").write_bytes(base64.b64decode(word[2])[4:])
                return openssl("pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", self.dir / "log.der", "-rawin", "-in", self.dir / "body", "-sigfile",
                               self.dir / "sig").returncode == 0
        return False

    def cosign(self, body):
        now = int(time.time())
        (self.dir / "message").write_bytes(f"cosignature/v1\ntime {now}\n".encode() + body)
        openssl("pkeyutl", "-sign", "-inkey", self.dir / "witness.pem", "-rawin", "-in", self.dir / "message", "-out", self.dir / "cosignature")
        raw = self.id + struct.pack(">Q", now) + (self.dir / "cosignature").read_bytes()
        return f"\u2014 {self.name} {base64.b64encode(raw).decode()}\n"

    def add_checkpoint(self, request):
        with self.lock:
            if self.refuse:
                return 500, "text/plain", ""
            head, note = request.split(b"\n\n", 1)
            old, *proof = head.decode().split("\n")
            body, lines = note.rsplit(b"\n\n", 1)
            body += b"\n"
            _, size, root = body.decode().splitlines()
            old, size, root = int(old.removeprefix("old ")), int(size), base64.b64decode(root)
            if self.log_key is None or not self.signed(body, lines.decode().splitlines()):
                return 403, "text/plain", ""
            if old > size or len(proof) > 63:
                return 400, "text/plain", ""
            if old != self.size:
                return 409, "text/x.tlog.size", f"{self.size}\n"
            if old == size and self.root not in (None, root):
                return 409, "text/x.tlog.size", f"{self.size}\n"
            if not consistent(old, size, self.root, root, [base64.b64decode(h) for h in proof]):
                return 422, "text/plain", ""
            self.size, self.root = size, root
            return 200, "text/plain", self.cosign(body) * self.repeat
