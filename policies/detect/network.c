/* Addresses of machines. */
#include <arpa/inet.h>

#include "checks_int.h"

#define OCTET "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
#define IPV4 OCTET "\\." OCTET "\\." OCTET "\\." OCTET

/* Chrome/120.0.0.0 is a product and its version; db.example.com/10.1.2.3 and name/10.1.2.3:80 are how Java prints an address. */
static bool
after_product(const struct match *m)
{
    if (match_before(m, 1) != '/' || !ascii_alnum(match_before(m, 2)))
        return false;
    if (match_after(m, 1) == ':' && ascii_digit(match_after(m, 2)))
        return false;
    for (size_t k = 2; k < 64; k++) {
        char c = match_before(m, k);

        if (c == '.' || c == ':' || c == '/')
            return false;
        if (!ascii_alnum(c) && c != '-' && c != '_')
            break;
    }
    return true;
}

/* lib-8.44.226.124.jar: a version in the name of a file. */
static bool
in_file_name(const struct match *m)
{
    static const char *const endings[] = {
        "jar", "war", "zip", "gz", "tgz", "tar", "whl", "rpm", "deb", "exe", "msi", "dll", "so", "js", "nupkg", "apk", NULL};
    size_t end = m->end + 1;

    if (match_after(m, 1) != '.')
        return false;
    while (end < m->text.len && ascii_alpha(m->text.ptr[end]))
        end++;
    return str_in_list(str_sub(m->text, m->end + 1, end), endings);
}

static bool
check_ipv4(struct match *m)
{
    static const char *const version_words[] = {"v", "ver", "version", "release", "build", "oid", NULL};
    struct str word = match_word_before(m);

    if (str_starts(match_str(m), STR("0.")) || after_product(m) || in_file_name(m) || str_names_version(m->key))
        return false;
    /* Version no. 1.2.3.4, ver. 1.2.3.4 */
    if (word.len == 0 && match_before(m, 1) == ' ' && match_before(m, 2) == '.') {
        struct match dot = {.text = m->text, .start = m->start - 2};

        word = match_word_before(&dot);
    }
    return !str_in_list(word, version_words) && !(word.len >= 7 && str_find_nocase(word, STR("version")) != SIZE_MAX);
}

/* client:2001:db8::1 is an address behind a name; 1:2001:db8::1 is something longer. */
static bool
behind_group(const struct match *m)
{
    size_t k = 2;
    bool hex = true;

    if (match_before(m, 1) != ':')
        return false;
    for (; k <= 32 && (ascii_alnum(match_before(m, k)) || match_before(m, k) == '_' || match_before(m, k) == '-'); k++)
        hex = hex && hex_value(match_before(m, k)) >= 0;
    return hex && k > 2;
}

/* What RFC 4291 section 2.2 allows, and no more; C++ scopes, times and chains of hexadecimal octets are told apart. */
static bool
check_ipv6(struct match *m)
{
    char address[INET6_ADDRSTRLEN];
    struct in6_addr parsed;
    struct str s = match_str(m);
    size_t zone = str_find(s, STR("%")), len = zone == SIZE_MAX ? s.len : zone, colons = 0, digits = 0, wide = 0, run = 0;

    for (size_t i = 0; i < len; i++) {
        colons += s.ptr[i] == ':';
        digits += ascii_digit(s.ptr[i]);
        run = hex_value(s.ptr[i]) >= 0 ? run + 1 : 0;
        wide |= run != 2 && (run > 2 || (i + 1 == len || s.ptr[i + 1] == ':'));
    }
    if (behind_group(m) || len >= sizeof(address) || (digits == 0 && colons < 4) || (colons == 7 && !wide))
        return false;
    memcpy(address, s.ptr, len);
    address[len] = 0;
    return inet_pton(AF_INET6, address, &parsed) == 1;
}

static bool
same_octets(struct str s, char octet)
{
    for (size_t i = 0; i < s.len; i++)
        if (hex_value(s.ptr[i]) >= 0 && ascii_lower(s.ptr[i]) != octet)
            return false;
    return true;
}

static bool
octet_separator(char c)
{
    return c == ':' || c == '-';
}

/* Six octets out of a longer chain (a fingerprint, an EUI-64) are no address. */
static bool
check_mac(struct match *m)
{
    struct str s = match_str(m);

    if (same_octets(s, '0') || same_octets(s, 'f'))
        return false;
    if (s.ptr[4] == '.')
        return true;
    if (octet_separator(match_before(m, 1)) && hex_value(match_before(m, 2)) >= 0 && hex_value(match_before(m, 3)) >= 0 &&
        !ascii_alnum(match_before(m, 4)))
        return false;
    return !(match_after(m, 1) == s.ptr[2] && hex_value(match_after(m, 2)) >= 0 && hex_value(match_after(m, 3)) >= 0);
}

/* ip-10-1-2-3, 10-1-2-3.svc, 192_168_1_1: the address goes, the rest of the name stays. */
static bool
check_ipv4_in_host(struct match *m)
{
    return (match_narrow(m, 1) || match_narrow(m, 2) || match_narrow(m, 3)) && m->text.ptr[m->start] != '0';
}

#define IPV4_WITH(separator) OCTET separator OCTET separator OCTET separator OCTET

const struct detector detect_network[] = {
    {
        .id = "net.ipv4",
        .entity = "IP_ADDRESS",
        .title = "IPv4 address",
        .tier = TIER_A,
        .category = "network",
        .controls = "GDPR HIPAA-O CCPA",
        .pattern = "(?<![0-9A-Za-z_])(?<![0-9A-Za-z]\\.)" IPV4 "(?![0-9A-Za-z_])(?!\\.[0-9])",
        .check = check_ipv4,
        .severity = 1,
        .examples = EXAMPLES(HIT("192.168.0.1"), HIT("from 203.0.113.9:4317"), HIT("10.0.0.0/8"), HIT("http://198.51.100.7/x"),
            HIT("\xe5\x9c\xb0\xe5\x9d\x80"
                "203.0.113.9\xe3\x80\x82"),
            HIT("peer db.example.com/203.0.113.9"), HIT("x/203.0.113.9:80"), HIT("X-Forwarded-For: 203.0.113.9, 198.51.100.7"), MISS("192.168.0"),
            MISS("1-2-3-999"), MISS("1.2.3.4.5"), MISS("v1.2.3.4"), MISS("Chrome/120.0.0.0"), MISS("version 1.2.3.4"), MISS("256.1.1.1"),
            MISS("1.3.6.1.4.1"), MISS("010.1.1.1"), MISS_IN("service.version", "10.2.3.4"), MISS("Chrome/120.0.6099.109"), MISS("version=1.2.3.4"),
            MISS("lib-8.44.226.124.jar"), MISS("ver. 8.44.226.124"), HIT("done. 8.44.226.124"), HIT("8.44.226.124.example.com"), MISS("0.1.2.3")),
    },
    {
        .id = "net.ipv6",
        .entity = "IP_ADDRESS",
        .title = "IPv6 address",
        .tier = TIER_A,
        .category = "network",
        .controls = "GDPR HIPAA-O CCPA",
        .pattern = "(?<![0-9A-Za-z_.])(?<!::)(?:[0-9A-Fa-f]{1,4}:|::)(?:[0-9A-Fa-f]{0,4}:){0,6}+(?:" IPV4
                   "|[0-9A-Fa-f]{1,4}|(?<=::))(?:%(?:25)?(?!(?:[2-7][0-9A-Fa-f]|0[9AaDd])|[89A-Fa-f][0-9A-Fa-f]%)[0-9A-Za-z_.-]{1,15})?(?![0-9A-Za-z_"
                   ":])(?!\\.[0-9])",
        .check = check_ipv6,
        .severity = 1,
        .examples = EXAMPLES(HIT("2001:db8::8a2e:370:7334"), HIT("fe80::1%eth0"), HIT("fe80::1%25eth0"), HIT("fe80::1%0A"), HIT("client:2001:db8::1"),
            HIT("[IPv6:2001:db8::1]"), HIT("interface:fe80::1"), HIT("\345\234\260\345\235\200:2001:db8::1"), HIT("\"ip\":2001:db8::1"),
            MISS("cafe:2001:db8:1:2:3:4:5:6"), HIT("[2001:db8::1]:443"), HIT("::ffff:192.0.2.1"), HIT("::ffff:0:192.0.2.1"),
            HIT("64:ff9b::192.0.2.33"), HIT("2001:db8:0:0:0:0:2:1"), HIT("::1"), HIT("2001:db8::/32"), HIT("2001:db8:1:2:3:4:5:6"),
            HIT("addr 2001:db8::"), HIT("::ffff:0:1"), MISS("12:34:56"), MISS("::"), MISS("std::vector"), MISS("face::add"),
            MISS("00:1A:2B:3C:4D:5E"), MISS("AB:CD:EF:01:23:45:67:89"), MISS("2024-01-01T12:34:56"), MISS("1:2:3:4:5:6:7:8:9"), MISS("2001:db8::g"),
            MISS("a::b::c")),
    },
    {
        ENTRY("net.ipv4_in_host", "IP_ADDRESS", "IPv4 address in the name of a host", TIER_A, "network", "GDPR HIPAA-O CCPA", 1),
        .pattern = "(?<![0-9A-Za-z])(?:ip|ec2|host|node|vm|worker)-(" IPV4_WITH("-") ")(?![0-9A-Za-z_-])|(?<![0-9A-Za-z_.-])(?:(" IPV4_WITH(
            "-") ")(?=\\.[A-Za-z])|(" IPV4_WITH("_") ")(?![0-9A-Za-z_-]))",
        .check = check_ipv4_in_host,
        .examples = EXAMPLES(HIT("ip-10-152-4-129.ec2.internal"), HIT("10-60-160-172.svc.ns.cluster.local"), HIT("192_168_1_1"), HIT("ip-10-1-2-3"),
            MISS("7-55-2-app"), MISS("1-2-3-foo"), MISS("10-11-12-13"), MISS("app-1-2-3-4.jar"), MISS("ip-10-1-2-333"), MISS("1-2-3-999")),
    },
    {
        .id = "net.mac",
        .entity = "MAC_ADDRESS",
        .title = "MAC address",
        .tier = TIER_A,
        .category = "network",
        .controls = "GDPR HIPAA-M",
        .pattern = WORD_START "(?:[0-9A-Fa-f]{2}([:-])[0-9A-Fa-f]{2}(?:\\1[0-9A-Fa-f]{2}){4}|(?<![0-9A-Za-z]\\.)[0-9A-Fa-f]{4}\\.[0-9A-Fa-f]{4}\\.[0-"
                              "9A-Fa-f]{4}(?!\\.[0-9A-Fa-f]))" WORD_END,
        .check = check_mac,
        .severity = 1,
        .examples = EXAMPLES(HIT("00:1A:2B:3C:4D:5E"), HIT("0012.3456.789A"), HIT("00-1a-2b-3c-4d-5e"), HIT("mac:00:1A:2B:3C:4D:5E"),
            MISS("FF:FF:FF:FF:FF:FF"), MISS("00:00:00:00:00:00"), MISS("00:1A-2B:3C-4D:5E"), MISS("AB:CD:EF:01:23:45:67:89"), MISS("00:1A:2B:3C:4D"),
            MISS("00:1A:2B:3C:4D:5G")),
    },
    {.id = NULL},
};
