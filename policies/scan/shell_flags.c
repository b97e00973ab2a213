/* Flags that take a secret. Long ones are told by their names; short ones only of programs that are known. */
#include "shell_int.h"

/* Programs whose short flags take a secret: as the next word, attached to the flag. A * stands for any end. */
static const struct {
    const char *command, *next, *attached;
} programs[] = {
    {"mysql*", "", "p"},
    {"mariadb*", "", "p"},
    {"mytop", "p", ""},
    {"sshpass", "p", "p"},
    {"buildah", "p", ""},
    {"helm", "p", ""},
    {"oras", "p", ""},
    {"az", "p", ""},
    {"redis-cli", "a", ""},
    {"valkey-cli", "a", ""},
    {"keydb-cli", "a", ""},
    {"mongo*", "p", "p"},
    {"cqlsh*", "p", "p"},
    {"beeline", "p", ""},
    {"ldap*", "w", "w"},
    {"zip*", "P", "P"},
    {"unzip", "P", "P"},
    {"7z*", "", "p"},
    {"7za", "", "p"},
    {"rar", "", "p"},
    {"unrar", "", "p"},
    {"sqlcmd", "P", "P"},
    {"bcp", "P", "P"},
    {"isql", "P", "P"},
    {"osql", "P", "P"},
    {"tsql", "P", "P"},
    {"openssl", "kK", ""},
    {"mosquitto_*", "P", ""},
    {"ipmitool", "P", "P"},
    {"rabbitmqadmin", "p", "p"},
    {"ncftp*", "p", "p"},
    {"rdesktop", "p", "p"},
    {"snmp*", "AXca", ""},
    {"hydra", "p", "p"},
    {"kinit", "w", ""},
    {"teradata*", "p", ""},
    {"vsql", "w", ""},
    {"dbaccess", "p", ""},
};

/* A command that is one program of several, such as mysqldump. */
static bool
is_command(struct str command, const char *pattern)
{
    size_t n = strlen(pattern);

    if (n && pattern[n - 1] == '*')
        return str_eq_nocase(str_sub(command, 0, command.len < n - 1 ? 0 : n - 1), (struct str){pattern, n - 1});
    return str_eq_nocase(command, str_of(pattern));
}

struct str
command_name(struct str word)
{
    size_t from = word.len;

    while (from > 0 && !byte_in(word.ptr[from - 1], "/\\"))
        from--;
    word = str_sub(word, from, word.len);
    if (word.len > 4 && str_eq_nocase(str_sub(word, word.len - 4, word.len), STR(".exe")))
        word.len -= 4;
    return word;
}

static bool
is_client(struct str command)
{
    static const char *const clients[] = {"curl", "wget", "http", "https", "xh", "xhs", "httpie", "ab", "hey", "wrk", "smbclient", "rpcclient",
        "lftp", "vegeta", "oha", "grpcurl", "s3cmd", "davfs2", "cadaver", "rclone", "rsync", "cntlm", "k6", "bombardier", NULL};

    return word_in(command, clients);
}

static bool
is_database(struct str command)
{
    static const char *const clients[] = {"mysql*", "mariadb*", "psql", "sqlite3", "sqlcmd", "clickhouse*", "cqlsh*", "snowsql", "duckdb", "vsql",
        "cockroach", "trino", "presto", "usql", "bq", "impala-shell", "beeline", "hive", "spark-sql", NULL};

    for (const char *const *c = clients; *c; c++)
        if (is_command(command, *c))
            return true;
    return false;
}

static bool
known_flag(struct str command, struct str flag)
{
    for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
        if (is_command(command, programs[i].command) && byte_in(flag.ptr[1], flag.len > 2 ? programs[i].attached : programs[i].next))
            return true;
    return false;
}

/* Flags of one letter: by what is usual. */
static enum argument
short_argument(struct str command, struct str flag)
{
    static const char *const containers[] = {"docker", "podman", "nerdctl", NULL};
    char c = flag.ptr[1];

    if (is_client(command))
        return byte_in(c, "uUa") ? ARG_USER : c == 'H' ? ARG_HEADER : c == 'b' ? ARG_COOKIE : byte_in(c, "dF") ? ARG_BODY : ARG_NONE;
    if (is_database(command))
        return byte_in(c, "ecQq") ? ARG_SQL : ARG_NONE;
    if (flag.len == 2 && c == 'p' && word_in(command, containers))
        return ARG_DOUBTFUL; /* login -p password, run -p 80:80 */
    if (command.len == 0 && flag.len == 2)
        return byte_in(c, "pawPk") ? ARG_DOUBTFUL : byte_in(c, "uU") ? ARG_USER : c == 'H' ? ARG_HEADER : ARG_NONE;
    return ARG_NONE;
}

/* By the name of a long flag. */
static enum argument
long_argument(struct str command, struct str name)
{
    static const char *const users[] = {"user", "proxy-user", "auth", "basic", "userpwd", "credentials", NULL};
    static const char *const headers[] = {"header", "headers", "proxy-header", "add-header", NULL};
    static const char *const bodies[] = {"data", "data-raw", "data-binary", "data-ascii", "data-urlencode", "json", "form", "form-string", "body",
        "post-data", "body-data", "payload", "request-body", NULL};
    static const char *const secrets[] = {"passin", "passout", "pw", "pass", "storepass", "keypass", "srcstorepass", "deststorepass", "with-token",
        "community", "requirepass", "masterauth", "ap", "au-pass", "psk", "p", NULL};
    static const char *const statements[] = {"execute", "command", "query", "sql", "statement", NULL};

    if (word_in(name, headers))
        return ARG_HEADER;
    if (word_in(name, users))
        return ARG_USER;
    if (str_eq(name, STR("cookie")) || str_eq(name, STR("cookies")))
        return ARG_COOKIE;
    if (word_in(name, bodies))
        return ARG_BODY;
    if (is_database(command) && word_in(name, statements))
        return ARG_SQL;
    return word_in(name, secrets) || name_is_secret_flag(name) ? ARG_SECRET : ARG_NONE;
}

/* Letters, digits and what joins words: -H"Authorization: x" is no long flag. */
static bool
is_name(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!byte_alnum(s.ptr[i]) && !byte_in(s.ptr[i], "_-.:/"))
            return false;
    return s.len > 0;
}

/* -Dname=value of java, -Pname=value of gradle, -eNAME=value of docker. */
static bool
is_definition(struct str flag)
{
    size_t equals = str_find(flag, STR("="));

    return flag.len > 3 && byte_in(flag.ptr[1], "DPe") && equals != SIZE_MAX && equals > 2;
}

enum argument
flag_argument(struct str command, struct str flag, size_t *attached)
{
    size_t dashes = str_starts(flag, STR("--")) ? 2 : 1, end = dashes;
    const char *ends = flag.ptr[0] == '/' ? ":=" : "=";

    *attached = flag.len;
    if (flag.len <= dashes)
        return ARG_NONE;
    while (end < flag.len && !byte_in(flag.ptr[end], ends))
        end++;
    size_t value = end < flag.len ? end + 1 : flag.len;

    if (dashes == 1 && flag.ptr[0] == '-' && known_flag(command, flag)) {
        *attached = 2;
        return ARG_SECRET;
    }
    if (flag.ptr[0] == '/' && end == flag.len)
        return ARG_NONE; /* a path */
    if (dashes == 1 && is_definition(flag)) {
        *attached = value;
        return name_is_secret_flag(str_sub(flag, 2, end)) ? ARG_SECRET : ARG_NONE;
    }
    struct str name = str_sub(flag, dashes, end);
    enum argument a = (flag.ptr[0] == '-' && dashes == 1 && end == 2) || !is_name(name) ? ARG_NONE : long_argument(command, name);

    if (a == ARG_NONE && dashes == 1 && flag.ptr[0] == '-') {
        a = short_argument(command, flag);
        *attached = 2;
        if (a != ARG_NONE)
            return a;
    }
    *attached = value;
    return a;
}
