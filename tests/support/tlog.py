"""A tile log by C2SP's documents alone (tlog-tiles, signed-note, tlog-checkpoint, tlog-proof): written and checked here, with nothing of the product. Keys are Ed25519 by openssl."""
import base64
import hashlib
import pathlib
import subprocess


def sha(data):
    return hashlib.sha256(data).digest()


def leaf_hash(data):
    return sha(b"\0" + data)


def node_hash(left, right):
    return sha(b"\1" + left + right)


def root_of(hashes):
    """RFC 6962 section 2.1, over leaf hashes."""
    if not hashes:
        return sha(b"")
    level = list(hashes)
    while len(level) > 1:  # an odd one goes up as it is
        level = [node_hash(level[i], level[i + 1]) if i + 1 < len(level) else level[i] for i in range(0, len(level), 2)]
    return level[0]


def root_by_path(index, size, leaf, path):
    """RFC 9162 section 2.1.3.2: the root that an inclusion proof leads to; None: the path is too long or too short."""
    node, last, root = index, size - 1, leaf
    for p in path:
        if last == 0:
            return None
        if node & 1 or node == last:
            root = node_hash(p, root)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            root = node_hash(root, p)
        node, last = node >> 1, last >> 1
    return root if last == 0 else None


class Key:
    def __init__(self, folder, name):
        self.name, self.file = name, pathlib.Path(folder) / "ed25519.pem"
        subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", self.file], check=True, capture_output=True)
        der = subprocess.run(["openssl", "pkey", "-in", self.file, "-pubout", "-outform", "DER"], check=True, capture_output=True).stdout
        self.public = b"\1" + der[-32:]
        self.id = sha(name.encode() + b"\n" + self.public)[:4]
        self.verifier = f"{name}+{self.id.hex()}+{base64.b64encode(self.public).decode()}"

    def sign(self, text):
        """The note: the text, an empty line, the signature's line."""
        part = self.file.with_suffix(".text")
        part.write_bytes(text)
        signature = subprocess.run(["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", self.file, "-in", part], check=True, capture_output=True).stdout
        return text + b"\n\xe2\x80\x94 " + self.name.encode() + b" " + base64.b64encode(self.id + signature) + b"\n"


def tile_name(n):
    parts = [f"{n % 1000:03d}"]
    while n >= 1000:
        n //= 1000
        parts.insert(0, f"x{n % 1000:03d}")
    return "/".join(parts)


def write(folder, key, entries, hashes):
    """A log directory of these entries; hashes: their leaf hashes."""
    folder = pathlib.Path(folder)

    def put(level, n, width, data):
        path = folder / "tile" / level / (tile_name(n) + (f".p/{width}" if width < 256 else ""))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    for n in range((len(entries) + 255) // 256):
        part = entries[256 * n:256 * n + 256]
        put("entries", n, len(part), b"".join(len(e).to_bytes(2, "big") + e for e in part))
    level, at = list(hashes), 0
    while level:
        for n in range((len(level) + 255) // 256):
            part = level[256 * n:256 * n + 256]
            put(str(at), n, len(part), b"".join(part))
        level = [root_of(level[256 * n:256 * n + 256]) for n in range(len(level) // 256)]
        at += 1
    (folder / "checkpoint").write_bytes(key.sign(f"{key.name}\n{len(entries)}\n{base64.b64encode(root_of(hashes)).decode()}\n".encode()))


def read_proof(text):
    """index, path, checkpoint of a tlog-proof file."""
    head, _, note = text.partition("\n\n")
    lines = head.split("\n")
    if lines[0] != "c2sp.org/tlog-proof@v1" or not lines[1].startswith("index "):
        raise ValueError(head)
    return int(lines[1][6:]), [base64.b64decode(x) for x in lines[2:]], note
