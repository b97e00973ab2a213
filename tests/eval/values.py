"""Valid values of structured types, made from the published rules and not from the product's own tables.

Every generator takes a random.Random and returns one value. What a value is called in running text stands beside it.
"""
import hashlib
import string
import zlib

DIGITS = string.digits
UPPER = string.ascii_uppercase
ALNUM = string.ascii_letters + DIGITS
HEX = "0123456789abcdef"


def pick(r, alphabet, n):
    return "".join(r.choice(alphabet) for _ in range(n))


def digits(r, n, first=DIGITS):
    return pick(r, first, 1) + pick(r, DIGITS, n - 1)


def nums(s):
    return [int(c) for c in s]


def weigh(s, weights):
    return sum(a * b for a, b in zip(nums(s), weights))


def until(make, good):
    while True:
        v = make()
        if good(v):
            return v


# ---- checksums ----

def luhn(body):
    total = 0
    for i, c in enumerate(reversed(body)):
        d = int(c) * (2 if i % 2 == 0 else 1)
        total += d - 9 if d > 9 else d
    return str(-total % 10)


D5 = [[0] * 10 for _ in range(10)]
for _a in range(10):
    for _b in range(10):
        if _a < 5:
            D5[_a][_b] = (_a + _b) % 5 if _b < 5 else 5 + (_a + _b) % 5
        else:
            D5[_a][_b] = 5 + (_a - _b) % 5 if _b < 5 else (_a - _b) % 5
VERHOEFF_P = [list(range(10))]
for _ in range(7):
    VERHOEFF_P.append([[1, 5, 7, 6, 2, 8, 3, 0, 9, 4][x] for x in VERHOEFF_P[-1]])


def verhoeff(body):
    for check in DIGITS:
        c = 0
        for i, ch in enumerate(reversed(body + check)):
            c = D5[c][VERHOEFF_P[i % 8][int(ch)]]
        if c == 0:
            return check
    raise ValueError(body)


def mod97(s):
    return int("".join(str(int(c, 36)) for c in s)) % 97


def mod11_10(body):
    p = 10
    for c in body:
        t = (p + int(c)) % 10 or 10
        p = 2 * t % 11
    return str((11 - p) % 10)


def date(r, low=1940, high=2005):
    return r.randint(low, high), r.randint(1, 12), r.randint(1, 28)


def yymmdd(r, **k):
    y, m, d = date(r, **k)
    return "%02d%02d%02d" % (y % 100, m, d)


def ddmmyy(r, **k):
    y, m, d = date(r, **k)
    return "%02d%02d%02d" % (d, m, y % 100)


# ---- national identifiers ----

def us_ssn(r, sep="-"):
    area = until(lambda: r.randint(1, 899), lambda a: a != 666)
    return "%03d%s%02d%s%04d" % (area, sep, r.randint(1, 99), sep, r.randint(1, 9999))


def us_itin(r):
    group = r.choice(list(range(50, 66)) + list(range(70, 89)) + [90, 91, 92] + list(range(94, 100)))
    return "9%02d-%02d-%04d" % (r.randint(0, 99), group, r.randint(1, 9999))


def us_npi(r):
    body = r.choice("12") + pick(r, DIGITS, 8)
    return body + luhn("80840" + body)


def us_dea(r):
    n = pick(r, DIGITS, 6)
    return r.choice("ABFGM") + pick(r, UPPER, 1) + n + str((weigh(n[::2], [1] * 3) + 2 * weigh(n[1::2], [1] * 3)) % 10)


MBI = "".join(c for c in UPPER if c not in "SLOIBZ")


def us_mbi(r):
    an = MBI + DIGITS
    return "%s%s%s%s-%s%s%s-%s%s%s%s" % (r.choice("123456789"), r.choice(MBI), r.choice(an), r.choice(DIGITS), r.choice(MBI), r.choice(an),
                                         r.choice(DIGITS), r.choice(MBI), r.choice(MBI), r.choice(DIGITS), r.choice(DIGITS))


def vin(r):
    values = {c: i % 10 for i, c in enumerate("0123456789")}
    values.update(dict(zip("ABCDEFGH", range(1, 9))))
    values.update(dict(zip("JKLMN", range(1, 6))))
    values.update({"P": 7, "R": 9})
    values.update(dict(zip("STUVWXYZ", range(2, 10))))
    weights = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2]
    s = list(r.choice("12345JWSK") + pick(r, "ABCDEFGHJKLMNPRSTUVWXYZ", 2) + pick(r, "ABCDEFGHJKLMNPRSTUVWXYZ0123456789", 5) + "0" +
             pick(r, "ABCDEFGHJKLMNPRSTVWXY123456789", 2) + pick(r, DIGITS, 6))
    s[8] = "0123456789X"[sum(values[c] * w for c, w in zip(s, weights)) % 11]
    return "".join(s)


def uk_nino(r, sep=None):
    first = until(lambda: pick(r, UPPER, 2), lambda p: p[0] not in "DFIQUV" and p[1] not in "DFIQUVO" and
                  p not in ("BG", "GB", "KN", "NK", "NT", "TN", "ZZ"))
    n = pick(r, DIGITS, 6)
    sep = r.choice(["", " "]) if sep is None else sep
    return sep.join([first, n[:2], n[2:4], n[4:], r.choice("ABCD")])


def uk_nhs(r):
    body, check = until(lambda: (lambda b: (b, 11 - weigh(b, range(10, 1, -1)) % 11))(digits(r, 9, "4679")), lambda v: v[1] != 10)
    s = body + str(check % 11)
    return r.choice([s, s[:3] + " " + s[3:6] + " " + s[6:]])


def uk_utr(r):
    body = pick(r, DIGITS, 9)
    return "21987654321"[weigh(body, [6, 7, 8, 9, 10, 5, 4, 3, 2]) % 11] + body


def ca_sin(r):
    body = digits(r, 8, "1245679")
    s = body + luhn(body)
    return r.choice(["%s-%s-%s", "%s %s %s"]) % (s[:3], s[3:6], s[6:])


def au_tfn(r):
    return until(lambda: digits(r, 9, "123456789"), lambda s: weigh(s, [1, 4, 3, 7, 5, 8, 6, 9, 10]) % 11 == 0)


def au_abn(r):
    def good(s):
        n = nums(s)
        n[0] -= 1
        return sum(a * b for a, b in zip(n, [10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19])) % 89 == 0
    s = until(lambda: digits(r, 11, "123456789"), good)
    return r.choice([s, "%s %s %s %s" % (s[:2], s[2:5], s[5:8], s[8:])])


def au_acn(r):
    body = pick(r, DIGITS, 8)
    s = body + str(-weigh(body, range(8, 0, -1)) % 10)
    return "%s %s %s" % (s[:3], s[3:6], s[6:])


def au_medicare(r):
    body = digits(r, 8, "23456")
    return body + str(weigh(body, [1, 3, 7, 9, 1, 3, 7, 9]) % 10) + r.choice("123456789")


def nz_ird(r):
    while True:
        body = "%08d" % r.randint(1000000, 14999999)
        c = -weigh(body, [3, 2, 7, 6, 5, 4, 3, 2]) % 11
        if c == 10:
            c = -weigh(body, [7, 4, 3, 2, 5, 2, 7, 6]) % 11
        if c != 10:
            s = (body + str(c)).lstrip("0")
            return s


def in_aadhaar(r):
    body = digits(r, 11, "23456789")
    s = body + verhoeff(body)
    return "%s %s %s" % (s[:4], s[4:8], s[8:])


def in_pan(r):
    return pick(r, UPPER, 3) + r.choice("PCHFATBLJG") + pick(r, UPPER, 1) + "%04d" % r.randint(1, 9999) + pick(r, UPPER, 1)


def in_gstin(r):
    body = r.choice(["27", "29", "07", "33", "24", "09"]) + in_pan(r) + r.choice("123456789") + "Z"
    total = 0
    for i, c in enumerate(body):
        v = int(c, 36) * (2 if i % 2 else 1)
        total += v // 36 + v % 36
    return body + "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[-total % 36]


def in_voter(r):
    body = pick(r, DIGITS, 6)
    return pick(r, UPPER, 3) + body + luhn(body)


def de_idnr(r):
    base = list(DIGITS)
    r.shuffle(base)
    base = base[:9]
    body = base + [r.choice(base)]
    r.shuffle(body)
    if body[0] == "0":
        return de_idnr(r)
    body = "".join(body)
    s = body + mod11_10(body)
    return r.choice([s, "%s %s %s %s" % (s[:2], s[2:5], s[5:8], s[8:])])


def cross(n):
    return sum(nums(str(n)))


def de_svnr(r):
    head = r.choice(["02", "04", "08", "10", "13", "15", "25", "38", "44", "53", "65", "82"]) + ddmmyy(r)
    letter, serial = r.choice(UPPER), pick(r, DIGITS, 2)
    s = head + "%02d" % (ord(letter) - 64) + serial
    check = sum(cross(a * b) for a, b in zip(nums(s), [2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1])) % 10
    return head + letter + serial + str(check)


def de_kvnr(r):
    letter, body = r.choice(UPPER), pick(r, DIGITS, 8)
    s = "%02d" % (ord(letter) - 64) + body
    return letter + body + str(sum(cross(a * b) for a, b in zip(nums(s), [1, 2] * 5)) % 10)


def icao(s):
    return str(sum((0 if c == "<" else int(c, 36)) * w for c, w in zip(s, [7, 3, 1] * 30)) % 10)


def de_id_card(r):
    alphabet = "CFGHJKLMNPRTVWXYZ0123456789"
    body = r.choice("LMNPRTVWXY") + pick(r, alphabet, 7)
    return body + icao(body)


def de_vat(r):
    body = digits(r, 8, "123456789")
    return "DE" + body + mod11_10(body)


def at_svnr(r):
    while True:
        serial, born = digits(r, 3, "123456789"), ddmmyy(r)
        c = (weigh(serial, [3, 7, 9]) + weigh(born, [5, 8, 4, 2, 1, 6])) % 11
        if c != 10:
            return serial + str(c) + " " + born


def ean(body):
    return str(-sum(int(c) * (3 if i % 2 else 1) for i, c in enumerate(body)) % 10)


def ch_ahv(r):
    body = "756" + pick(r, DIGITS, 9)
    s = body + ean(body)
    return "%s.%s.%s.%s" % (s[:3], s[3:7], s[7:11], s[11:])


def fr_nir(r):
    dept = "%02d" % r.choice([d for d in range(1, 96) if d != 20])
    body = r.choice("12") + "%02d%02d" % (r.randint(30, 99), r.randint(1, 12)) + dept + "%03d%03d" % (r.randint(1, 899), r.randint(1, 999))
    key = "%02d" % (97 - int(body) % 97)
    s = r.choice([body + key, "%s %s %s %s %s %s %s" % (body[0], body[1:3], body[3:5], body[5:7], body[7:10], body[10:], key)])
    return s


def fr_siren(r):
    body = digits(r, 8, "3456789")
    s = body + luhn(body)
    return r.choice([s, "%s %s %s" % (s[:3], s[3:6], s[6:])])


def fr_siret(r):
    s = fr_siren(r).replace(" ", "") + "%04d" % r.randint(1, 99)
    return s + luhn(s)


DNI = "TRWAGMYFPDXBNJZSQVHLCKE"


def es_dni(r):
    n = r.randint(1000000, 99999999)
    return "%08d%s" % (n, DNI[n % 23])


def es_nie(r):
    first, n = r.randint(0, 2), r.randint(0, 9999999)
    return "XYZ"[first] + "%07d" % n + DNI[(first * 10000000 + n) % 23]


def es_cif(r):
    body = pick(r, DIGITS, 7)
    return r.choice("ABEH") + body + luhn(body)


def es_nuss(r):
    province, n = "%02d" % r.randint(1, 52), "%08d" % r.randint(10000000, 99999999)
    return province + n + "%02d" % (int(province + n) % 97)


CF_ODD = dict(zip(DIGITS + UPPER, [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10,
                                   22, 25, 24, 23]))


def it_cf(r):
    y, m, d = date(r)
    body = pick(r, "BCDFGLMNPRSTVZ", 6) + "%02d%s%02d" % (y % 100, "ABCDEHLMPRST"[m - 1], d + r.choice([0, 40])) + r.choice("ABCDEFGHIL") + \
        "%03d" % r.randint(1, 999)
    total = sum(CF_ODD[c] if i % 2 == 0 else (int(c) if c in DIGITS else ord(c) - 65) for i, c in enumerate(body))
    return body + chr(65 + total % 26)


def it_piva(r):
    body = "0" + pick(r, DIGITS, 6) + "%03d" % r.randint(1, 100)
    return body + luhn(body)


def pt_nif(r):
    body = digits(r, 8, "1256")
    c = 11 - weigh(body, range(9, 1, -1)) % 11
    return body + str(0 if c > 9 else c)


def nl_bsn(r):
    return until(lambda: digits(r, 9, "123456789"), lambda s: (weigh(s[:8], range(9, 1, -1)) - int(s[8])) % 11 == 0)


def be_nn(r):
    y, m, d = date(r, low=1930, high=2015)
    body = "%02d%02d%02d%03d" % (y % 100, m, d, r.randint(1, 997))
    key = 97 - int(("2" if y >= 2000 else "") + body) % 97
    return "%s.%s.%s-%s.%02d" % (body[:2], body[2:4], body[4:6], body[6:], key)


def lu_nin(r):
    y, m, d = date(r)
    body = "%04d%02d%02d%s" % (y, m, d, pick(r, DIGITS, 3))
    return body + luhn(body) + verhoeff(body)


def gr_amka(r):
    body = ddmmyy(r) + pick(r, DIGITS, 4)
    return body + luhn(body)


def gr_tin(r):
    body = digits(r, 8, "0123456789")
    return body + str(weigh(body, [256, 128, 64, 32, 16, 8, 4, 2]) % 11 % 10)


def cz_rc(r):
    while True:
        y, m, d = date(r, low=1954, high=2003)
        body = "%02d%02d%02d%03d" % (y % 100, m + r.choice([0, 50]), d, r.randint(0, 999))
        c = int(body) % 11
        if c != 10:
            return body[:6] + "/" + body[6:] + str(c)


def ro_cnp(r):
    y, m, d = date(r)
    body = r.choice("12") if y < 2000 else r.choice("56")
    body += "%02d%02d%02d%02d%03d" % (y % 100, m, d, r.randint(1, 46), r.randint(1, 999))
    c = weigh(body, [2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9]) % 11
    return body + str(1 if c == 10 else c)


def bg_egn(r):
    y, m, d = date(r)
    body = "%02d%02d%02d%03d" % (y % 100, m + (40 if y >= 2000 else 0), d, r.randint(0, 999))
    return body + str(weigh(body, [2, 4, 8, 5, 10, 9, 7, 3, 6]) % 11 % 10)


def hr_oib(r):
    body = pick(r, DIGITS, 10)
    return body + mod11_10(body)


def si_emso(r):
    while True:
        y, m, d = date(r)
        body = "%02d%02d%03d50%03d" % (d, m, y % 1000, r.randint(0, 999))
        c = 11 - weigh(body, [7, 6, 5, 4, 3, 2] * 2) % 11
        if c != 10:
            return body + str(c % 11)


def ee_isikukood(r):
    y, m, d = date(r)
    body = r.choice("34") if y < 2000 else r.choice("56")
    body += "%02d%02d%02d%03d" % (y % 100, m, d, r.randint(1, 999))
    c = weigh(body, [1, 2, 3, 4, 5, 6, 7, 8, 9, 1]) % 11
    if c == 10:
        c = weigh(body, [3, 4, 5, 6, 7, 8, 9, 1, 2, 3]) % 11 % 10
    return body + str(c)


def lv_pk(r):
    y, m, d = date(r)
    body = "%02d%02d%02d%s%03d" % (d, m, y % 100, "1" if y < 2000 else "2", r.randint(0, 999))
    return body[:6] + "-" + body[6:] + str((1 + weigh(body, [10, 5, 8, 4, 2, 1, 6, 3, 7, 9])) % 11 % 10)


def pl_pesel(r):
    y, m, d = date(r)
    body = "%02d%02d%02d%04d" % (y % 100, m + (20 if y >= 2000 else 0), d, r.randint(0, 9999))
    return body + str(-weigh(body, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3]) % 10)


def pl_nip(r):
    body = until(lambda: digits(r, 9, "123456789"), lambda b: weigh(b, [6, 5, 7, 2, 3, 4, 5, 6, 7]) % 11 != 10)
    s = body + str(weigh(body, [6, 5, 7, 2, 3, 4, 5, 6, 7]) % 11)
    return r.choice([s, "%s-%s-%s-%s" % (s[:3], s[3:6], s[6:8], s[8:])])


def se_pnr(r):
    y, m, d = date(r)
    ten = "%02d%02d%02d%03d" % (y % 100, m, d, r.randint(0, 999))
    ten += luhn(ten)
    return r.choice(["", str(y // 100)]) + ten[:6] + "-" + ten[6:]


def fi_hetu(r):
    y, m, d = date(r)
    head, n = "%02d%02d%02d" % (d, m, y % 100), "%03d" % r.randint(2, 899)
    return head + r.choice("-YX" if y < 2000 else "AB") + n + "0123456789ABCDEFHJKLMNPRSTUVWXY"[int(head + n) % 31]


def dk_cpr(r):
    return ddmmyy(r) + "-" + pick(r, DIGITS, 4)


def no_fnr(r):
    while True:
        body = ddmmyy(r) + "%03d" % r.randint(0, 499)
        a = -weigh(body, [3, 7, 6, 1, 8, 9, 4, 5, 2]) % 11
        if a == 10:
            continue
        b = -weigh(body + str(a), [5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11
        if b != 10:
            return body + str(a) + str(b)


def ie_pps(r):
    body, second = pick(r, DIGITS, 7), r.choice(["", "A", "H", "W"])
    extra = {"": 0, "W": 0}.get(second, ord(second[:1] or "@") - 64)
    return body + "WABCDEFGHIJKLMNOPQRSTUV"[(weigh(body, range(8, 1, -1)) + 9 * extra) % 23] + second


def is_kt(r):
    while True:
        y, m, d = date(r)
        body = "%02d%02d%02d%02d" % (d, m, y % 100, r.randint(20, 99))
        c = -weigh(body, [3, 2, 7, 6, 5, 4, 3, 2]) % 11
        if c != 10:
            return body[:6] + "-" + body[6:] + str(c) + ("9" if y < 2000 else "0")


def tr_tckn(r):
    body = digits(r, 9, "123456789")
    n = nums(body)
    ten = (sum(n[::2]) * 7 - sum(n[1::2])) % 10
    return body + str(ten) + str((sum(n) + ten) % 10)


def za_id(r):
    body = yymmdd(r) + "%04d" % r.randint(0, 9999) + r.choice("01") + "8"
    return body + luhn(body)


def il_id(r):
    body = digits(r, 8, "0123456")
    return body + luhn(body)


def ae_eid(r):
    body = "784" + str(r.randint(1950, 2010)) + pick(r, DIGITS, 7)
    s = body + luhn(body)
    return "%s-%s-%s-%s" % (s[:3], s[3:7], s[7:14], s[14])


def cn_ric(r):
    y, m, d = date(r)
    body = r.choice(["110101", "310104", "440106", "510107", "330102", "360426"]) + "%04d%02d%02d%03d" % (y, m, d, r.randint(1, 999))
    weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
    return body + "10X98765432"[weigh(body, weights) % 11]


def tw_id(r):
    letter, body = r.choice(UPPER), r.choice("12") + pick(r, DIGITS, 7)
    code = dict(zip("ABCDEFGHJKLMNPQRSTUVXYWZIO", range(10, 36)))[letter]
    total = code // 10 + code % 10 * 9 + weigh(body, range(8, 0, -1))
    return letter + body + str(-total % 10)


def hk_hkid(r):
    letter, body = r.choice("ABCDEGHKMPRVYZ"), pick(r, DIGITS, 6)
    total = 36 * 9 + (ord(letter) - 55) * 8 + weigh(body, range(7, 1, -1))
    return "%s%s(%s)" % (letter, body, "0123456789A"[-total % 11])


def jp_my(r):
    body = pick(r, DIGITS, 11)
    total = sum(int(c) * (n + 1 if n <= 6 else n - 5) for n, c in enumerate(reversed(body), 1))
    rest = total % 11
    return body + str(0 if rest <= 1 else 11 - rest)


def kr_rrn(r):
    y, m, d = date(r)
    body = "%02d%02d%02d" % (y % 100, m, d) + r.choice("12" if y < 2000 else "34") + pick(r, DIGITS, 5)
    s = body + str((11 - weigh(body, [2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5]) % 11) % 10)
    return s[:6] + "-" + s[6:]


def sg_nric(r):
    series, body = r.choice("STFG"), pick(r, DIGITS, 7)
    total = weigh(body, [2, 7, 6, 5, 4, 3, 2]) + (4 if series in "TG" else 0)
    return series + body + ("JZIHGFEDCBA" if series in "ST" else "XWUTRQPNMLK")[total % 11]


def th_pin(r):
    body = digits(r, 12, "12345678")
    s = body + str((11 - weigh(body, range(13, 1, -1)) % 11) % 10)
    return r.choice([s, "%s-%s-%s-%s-%s" % (s[0], s[1:5], s[5:10], s[10:12], s[12])])


def my_nric(r):
    return "%s-%02d-%04d" % (yymmdd(r), r.choice([1, 5, 8, 10, 14, 21, 59]), r.randint(1, 9999))


def id_nik(r):
    y, m, d = date(r)
    return r.choice(["317101", "327301", "351001"]) + "%02d%02d%02d%04d" % (d + r.choice([0, 40]), m, y % 100, r.randint(1, 9999))


def vn_mst(r):
    body = until(lambda: digits(r, 9, "0123"), lambda b: weigh(b, [31, 29, 23, 19, 17, 13, 7, 5, 3]) % 11 != 0 or True)
    c = 10 - weigh(body, [31, 29, 23, 19, 17, 13, 7, 5, 3]) % 11
    return body + str(c) if 0 <= c <= 9 else vn_mst(r)


def mod11_two(body, first, second):
    a = 11 - weigh(body, first) % 11
    a = 0 if a > 9 else a
    b = 11 - weigh(body + str(a), second) % 11
    return body + str(a) + str(0 if b > 9 else b)


def br_cpf(r):
    s = mod11_two(pick(r, DIGITS, 9), range(10, 1, -1), range(11, 1, -1))
    return "%s.%s.%s-%s" % (s[:3], s[3:6], s[6:9], s[9:])


def br_cnpj(r):
    body = (pick(r, DIGITS, 8) if r.random() < 0.7 else pick(r, UPPER + DIGITS, 8)) + "0001"
    w = [5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]
    def check(s, weights):
        c = 11 - sum((ord(a) - 48) * b for a, b in zip(s, weights)) % 11
        return str(0 if c > 9 else c)
    s = body + check(body, w)
    s += check(s, [6] + w)
    return "%s.%s.%s/%s-%s" % (s[:2], s[2:5], s[5:8], s[8:12], s[12:])


def mx_curp(r):
    body = pick(r, "BCDFGLMP", 1) + r.choice("AEIOU") + pick(r, "BCDFGLMPRSTVX", 2) + yymmdd(r, high=1999) + r.choice("HM") + \
        r.choice(["DF", "JC", "NL", "OC", "VZ", "BC", "YN"]) + pick(r, "BCDFGLMNPRSTVZ", 3) + r.choice(DIGITS)
    alphabet = "0123456789ABCDEFGHIJKLMNÑOPQRSTUVWXYZ"
    return body + str(-sum(alphabet.index(c) * (18 - i) for i, c in enumerate(body)) % 10)


def mx_rfc(r):
    body = pick(r, "BCDFGLMP", 1) + r.choice("AEIOU") + pick(r, "BCDFGLMPRSTVX", 2) + yymmdd(r, high=1999) + pick(r, UPPER + "123456789", 2)
    alphabet = "0123456789ABCDEFGHIJKLMN&OPQRSTUVWXYZ Ñ"
    c = 11 - sum(alphabet.index(ch) * (13 - i) for i, ch in enumerate(body)) % 11
    return body + ("0" if c == 11 else "A" if c == 10 else str(c))


def ar_cuit(r):
    while True:
        body = r.choice(["20", "23", "27", "30", "33"]) + "%08d" % r.randint(5000000, 99999999)
        c = 11 - weigh(body, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11
        if c != 10:
            return "%s-%s-%d" % (body[:2], body[2:], c % 11)


def cl_rut(r):
    body = str(r.randint(5000000, 25999999))
    c = 11 - sum(int(d) * (2 + i % 6) for i, d in enumerate(reversed(body))) % 11
    return "{:,}".format(int(body)).replace(",", ".") + "-" + ("0" if c == 11 else "K" if c == 10 else str(c))


def co_nit(r):
    body = digits(r, 9, "89")
    c = sum(int(d) * w for d, w in zip(reversed(body), [3, 7, 13, 17, 19, 23, 29, 37, 41])) % 11
    return "%s.%s.%s-%d" % (body[:3], body[3:6], body[6:], c if c < 2 else 11 - c)


def pe_ruc(r):
    body = r.choice(["10", "20"]) + pick(r, DIGITS, 8)
    return body + str((11 - weigh(body, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11) % 10)


def ru_inn(r):
    if r.random() < 0.5:
        body = digits(r, 9, "123456789")
        return body + str(weigh(body, [2, 4, 10, 3, 5, 9, 4, 6, 8]) % 11 % 10)
    body = digits(r, 10, "123456789")
    body += str(weigh(body, [7, 2, 4, 10, 3, 5, 9, 4, 6, 8]) % 11 % 10)
    return body + str(weigh(body, [3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8]) % 11 % 10)


def ru_snils(r):
    body = digits(r, 9, "123456789")
    c = weigh(body, range(9, 0, -1)) % 101
    return "%s-%s-%s %02d" % (body[:3], body[3:6], body[6:], 0 if c == 100 else c)


def ng_nin(r):
    body = digits(r, 10, "123456789")
    return body + verhoeff(body)


def mrz_td3(r):
    country = r.choice(["UTO", "DEU", "GBR", "FRA", "USA"])
    name = pick(r, UPPER, r.randint(4, 9)) + "<<" + pick(r, UPPER, r.randint(3, 8))
    doc, born, until_ = pick(r, UPPER + DIGITS, 9), yymmdd(r), yymmdd(r, low=2026, high=2035)
    line = doc + icao(doc) + country + born + icao(born) + r.choice("MF<") + until_ + icao(until_) + "<" * 14 + "0"
    return ("P<" + country + name).ljust(44, "<") + "\n" + line + icao(doc + icao(doc) + born + icao(born) + until_ + icao(until_) + "<" * 14 + "0")


# entity -> (generator, words before it, stands without a word)
NATIONAL = {
    "US_SSN": (us_ssn, ["SSN", "social security number"], True),
    "US_ITIN": (us_itin, ["ITIN", "taxpayer id"], True),
    "US_NPI": (us_npi, ["NPI"], False),
    "US_DEA": (us_dea, ["DEA number", "DEA"], False),
    "US_MBI": (us_mbi, ["Medicare", "MBI"], True),
    "VEHICLE_VIN": (vin, ["VIN", "vehicle"], True),
    "UK_NINO": (uk_nino, ["NI number", "national insurance"], True),
    "UK_NHS": (uk_nhs, ["NHS number", "NHS"], False),
    "UK_UTR": (uk_utr, ["UTR"], False),
    "CA_SIN": (ca_sin, ["SIN", "social insurance number"], True),
    "AU_TFN": (au_tfn, ["TFN", "tax file number"], False),
    "AU_ABN": (au_abn, ["ABN"], False),
    "AU_ACN": (au_acn, ["ACN"], False),
    "AU_MEDICARE": (au_medicare, ["Medicare", "medicare card"], False),
    "NZ_IRD": (nz_ird, ["IRD", "IRD number"], False),
    "IN_AADHAAR": (in_aadhaar, ["Aadhaar", "UIDAI"], True),
    "IN_PAN": (in_pan, ["PAN", "income tax"], True),
    "IN_GSTIN": (in_gstin, ["GSTIN"], True),
    "IN_VOTER_ID": (in_voter, ["voter id", "EPIC"], False),
    "DE_TAX_ID": (de_idnr, ["Steuer-ID", "IdNr", "Steueridentifikationsnummer"], False),
    "DE_SOCIAL_SECURITY": (de_svnr, ["Rentenversicherung", "SV-Nummer"], True),
    "DE_HEALTH_INSURANCE": (de_kvnr, ["KVNR", "Versichertennummer"], False),
    "DE_ID_CARD": (de_id_card, ["Ausweis", "Reisepass"], False),
    "DE_VAT": (de_vat, ["USt-ID", "USt-IdNr"], False),
    "AT_SOCIAL_SECURITY": (at_svnr, ["SVNR", "Sozialversicherungsnummer"], False),
    "CH_AHV": (ch_ahv, ["AHV", "AVS"], True),
    "FR_NIR": (fr_nir, ["NIR", "numéro de sécurité sociale"], True),
    "FR_SIREN": (fr_siren, ["SIREN"], False),
    "FR_SIRET": (fr_siret, ["SIRET"], False),
    "ES_DNI": (es_dni, ["DNI", "NIF"], True),
    "ES_NIE": (es_nie, ["NIE"], True),
    "ES_CIF": (es_cif, ["CIF"], True),
    "ES_NUSS": (es_nuss, ["NUSS", "seguridad social"], False),
    "IT_CODICE_FISCALE": (it_cf, ["codice fiscale"], True),
    "IT_PARTITA_IVA": (it_piva, ["partita IVA", "P.IVA"], False),
    "PT_NIF": (pt_nif, ["NIF", "contribuinte"], False),
    "NL_BSN": (nl_bsn, ["BSN", "burgerservicenummer"], False),
    "BE_NATIONAL_NUMBER": (be_nn, ["rijksregister", "NISS"], True),
    "LU_NIN": (lu_nin, ["matricule", "numéro d'identification"], True),
    "GR_AMKA": (gr_amka, ["AMKA", "ΑΜΚΑ"], False),
    "GR_AFM": (gr_tin, ["AFM", "ΑΦΜ"], False),
    "CZ_BIRTH_NUMBER": (cz_rc, ["rodné číslo", "RČ"], True),
    "RO_CNP": (ro_cnp, ["CNP", "cod numeric personal"], False),
    "BG_EGN": (bg_egn, ["ЕГН", "EGN"], False),
    "HR_OIB": (hr_oib, ["OIB"], False),
    "SI_EMSO": (si_emso, ["EMŠO", "EMSO"], False),
    "EE_PERSONAL_CODE": (ee_isikukood, ["isikukood"], False),
    "LV_PERSONAL_CODE": (lv_pk, ["personas kods"], True),
    "PL_PESEL": (pl_pesel, ["PESEL"], False),
    "PL_NIP": (pl_nip, ["NIP"], False),
    "SE_PERSONNUMMER": (se_pnr, ["personnummer"], True),
    "FI_HETU": (fi_hetu, ["hetu", "henkilötunnus"], True),
    "DK_CPR": (dk_cpr, ["CPR", "cpr-nummer"], False),
    "NO_FODSELSNUMMER": (no_fnr, ["fødselsnummer", "fnr"], False),
    "IE_PPS": (ie_pps, ["PPS", "PPSN"], False),
    "IS_KENNITALA": (is_kt, ["kennitala"], True),
    "TR_TCKN": (tr_tckn, ["TC kimlik", "TCKN"], False),
    "ZA_ID": (za_id, ["id number", "SA ID"], False),
    "IL_ID": (il_id, ["teudat zehut", "ת.ז"], False),
    "AE_EMIRATES_ID": (ae_eid, ["Emirates ID"], True),
    "CN_RESIDENT_ID": (cn_ric, ["身份证", "resident id"], True),
    "TW_ID": (tw_id, ["身分證", "national id"], False),
    "HK_ID": (hk_hkid, ["HKID"], True),
    "JP_MY_NUMBER": (jp_my, ["マイナンバー", "My Number"], False),
    "KR_RRN": (kr_rrn, ["주민등록번호", "RRN"], True),
    "SG_NRIC": (sg_nric, ["NRIC", "FIN"], True),
    "TH_PIN": (th_pin, ["เลขประจำตัวประชาชน", "Thai ID"], False),
    "MY_NRIC": (my_nric, ["NRIC", "MyKad"], True),
    "ID_NIK": (id_nik, ["NIK"], False),
    "VN_MST": (vn_mst, ["MST", "mã số thuế"], False),
    "BR_CPF": (br_cpf, ["CPF"], True),
    "BR_CNPJ": (br_cnpj, ["CNPJ"], True),
    "MX_CURP": (mx_curp, ["CURP"], True),
    "MX_RFC": (mx_rfc, ["RFC"], True),
    "AR_CUIT": (ar_cuit, ["CUIT", "CUIL"], True),
    "CL_RUT": (cl_rut, ["RUT"], True),
    "CO_NIT": (co_nit, ["NIT"], True),
    "PE_RUC": (pe_ruc, ["RUC"], False),
    "RU_INN": (ru_inn, ["ИНН", "INN"], False),
    "RU_SNILS": (ru_snils, ["СНИЛС", "SNILS"], True),
    "NG_NIN": (ng_nin, ["NIN"], False),
    "MRZ": (mrz_td3, ["MRZ"], True),
}


# ---- cards, accounts ----

def card(r):
    prefix, length = r.choice([("4", 16), ("4", 16), ("51", 16), ("55", 16), ("2221", 16), ("2720", 16), ("34", 15), ("37", 15), ("6011", 16), ("65", 16),
                               ("644", 16), ("36", 14), ("305", 14), ("38", 14), ("3528", 16), ("3589", 16), ("62", 16), ("2200", 16), ("5018", 16),
                               ("6304", 16), ("6759", 16)])
    body = prefix + pick(r, DIGITS, length - len(prefix) - 1)
    s = body + luhn(body)
    sep = r.choice(["", "", " ", "-"])
    if not sep:
        return s
    if length == 16:
        return sep.join(s[i:i + 4] for i in range(0, 16, 4))
    return sep.join([s[:4], s[4:10], s[10:]])


def card_long(r):
    """Lengths that stand only behind the word for them."""
    prefix, length = r.choice([("4", 13), ("4", 19), ("5018", 12), ("6304", 13), ("6759", 19), ("62", 19), ("5893", 18), ("1", 15), ("2131", 15), ("1800", 15)])
    body = prefix + pick(r, DIGITS, length - len(prefix) - 1)
    return body + luhn(body)


IBANS = {
    "AD": "8n12c", "AE": "19n", "AL": "8n16c", "AT": "16n", "AZ": "4a20c", "BA": "16n", "BE": "12n", "BG": "4a6n8c", "BH": "4a14c", "BR": "23n1a1c",
    "BY": "4c4n16c", "CH": "5n12c", "CR": "18n", "CY": "8n16c", "CZ": "20n", "DE": "18n", "DK": "14n", "DO": "4c20n", "EE": "16n", "EG": "25n",
    "ES": "20n", "FI": "14n", "FO": "14n", "FR": "10n11c2n", "GB": "4a14n", "GE": "2a16n", "GI": "4a15c", "GL": "14n", "GR": "7n16c", "GT": "4c20c",
    "HR": "17n", "HU": "24n", "IE": "4a14n", "IL": "19n", "IQ": "4a15n", "IS": "22n", "IT": "1a10n12c", "JO": "4a4n18c", "KW": "4a22c", "KZ": "3n13c",
    "LB": "4n20c", "LC": "4a24c", "LI": "5n12c", "LT": "16n", "LU": "3n13c", "LV": "4a13c", "MC": "10n11c2n", "MD": "2c18c", "ME": "18n",
    "MK": "3n10c2n", "MR": "23n", "MT": "4a5n18c", "MU": "4a19n3a", "NL": "4a10n", "NO": "11n", "PK": "4a16c", "PL": "24n", "PS": "4a21c",
    "PT": "21n", "QA": "4a21c", "RO": "4a16c", "RS": "18n", "SA": "2n18c", "SC": "4a20n3a", "SE": "20n", "SI": "15n", "SK": "20n", "SM": "1a10n12c",
    "ST": "21n", "SV": "4a20n", "TL": "19n", "TN": "20n", "TR": "6n16c", "UA": "6n19c", "VA": "18n", "VG": "4a16n", "XK": "16n",
}


def iban(r):
    country = r.choice(sorted(IBANS))
    bban, count = "", ""
    for c in IBANS[country]:
        if c.isdigit():
            count += c
        else:
            bban += pick(r, {"n": DIGITS, "a": UPPER, "c": UPPER + DIGITS}[c], int(count))
            count = ""
    s = country + "%02d" % (98 - mod97(bban + country + "00")) + bban
    return r.choice([s, s, " ".join(s[i:i + 4] for i in range(0, len(s), 4)), s.lower(), "-".join(s[i:i + 4] for i in range(0, len(s), 4))])


# ---- contact, network ----

def email(r):
    names = ["jane", "john.doe", "o'brien", "maria_lopez", "k.tanaka", "info", "x", "jean-luc", "a1b2c3", "J.Smith", "first.m.last", "user+tag", "dev+ci.2024",
             "ünal", "josé", "иван", "张伟", "n%d" % r.randint(1, 9999)]
    hosts = ["example.com", "mail.example.co.uk", "corp.example.io", "example.museum", "sub.a-b.example.org", "xn--80ak6aa92e.com", "bücher.example.de",
             "пример.рф", "例子.中国", "gmail.com", "163.com", "example.travel", "ex.am.pl.e.net"]
    local = r.choice(names)
    if r.random() < 0.05:
        local = '"%s"' % r.choice(["john doe", "very.unusual", "a b.c"])
    return local + "@" + r.choice(hosts)


def ipv4(r):
    return "%d.%d.%d.%d" % (r.randint(1, 223), r.randint(0, 255), r.randint(0, 255), r.randint(1, 255))


def ipv6(r):
    groups = ["%x" % r.randint(0, 0xFFFF) for _ in range(8)]
    groups[0] = r.choice(["2001", "2a00", "fe80", "fd12", "2606"])
    form = r.randint(0, 6)
    if form == 0:
        return ":".join(groups)
    if form == 1:
        return ":".join(groups).upper()
    if form == 2:
        return ":".join(g.zfill(4) for g in groups)
    if form == 3:
        return "fe80::" + ":".join(groups[4:]) + "%" + r.choice(["eth0", "en1", "3"])
    if form == 4:
        return "::ffff:" + ipv4(r)
    if form == 5:
        return ":".join(groups[:r.randint(2, 3)]) + "::" + groups[7]
    return ":".join(groups[:4]) + "::" + ":".join(groups[6:])


def mac(r):
    octets = ["%02x" % r.randint(0, 255) for _ in range(6)]
    octets[0] = "%02x" % (r.randint(1, 62) * 4)
    sep = r.choice([":", "-"])
    s = sep.join(octets)
    return r.choice([s, s.upper()])


# country code -> lengths of the groups of national numbers, and a first digit that exists
PHONES = [("44", "20", [4, 4]), ("44", "7700", [3, 3]), ("49", "30", [6]), ("49", "151", [8]), ("33", "6", [2, 2, 2, 2]), ("33", "1", [2, 2, 2, 2]), ("34", "612", [3, 3]),
          ("39", "347", [3, 4]), ("31", "6", [4, 4]), ("32", "470", [2, 2, 2]), ("41", "79", [3, 2, 2]), ("43", "664", [3, 4]), ("45", "20", [2, 2, 2]), ("46", "70", [3, 2, 2]),
          ("47", "912", [2, 3]), ("48", "601", [3, 3]), ("351", "912", [3, 3]), ("353", "86", [3, 4]), ("358", "40", [3, 4]), ("420", "601", [3, 3]), ("36", "30", [3, 4]),
          ("40", "722", [3, 3]), ("30", "694", [3, 4]), ("90", "532", [3, 4]), ("7", "916", [3, 2, 2]), ("380", "67", [3, 4]), ("972", "52", [3, 4]), ("971", "50", [3, 4]),
          ("91", "98765", [5]), ("86", "138", [4, 4]), ("81", "90", [4, 4]), ("82", "10", [4, 4]), ("65", "9123", [4]), ("60", "12", [3, 4]), ("62", "812", [4, 4]),
          ("63", "917", [3, 4]), ("66", "81", [3, 4]), ("84", "91", [3, 4]), ("61", "412", [3, 3]), ("64", "21", [3, 4]), ("27", "82", [3, 4]), ("234", "803", [3, 4]),
          ("254", "722", [3, 3]), ("20", "100", [3, 4]), ("55", "11", [5, 4]), ("52", "55", [4, 4]), ("54", "9", [2, 4, 4]), ("56", "9", [4, 4]), ("57", "310", [3, 4]), ("51", "987", [3, 3])]


def phone_international(r):
    if r.random() < 0.2:
        a, b, c = nanp(r)
        return r.choice(["+1 %s %s %s", "+1-%s-%s-%s", "+1 (%s) %s-%s", "+1%s%s%s", "+1.%s.%s.%s"]) % (a, b, c)
    code, area, groups = r.choice(PHONES)
    parts = [area] + [pick(r, DIGITS, n) for n in groups]
    sep = r.choice([" ", " ", "-", "", "."])
    form = r.randint(0, 3)
    if form == 0 and sep == " ":
        return "+%s (%s) %s" % (code, parts[0], " ".join(parts[1:]))
    if form == 1 and sep == " " and code in ("44", "49", "41", "43", "31", "46"):
        return "+%s (0)%s" % (code, " ".join(parts))
    return "+" + code + sep + sep.join(parts)


def nanp(r):
    area = until(lambda: digits(r, 3, "23456789"), lambda a: a[1:] != "11" and a[1] != "9")
    return area, digits(r, 3, "23456789"), pick(r, DIGITS, 4)


def phone_nanp(r):
    return r.choice(["(%s) %s-%s", "%s-%s-%s", "%s.%s.%s", "1-%s-%s-%s", "(%s)%s-%s", "%s %s %s"]) % nanp(r)


def phone_in_context(r):
    if r.random() < 0.2:
        return "%s%s%s" % nanp(r)
    code, area, groups = r.choice(PHONES)
    parts = [area] + [pick(r, DIGITS, n) for n in groups]
    sep = r.choice([" ", "-", "", "."])
    return ("0" if not sep or len(area) == 1 else r.choice(["0", "0", ""])) + sep.join(parts)


# ---- secrets; prefixes are joined here so that no token stands in a source ----

def j(*parts):
    return "".join(parts)


def base62(n, width):
    alphabet = DIGITS + UPPER + string.ascii_lowercase
    out = ""
    for _ in range(width):
        out = alphabet[n % 62] + out
        n //= 62
    return out


def github(r):
    body = pick(r, ALNUM, 30)
    return j("gh", r.choice("pousr"), "_") + body + base62(zlib.crc32(body.encode()), 6)


def b64url(data):
    import base64
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def jwt(r):
    head = b64url(b'{"alg":"%s","typ":"JWT"}' % r.choice([b"HS256", b"RS256", b"none"]))
    body = b64url(('{"sub":"%d","name":"x","iat":%d}' % (r.randint(1, 10**9), r.randint(1600000000, 1800000000))).encode())
    return head + "." + body + "." + pick(r, ALNUM + "-_", 43)


def pem(r):
    kind = r.choice(["RSA ", "EC ", "", "OPENSSH ", "ENCRYPTED "])
    lines = "\n".join(pick(r, ALNUM + "+/", 64) for _ in range(r.randint(3, 12)))
    return j("-----BEGIN ", kind, "PRIVATE", " KEY-----\n") + lines + j("\n-----END ", kind, "PRIVATE", " KEY-----")


def atlassian(r):
    body = j("ATA", "TT3xFfGF0") + pick(r, ALNUM + "_-", 176) + "="
    return body + "%08X" % zlib.crc32(body[:-1].encode())


B64 = ALNUM + "+/"
SECRETS = {
    "github": github,
    "github_pat": lambda r: j("github", "_pat_") + pick(r, ALNUM, 22) + "_" + pick(r, ALNUM, 59),
    "gitlab": lambda r: j("gl", "pat-") + pick(r, ALNUM + "_-", 20),
    "slack_bot": lambda r: j("xox", "b-") + digits(r, 12, "123456789") + "-" + digits(r, 12, "123456789") + "-" + pick(r, ALNUM, 24),
    "slack_hook": lambda r: j("https://hooks.", "slack.com/services/") + "T" + pick(r, UPPER + DIGITS, 8) + "/B" + pick(r, UPPER + DIGITS, 10) + "/" + pick(r, ALNUM, 24),
    "stripe": lambda r: j(r.choice("sr"), "k_", r.choice(["live", "test"]), "_") + pick(r, ALNUM, 24),
    "stripe_hook": lambda r: j("wh", "sec_") + pick(r, ALNUM, 32),
    "openai": lambda r: j("sk", "-proj-") + pick(r, ALNUM + "_-", 74) + j("T3Blbk", "FJ") + pick(r, ALNUM + "_-", 74),
    "openai_old": lambda r: j("s", "k-") + pick(r, ALNUM, 20) + j("T3Blbk", "FJ") + pick(r, ALNUM, 20),
    "anthropic": lambda r: j("sk-", "ant-api03-") + pick(r, ALNUM + "_-", 93) + "AA",
    "huggingface": lambda r: j("h", "f_") + pick(r, string.ascii_letters, 34),
    "aws_akid": lambda r: r.choice(["AK", "AS"]) + "IA" + pick(r, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16),
    "aws_secret": lambda r: j("aws_secret_", "access_key=") + pick(r, B64, 40),
    "gcp": lambda r: j("AI", "za") + pick(r, ALNUM + "_-", 35),
    "azure_storage": lambda r: j("Account", "Key=") + pick(r, B64, 86) + "==",
    "azure_ad": lambda r: pick(r, ALNUM, 3) + "8" + j("Q", "~") + pick(r, ALNUM + "_-.", 34),
    "npm": lambda r: j("np", "m_") + pick(r, ALNUM, 36),
    "pypi": lambda r: j("pyp", "i-AgEIcHlwaS5vcmc") + pick(r, ALNUM + "_-", 80),
    "rubygems": lambda r: j("ruby", "gems_") + pick(r, HEX, 48),
    "vault": lambda r: j("hv", "s.") + pick(r, ALNUM + "_-", 95),
    "digitalocean": lambda r: j("do", "p_v1_") + pick(r, HEX, 64),
    "databricks": lambda r: j("da", "pi") + pick(r, HEX, 32),
    "grafana": lambda r: j("gl", "sa_") + pick(r, ALNUM, 32) + "_" + pick(r, HEX, 8),
    "newrelic": lambda r: j("NR", "AK-") + pick(r, UPPER + DIGITS, 27),
    "sendgrid": lambda r: j("S", "G.") + pick(r, ALNUM + "_-", 22) + "." + pick(r, ALNUM + "_-", 43),
    "mailchimp": lambda r: j("mailchimp key ") + pick(r, HEX, 32) + "-us%d" % r.randint(1, 21),
    "twilio": lambda r: j("twilio api key S", "K") + pick(r, HEX, 32),
    "telegram": lambda r: digits(r, 10, "123456789") + j(":", "AA") + pick(r, ALNUM + "_-", 33),
    "shopify": lambda r: j("shp", "at_") + pick(r, HEX, 32),
    "square": lambda r: j("sq", "0atp-") + pick(r, ALNUM + "_-", 22),
    "linear": lambda r: j("lin", "_api_") + pick(r, ALNUM, 40),
    "postman": lambda r: j("PM", "AK-") + pick(r, HEX, 24) + "-" + pick(r, HEX, 34),
    "figma": lambda r: j("fi", "gd_") + pick(r, ALNUM + "_-", 40),
    "doppler": lambda r: j("dp", ".pt.") + pick(r, ALNUM, 43),
    "planetscale": lambda r: j("psc", "ale_pw_") + pick(r, ALNUM + "_-.", 43),
    "dynatrace": lambda r: j("dt0", "c01.") + pick(r, UPPER + "234567", 24) + "." + pick(r, UPPER + "234567", 64),
    "openshift": lambda r: j("sha", "256~") + pick(r, ALNUM + "_-", 43),
    "age": lambda r: j("AGE-SECRET-", "KEY-1") + pick(r, "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", 58),
    "sendinblue": lambda r: j("xkey", "sib-") + pick(r, HEX, 64) + "-" + pick(r, ALNUM, 16),
    "gitlab_trigger": lambda r: j("glp", "tt-") + pick(r, HEX, 40),
    "gitlab_deploy": lambda r: j("gl", "dt-") + pick(r, ALNUM + "_-", 20),
    "gitlab_runner": lambda r: j("gl", "rt-") + pick(r, ALNUM + "_-", 20),
    "gitlab_runner_old": lambda r: j("GR1", "348941") + pick(r, ALNUM + "_-", 20),
    "gitlab_job": lambda r: j("glc", "bt-") + pick(r, HEX, 2) + "_" + pick(r, ALNUM + "_-", 20),
    "gitlab_feed": lambda r: j("gl", "ft-") + pick(r, ALNUM + "_-", 20),
    "gitlab_oauth": lambda r: j("glo", "as-") + pick(r, HEX, 64),
    "gitlab_routable": lambda r: j("gl", "pat-") + pick(r, ALNUM + "_-", 27) + "." + pick(r, DIGITS + "abcdefghij", 9),
    "slack_user": lambda r: j("xox", "p-") + "-".join(digits(r, 12, "123456789") for _ in range(3)) + "-" + pick(r, HEX, 32),
    "slack_app": lambda r: j("xa", "pp-1-A") + pick(r, UPPER + DIGITS, 10) + "-" + digits(r, 13, "123456789") + "-" + pick(r, HEX, 64),
    "perplexity": lambda r: j("pp", "lx-") + pick(r, ALNUM, 48),
    "groq": lambda r: j("gs", "k_") + pick(r, ALNUM, 52),
    "replicate": lambda r: j("r", "8_") + pick(r, ALNUM, 37),
    "tavily": lambda r: j("tv", "ly-") + pick(r, ALNUM, 32),
    "nuget": lambda r: j("o", "y2") + pick(r, string.ascii_lowercase + DIGITS, 43),
    "clojars": lambda r: j("CLO", "JARS_") + pick(r, string.ascii_lowercase + DIGITS, 60),
    "terraform": lambda r: pick(r, ALNUM, 14) + j(".atl", "asv1.") + pick(r, ALNUM + "_-", 67),
    "pulumi": lambda r: j("pu", "l-") + pick(r, HEX, 40),
    "heroku": lambda r: j("HR", "KU-AA") + pick(r, ALNUM + "_-", 58),
    "fly": lambda r: j("fo", "1_") + pick(r, ALNUM + "_-", 43),
    "netlify": lambda r: j("nf", "p_") + pick(r, ALNUM, 36),
    "sentry_user": lambda r: j("snt", "ryu_") + pick(r, HEX, 64),
    "newrelic_insert": lambda r: j("NR", "II-") + pick(r, ALNUM + "-", 32),
    "mailgun": lambda r: j("mailgun ke", "y-") + pick(r, HEX, 32),
    "discord": lambda r: j("M", "T") + pick(r, ALNUM, 22) + "." + pick(r, ALNUM, 6) + "." + pick(r, ALNUM + "_-", 38),
    "square_oauth": lambda r: j("sq", "0csp-") + pick(r, ALNUM + "_-", 43),
    "plaid": lambda r: j("access-", "sandbox-") + "-".join(pick(r, HEX, n) for n in (8, 4, 4, 4, 12)),
    "shippo": lambda r: j("shippo", "_live_") + pick(r, HEX, 40),
    "easypost": lambda r: j("EZ", "AK") + pick(r, ALNUM, 54),
    "facebook": lambda r: j("EA", "AM") + pick(r, ALNUM, 100),
    "twitter": lambda r: "A" * 22 + pick(r, ALNUM + "%", 90),
    "dropbox": lambda r: j("s", "l.") + pick(r, ALNUM + "_-", 138),
    "notion": lambda r: j("nt", "n_") + pick(r, DIGITS, 11) + pick(r, ALNUM, 35),
    "airtable": lambda r: j("pa", "t") + pick(r, ALNUM, 14) + "." + pick(r, HEX, 64),
    "sonar": lambda r: j("sq", "u_") + pick(r, HEX, 40),
    "jfrog": lambda r: j("AK", "Cp") + pick(r, ALNUM, 69),
    "artifactory": lambda r: j("cm", "Vmd") + pick(r, ALNUM, 59),
    "onepassword": lambda r: "-".join([j("A", "3")] + [pick(r, UPPER + DIGITS, n) for n in (6, 11, 5, 5, 5)]),
    "bedrock": lambda r: j("AB", "SK") + pick(r, B64, 128),
    "gcp_oauth": lambda r: j("ya", "29.") + pick(r, ALNUM + "_-", 120),
    "atlassian": lambda r: atlassian(r),
    "bcrypt": lambda r: j("$2", "b$12$") + pick(r, ALNUM + "./", 53),
    "otp": lambda r: j("otp", "auth://totp/Example:alice?secret=") + pick(r, UPPER + "234567", 32),
    "sas": lambda r: "https://acc.blob.core.windows.net/c?sv=2022-11-02&" + j("si", "g=") + pick(r, ALNUM, 42) + "%3D",
    "cookie": lambda r: r.choice(["JSESSIONID=", "PHPSESSID=", "connect.sid=s%3A"]) + pick(r, ALNUM, 32),
    "jwt": jwt,
    "pem": pem,
    "bearer": lambda r: j("Authorization: ", "Bearer ") + pick(r, ALNUM + "_-", 40),
    "basic": lambda r: j("Authorization: ", "Basic ") + __import__("base64").b64encode((pick(r, string.ascii_lowercase, 6) + ":" + pick(r, ALNUM, 12)).encode()).decode(),
    "dsn": lambda r: r.choice(["postgres", "mysql", "mongodb", "redis", "amqp"]) + "://" + pick(r, string.ascii_lowercase, 6) + ":" + pick(r, ALNUM, 14) + "@db.example.com:5432/app",
    "password_pair": lambda r: r.choice(["password=", "pwd=", '"password": "', "Password: ", "passwd="]) + pick(r, ALNUM + "!#$", 12),
    "api_key_pair": lambda r: r.choice(["api_key=", "apikey=", '"api_key": "', "X-Api-Key: ", "client_secret=", "access_token="]) + pick(r, ALNUM, 32),
    "flag": lambda r: r.choice(["--password ", "--password=", "--token="]) + pick(r, ALNUM, 16),
}
# What of the value above is the secret itself, where words stand before it.
SECRET_BODY = {"aws_secret", "azure_storage", "mailchimp", "twilio", "bearer", "basic", "password_pair", "api_key_pair", "flag", "sas", "otp", "cookie", "mailgun"}


def secret_value(family, v):
    """The part of a generated secret that must not survive."""
    for family_, before in (("slack_hook", "services/"), ("sas", "sig="), ("otp", "secret="), ("cookie", "="), ("mailgun", "mailgun ")):
        if family == family_:
            return v.split(before, 1)[1]
    if family == "dsn":
        return v.split(":")[2].split("@")[0]
    if family in SECRET_BODY - {"sas", "otp", "cookie", "mailgun"}:
        for sep in (": \"", ": ", "=", " "):
            if sep in v:
                body = v.split(sep, 1)[1] if family != "mailchimp" and family != "twilio" else v.rsplit(" ", 1)[1]
                return body.split(" ")[-1] if family in ("bearer", "basic") else body
    return v


# ---- crypto addresses ----

B58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def btc(r):
    data = bytes([r.choice([0, 5])]) + bytes(r.randint(0, 255) for _ in range(20))
    data += hashlib.sha256(hashlib.sha256(data).digest()).digest()[:4]
    n, out = int.from_bytes(data, "big"), ""
    while n:
        n, d = divmod(n, 58)
        out = B58[d] + out
    return "1" * (len(data) - len(data.lstrip(b"\0"))) + out
