/* The scanner of command lines. */
#include "policies_scanning.h"

static const struct scanning_row lines[] = {
    {"ls -la /var/log", "ls -la /var/log", NULL},
    {"app --password hunter2 --host db", "app --password REDACTED --host db", NULL},
    {"app --password=hunter2 --token='a b' --api-key=\"c d\"", "app --password=REDACTED --token='REDACTED' --api-key=\"REDACTED\"", NULL},
    {"app --password --host x", "app --password --host x", NULL},
    {"app --password -hunter2 --token -Xy -v", "app --password REDACTED --token REDACTED -v", NULL},
    {"app --password-file /run/p --token-ttl 5m --password-stdin", "app --password-file /run/p --token-ttl 5m --password-stdin", NULL},
    {"mysql -uroot -psecret db", "mysql -uroot -pREDACTED db", NULL},
    {"mysql -u root -p db", "mysql -u root -p db", NULL},
    {"/usr/bin/mysqldump -psecret --all-databases", "/usr/bin/mysqldump -pREDACTED --all-databases", NULL},
    {"sudo sshpass -p secret ssh u@h", "sudo sshpass -p REDACTED ssh u@h", NULL},
    {"psql -p 5432 -h db", "psql -p 5432 -h db", NULL},
    {"mkdir -p /a/b; docker login -u bob -p secret reg.example", "mkdir -p /a/b; docker login -u bob -p REDACTED reg.example", NULL},
    {"redis-cli -h c -a secret ping", "redis-cli -h c -a REDACTED ping", NULL},
    {"PGPASSWORD=abc psql -h x", "PGPASSWORD=REDACTED psql -h x", NULL},
    {"env AWS_SECRET_ACCESS_KEY='a b' FOO=bar DB_PASS=x app", "env AWS_SECRET_ACCESS_KEY='REDACTED' FOO=bar DB_PASS=REDACTED app", NULL},
    {"docker run -e API_KEY=abc -e MODE=fast -p 80:80 img", "docker run -e API_KEY=REDACTED -e MODE=fast -p 80:80 img", NULL},
    {"curl -u bob:pw -H 'Authorization: Bearer abc' -H \"Accept: */*\" https://u:p@h.example/?token=x&code=y",
        "curl -u REDACTED -H 'Authorization: Bearer REDACTED' -H \"Accept: */*\" https://REDACTED:REDACTED@h.example/?token=REDACTED&code=REDACTED",
        NULL},
    {"curl -b 'a=b; c=d' -d '{\"password\":\"x\"}' --data a=1&token=y h.example",
        "curl -b 'a=REDACTED; c=REDACTED' -d '{\"password\":\"REDACTED\"}' --data a=1&token=REDACTED h.example", NULL},
    {"curl -ubob:pw -H\"Authorization: Bearer x\" --oauth2-bearer abc h",
        "curl -uREDACTED -H\"Authorization: Bearer REDACTED\" --oauth2-bearer REDACTED h", NULL},
    {"app --config '{\"password\":\"x\"}'", "app --config '{\"password\":\"REDACTED\"}'", NULL},
    {"curl -d @body.json -b jar.txt h.example", "curl -d @body.json -b jar.txt h.example", NULL},
    {"curl --user bob:pw --header='X-Api-Key: k' h", "curl --user REDACTED --header='X-Api-Key: REDACTED' h", NULL},
    {"java -Xmx1g -Ddb.password=x -Dapp.mode=y -jar a.jar", "java -Xmx1g -Ddb.password=REDACTED -Dapp.mode=y -jar a.jar", NULL},
    {"helm install r c --set db.password=x,image.tag=v1", "helm install r c --set db.password=REDACTED,image.tag=v1", NULL},
    {"kubectl create secret generic s --from-literal=password=abc", "kubectl create secret generic s --from-literal=password=REDACTED", NULL},
    {"aws configure set aws_secret_access_key abc --profile p", "aws configure set aws_secret_access_key REDACTED --profile p", NULL},
    {"app --conn \"Server=db;User Id=sa;Password=x;Database=d\"", "app --conn \"Server=db;User Id=sa;Password=REDACTED;Database=d\"", NULL},
    {"sh -c \"mysql -psecret db && echo done\"", "sh -c \"mysql -pREDACTED db && echo done\"", NULL},
    {"bash -lc 'PGPASSWORD=\"a b\" psql'", "bash -lc 'PGPASSWORD=\"REDACTED\" psql'", NULL},
    {"bash -c \"app --password \\\"a b\\\" x\"", "bash -c \"app --password \\\"REDACTED\\\" x\"", NULL},
    {"sqlplus scott/tiger@db", "sqlplus scott/REDACTED@db", NULL},
    {"openssl rsa -passin pass:abc -in k.pem", "openssl rsa -passin REDACTED -in k.pem", NULL},
    {"keytool -storepass changeit -list", "keytool -storepass REDACTED -list", NULL},
    {"xfreerdp /u:bob /p:secret /v:h", "xfreerdp /u:bob /p:REDACTED /v:h", NULL},
    {"powershell -Password secret -Path C:\\x", "powershell -Password REDACTED -Path C:\\x", NULL},
    {"git clone https://bob:tok@g.example/r.git", "git clone https://REDACTED:REDACTED@g.example/r.git", NULL},
    {"echo don't --token abc", "echo don't --token REDACTED", NULL},
    {"app --password 'abc def", "app --password 'REDACTED", NULL},
    {"\"C:\\Program Files\\app.exe\" --password x", "\"C:\\Program Files\\app.exe\" --password REDACTED", NULL},
    {"[\"mysql\", \"--password\", \"x y\", \"-h\", \"db\"]", "[\"mysql\", \"--password\", \"REDACTED\", \"-h\", \"db\"]", NULL},
    {"['app', '--token=abc']", "['app', '--token=REDACTED']", NULL},
    {"REDACTED", "REDACTED", NULL},
    {"abc", "REDACTED", "process.environment_variable.DB_PASSWORD"},
    {"abc", "REDACTED", "process.environment_variable.STRIPE_KEY"},
    {"/usr/bin:/bin", "/usr/bin:/bin", "process.environment_variable.PATH"},
    {"postgres://u:p@db.example/x", "postgres://REDACTED:REDACTED@db.example/x", "process.environment_variable.DATABASE_URL"},
    {"", "", NULL},
    {NULL, NULL, NULL},
};

START_TEST(shell_keeps_the_structure)
{
    scanning_rows("shell", "process.command_line", lines);
}
END_TEST

/* Elements of process.command_args, each with the one before it. */
START_TEST(shell_reads_elements)
{
    static const struct {
        const char *before, *text, *expected;
    } rows[] = {
        {"--password", "hunter2", "REDACTED"},
        {"--password", "a b c", "REDACTED"},
        {"--password", "--host", "--host"},
        {"--host", "db.example", "db.example"},
        {"app", "--password=a b", "--password=REDACTED"},
        {"app", "--password", "--password"},
        {"-p", "secret", "REDACTED"},
        {"-p", "8080:80", "8080:80"},
        {"-p", "/var/x", "/var/x"},
        {"-u", "bob:pw", "REDACTED"},
        {"-u", "bob", "bob"},
        {"-H", "Authorization: Bearer abc", "Authorization: Bearer REDACTED"},
        {"--password=x", "y", "y"},
        {"-e", "API_KEY=a b", "API_KEY=REDACTED"},
        {"-c", "mysql -psecret db", "mysql -pREDACTED db"},
        {"-c", "https://u:p@h.example/", "https://REDACTED:REDACTED@h.example/"},
        {"", "hunter2", "hunter2"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        ck_assert_str_eq(scanning_replace("shell", "process.command_args", str_of(rows[i].text), str_of(rows[i].before)), rows[i].expected);
}
END_TEST

START_TEST(shell_takes_any_bytes)
{
    scanning_random("shell", "process.command_line", lines, "-= '\"\\;:/pasw,[]&()u");
    scanning_random("shell", "process.command_args", lines, "-= '\"\\;:/pasw,[]&()u");
}
END_TEST

START_TEST(shell_is_linear)
{
    static const char *const units[] = {
        "a", "-", "--p ", "\"", "'", "\\", "\\\"", "\" ", "' ", "=", "a=b,", "a=b ", "password=", "-p ", "://", ";", "\"a b\" ", "[", " "};

    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        scanning_linear("shell", "process.command_line", "", units[i]);
        scanning_linear("shell", "process.command_line", "a --password=", units[i]);
        scanning_linear("shell", "process.command_line", "sh -c \"a ", units[i]);
        scanning_linear("shell", "process.command_line", "[\"a", units[i]);
    }
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &shell_keeps_the_structure},
    {"normal", &shell_reads_elements},
    {"malformed", &shell_takes_any_bytes},
    {"limits", &shell_is_linear},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("scan_shell", cases);
}
