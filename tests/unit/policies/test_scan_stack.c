/* The scanner of stack traces and messages of exceptions. */
#include "policies_scanning.h"

static const struct scanning_row messages[] = {
    {"strconv.Atoi: parsing \"hunter2\": invalid syntax", "strconv.Atoi: parsing \"?\": invalid syntax", NULL},
    {"cannot read {\"name\": \"bob\", \"mail\": 'x'}", "cannot read {\"name\": \"?\", \"mail\": '?'}", NULL},
    {"Duplicate entry 'alice@example.org' for key 'users.email_idx'", "Duplicate entry '?' for key 'users.email_idx'", NULL},
    {"Incorrect integer value: 'abc' for column 'age' at row 1", "Incorrect integer value: '?' for column 'age' at row 1", NULL},
    {"duplicate key value violates unique constraint \"users_pkey\"\nDETAIL:  Key (email)=(a@b.example) already exists.",
        "duplicate key value violates unique constraint \"users_pkey\"\nDETAIL:  Key (email)=(?) already exists.", NULL},
    {"DETAIL:  Failing row contains (17, alice (smith), null).", "DETAIL:  Failing row contains (?).", NULL},
    {"For input string: \"4111 1111\"", "For input string: \"?\"", NULL},
    {"No module named 'foo.bar'", "No module named 'foo.bar'", NULL},
    {"'NoneType' object has no attribute 'name'", "'NoneType' object has no attribute 'name'", NULL},
    {"can't find user alice, it doesn't exist", "can't find user alice, it doesn't exist", NULL},
    {"order 12345 of customer 77 failed", "order ? of customer ? failed", NULL},
    {"timeout of 5000ms exceeded after 3 retries, status 503", "timeout of 5000ms exceeded after 3 retries, status 503", NULL},
    {"ORA-00942: table or view does not exist", "ORA-00942: table or view does not exist", NULL},
    {"ERROR 1062 (23000): x", "ERROR 1062 (?): x", NULL},
    {"bad request: {\"email\":\"bob\",\"n\":7}", "bad request: {\"email\":\"?\",\"n\":?}", NULL},
    {"login failed: user=bob password=hunter2 token: abc, retry", "login failed: user=bob password=? token: ?, retry", NULL},
    {"GET https://u:p@h.example/users/42?token=a failed.", "GET https://REDACTED:REDACTED@h.example/users/{id}?token=REDACTED failed.", NULL},
    {"open /home/jdoe/x.txt: no such file", "open /home/?/x.txt: no such file", NULL},
    {"cannot read 'abc", "cannot read '?", NULL},
    {"mail to bob@example.com bounced", "mail to ? bounced", NULL},
    {"at least 3 users (bob), 555 given", "at least ? users (bob), ? given", NULL},
    {"x.py:12: bad value 13", "x.py:12: bad value ?", NULL},
    {"'?' and ? and REDACTED", "'?' and ? and REDACTED", NULL},
    {"[redacted:undecidable]", "[redacted:undecidable]", NULL},
    {"", "", NULL},
    {NULL, NULL, NULL},
};

#define BEGIN         \
    "-----BEGIN RSA " \
    "PRIVATE KEY-----"
#define FINISH      \
    "-----END RSA " \
    "PRIVATE KEY-----"

static const struct scanning_row traces[] = {
    {"java.lang.IllegalStateException: no user 'bob'\n\tat com.example.a.B.c(B.java:123)\n\tat com.example.D$E.<init>(D.java:7) ~[app.jar:1.2]\n"
     "Caused by: java.sql.SQLException: bad 17\n\t... 12 more",
        "java.lang.IllegalStateException: no user '?'\n\tat com.example.a.B.c(B.java:123)\n\tat com.example.D$E.<init>(D.java:7) ~[app.jar:1.2]\n"
        "Caused by: java.sql.SQLException: bad ?\n\t... 12 more",
        NULL},
    {"Traceback (most recent call last):\n  File \"/home/jdoe/app/x.py\", line 10, in run\n    f(\"secret\")\n    ^^^^^\nValueError: invalid "
     "literal: 'abc'",
        "Traceback (most recent call last):\n  File \"/home/?/app/x.py\", line 10, in run\n    f(\"?\")\n    ^^^^^\nValueError: invalid literal: '?'",
        NULL},
    {"TypeError: x is not a function\n    at run (/srv/app/x.js:10:5)\n    at async /srv/y.js:1:2\n    at new Z (file:///srv/z.mjs:3:4)",
        "TypeError: x is not a function\n    at run (/srv/app/x.js:10:5)\n    at async /srv/y.js:1:2\n    at new Z (file:///srv/z.mjs:3:4)", NULL},
    {"panic: bad id 4711\n\ngoroutine 1 [running]:\nmain.run(0xc000010000, 0x7)\n\t/srv/app/main.go:12 +0x1d\n",
        "panic: bad id ?\n\ngoroutine 1 [running]:\nmain.run(0xc000010000, 0x7)\n\t/srv/app/main.go:12 +0x1d\n", NULL},
    {"   at A.B.C(String s) in C:\\Users\\bob\\x.cs:line 12\n--- End of inner exception stack trace ---",
        "   at A.B.C(String s) in C:\\Users\\?\\x.cs:line 12\n--- End of inner exception stack trace ---", NULL},
    {"#0 /srv/x.php(12): A->b('bob smith', 'id')\n#1 {main}", "#0 /srv/x.php(12): A->b('?', 'id')\n#1 {main}", NULL},
    {"/srv/x.rb:12:in `run'\n\tfrom /srv/y.rb:3:in `<main>'", "/srv/x.rb:12:in `run'\n\tfrom /srv/y.rb:3:in `<main>'", NULL},
    {"   0: core::panicking::panic\n             at /rustc/abc/src/x.rs:12:5",
        "   0: core::panicking::panic\n             at /rustc/abc/src/x.rs:12:5", NULL},
    {"key " BEGIN "\nabc\ndef==\n" FINISH "\nbad 7", "key " BEGIN "\n?\n" FINISH "\nbad ?", NULL},
    {"key " BEGIN "\nabc\ndef", "key " BEGIN "\n?", NULL},
    {NULL, NULL, NULL},
};

START_TEST(stack_takes_values_from_messages)
{
    scanning_rows("stack", "exception.message", messages);
}
END_TEST

START_TEST(stack_keeps_frames)
{
    scanning_rows("stack", "exception.stacktrace", traces);
}
END_TEST

START_TEST(stack_takes_any_bytes)
{
    scanning_random("stack", "exception.message", messages, "'\"` =(:)/.@1a\n\\-");
    scanning_random("stack", "exception.stacktrace", traces, "'\"` =(:)/.@1a\n\\-at");
}
END_TEST

START_TEST(stack_is_linear)
{
    static const char *const units[] = {"a", "1", "'", "'a'a", "\"", "`", "=(", "=(a)", "SELECT ", "SELECT * FROM a ", "at ", "-----BEGIN ", "/home/",
        "http://", "\n", "at a.b(c:1)\n", "password=", "user: ", "\\", " ", "a.b:1:1", "(("};

    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        scanning_linear("stack", "exception.message", "", units[i]);
        scanning_linear("stack", "exception.message", "at a.b(", units[i]);
        scanning_linear("stack", "exception.message", "x '", units[i]);
    }
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &stack_takes_values_from_messages},
    {"normal", &stack_keeps_frames},
    {"malformed", &stack_takes_any_bytes},
    {"limits", &stack_is_linear},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("scan_stack", cases);
}
