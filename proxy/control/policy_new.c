#include "policy_new_int.h"

#include <stdio.h>
#include <unistd.h>

#include "policies/detector.h"
#include "policies/inspect.h"
#include "policies/packs.h"
#include "tool_int.h"

#define FILE_BYTES_MAX ((size_t)256 << 10)
#define EXAMPLES_MAX 12

static const char *const standard[] = {"personal-data"};

static bool
name_good(const char *name)
{
    size_t len = strlen(name);

    return len >= 1 && len <= 64 && strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") == len && name[0] != '.';
}

static enum rc
put_policy(const struct policy_new_options *o, struct buf *out)
{
    enum rc rc = buf_printf(out,
        "# yaml-language-server: $schema=policy.schema.json\n"
        "# Its test is %s.test.yaml:  spangate policy test %s.test.yaml\n"
        "apiVersion: spangate/v1\nkind: RedactionPolicy\nmetadata:\n  name: %s\n  revision: 1\n  owner: %s\n  controls: [GDPR-Art25]\n"
        "spec:\n  mode: enforce\n  on_error: drop_span                    # never pass on what could not be checked\n"
        "  hold_out:                              # identifiers that join spans to other data, kept when they look like one\n"
        "    - {keys: [service.instance.id, k8s.pod.uid, container.id], shape: uuid}\n  rules:\n",
        o->name, o->name, o->name, o->owner);

    for (size_t i = 0; i < o->pack_count && rc == RC_OK; i++)
        rc = buf_printf(out, "    - id: %s\n      use: %s\n", o->packs[i], o->packs[i]);
    return rc == RC_OK ? buf_append(out, STR("    # Your own:\n"
                                             "    # - id: loyalty\n"
                                             "    #   regex: '\\bLY-\\d{8}\\b'\n"
                                             "    #   action: {replace: \"[LOYALTY]\"}\n"))
                       : rc;
}

/* An example that can stand in a file as it is: no secret, no key that has to be given, plain letters. */
static const char *
example_of(const struct detector *d)
{
    for (const struct detector_example *e = d->examples; e && e->text; e++) {
        bool plain = e->hit && !e->key && strlen(e->text) < 80;

        for (const char *p = e->text; *p && plain; p++)
            plain = *p >= ' ' && *p < 0x7F && *p != '"' && *p != '\\';
        if (plain)
            return e->text;
    }
    return NULL;
}

static enum rc
put_examples(const struct program *p, struct buf *out)
{
    const char *seen[EXAMPLES_MAX];
    size_t count = 0;
    enum rc rc = RC_OK;

    for (size_t i = 0; i < program_pattern_count(p) && count < EXAMPLES_MAX && rc == RC_OK; i++) {
        struct pattern_info info = program_pattern(p, i);
        const struct detector *d = detector_find(str_of(info.id), 0);
        const char *text = d && strcmp(d->category, "secret") != 0 ? example_of(d) : NULL;
        bool before = false;

        for (size_t k = 0; k < count && !before; k++)
            before = strcmp(seen[k], info.entity) == 0;
        if (!text || before)
            continue;
        if (count == 0)
            rc = buf_append(out, STR("detectors:                               # one line a string\n"));
        seen[count++] = info.entity;
        if (rc == RC_OK)
            rc = buf_printf(out, "  %s:\n    match: [\"%s\"]\n    no_match: [\"GET /orders/{id}\"]\n", info.entity, text);
    }
    return rc;
}

static enum rc
put_test(const struct policy_new_options *o, const struct program *p, struct buf *out)
{
    enum rc rc = buf_printf(out,
        "# yaml-language-server: $schema=policy-test.schema.json\napiVersion: spangate/v1\nkind: PolicyTest\npolicies: [%s.policy.yaml]\n"
        "defaults:\n  resource: {service.name: %s, service.instance.id: 627cc493-f310-47de-96bd-71410b7dec09}\n",
        o->name, o->name);

    if (rc == RC_OK)
        rc = put_examples(p, out);
    return rc == RC_OK
               ? buf_append(
                     out, STR("cases:\n"
                              "  - name: an ordinary span is not touched\n"
                              "    given:\n"
                              "      span:\n"
                              "        name: GET /orders/{id}\n"
                              "        attributes: {http.request.method: GET, http.response.status_code: {int: 200}, http.route: \"/orders/{id}\"}\n"
                              "    expect:\n"
                              "      resource: {service.instance.id: unchanged}\n"
                              "      span:\n"
                              "        name: unchanged\n"
                              "        attributes: {http.request.method: unchanged, http.response.status_code: unchanged, http.route: unchanged}\n"
                              "      findings: []\n"
                              "  - todo: what your application sends, and what must not leave\n"))
               : rc;
}

static bool
file_free(const char *path)
{
    if (access(path, F_OK) != 0)
        return true;
    fprintf(stderr, "%s is there already; nothing was written\n", path);
    return false;
}

static int
write_both(const struct policy_new_options *o, const struct program *p)
{
    char policy[4096], test[4096];
    struct buf a = BUF_INIT(FILE_BYTES_MAX), b = BUF_INIT(FILE_BYTES_MAX);

    snprintf(policy, sizeof(policy), "%s/%s.policy.yaml", o->dir, o->name);
    snprintf(test, sizeof(test), "%s/%s.test.yaml", o->dir, o->name);
    if (!file_free(policy) || !file_free(test))
        return EXIT_USAGE;
    enum rc rc = put_policy(o, &a);

    if (rc == RC_OK)
        rc = put_test(o, p, &b);
    if (rc == RC_OK)
        rc = file_write_atomic(policy, buf_str(&a), 0644);
    if (rc == RC_OK)
        rc = file_write_atomic(test, buf_str(&b), 0644);
    if (rc == RC_OK)
        printf("%s\n%s\nnext: spangate policy test %s\n", policy, test, test);
    else
        fprintf(stderr, "%s: %s\n", policy, rc_text(rc));
    buf_free(&a);
    buf_free(&b);
    return exit_code_of(rc);
}

int
policy_new(const struct policy_new_options *given)
{
    struct policy_new_options o = *given;
    struct tool t;

    if (!name_good(o.name)) {
        fprintf(stderr, "a name has 1 to 64 letters, digits, '.', '_' or '-'\n");
        return EXIT_USAGE;
    }
    if (o.pack_count == 0) {
        o.packs = standard;
        o.pack_count = 1;
    }
    for (size_t i = 0; i < o.pack_count; i++) {
        size_t count;
        const char *const *names = packs_all(&count);
        struct errs es = {0};

        if (pack_policy(str_of(o.packs[i])).ptr)
            continue;
        err_hint_nearest(errs_add(&es, ERR_ERROR, RC_USAGE, SG_TOOL_POLICY, (struct err_pos){0}, "there is no pack %s", o.packs[i]),
            str_of(o.packs[i]), names, count);
        (void)tool_report(&es, EXIT_USAGE);
        errs_free(&es);
        return EXIT_USAGE;
    }
    int code = tool_open(&(struct tool_options){.policies = o.packs, .policy_count = o.pack_count}, &t);

    if (code == EXIT_DONE)
        code = write_both(&o, t.prog);
    else
        (void)tool_report(&t.es, code);
    tool_close(&t);
    return code;
}
