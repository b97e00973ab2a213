/* The configuration reader on any text: no crash, and either a document or at least one error. */
#include "base/conf.h"
#include "fuzz.h"

static unsigned
count_nodes(const struct conf_node *n)
{
    unsigned total = 1;

    for (unsigned i = 0; i < n->count; i++)
        total += count_nodes(n->items[i]);
    return total;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct conf_doc *doc = NULL;
    struct errs es = {0};

    if (conf_load_text("fuzz.yaml", (struct str){(const char *)data, size}, false, &doc, &es) == RC_OK) {
        for (unsigned i = 0; i < conf_count(doc); i++)
            FUZZ_CHECK(conf_root(doc, i) == NULL || count_nodes(conf_root(doc, i)) <= 300000);
        conf_free(doc);
    } else {
        FUZZ_CHECK(es.errors > 0);
    }
    errs_free(&es);
    return 0;
}

bool
fuzz_seed(unsigned n, struct buf *out)
{
    static const char *const seeds[] = {
        "a: 1\nb: [x, \"y\", {c: d}]\n",
        "version: 1\nreceivers:\n  otlp:\n    protocols:\n      grpc: {endpoint: 127.0.0.1:4317}\n",
        "a: &x [1, 2]\nb: *x\nc: {d: *x}\n---\nk: |\n  text\n  more\n...\n",
        "rules:\n  - id: a\n    regex: '\\bLY-(?<id>\\d{8})\\b'\n    action: {mask: {char: \"*\"}}\n",
        "[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]",
    };

    return n < sizeof(seeds) / sizeof(seeds[0]) && buf_append(out, str_of(seeds[n])) == RC_OK;
}
