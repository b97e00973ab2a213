#include "base/rc.h"

static const struct {
    const char *label, *text;
    int http, grpc;
    bool retryable;
} table[] = {
#define RC(name, label, http, grpc, retry, text) [name] = {label, text, http, grpc, retry},
#include "base/rc.def"
#undef RC
};

const char *
rc_label(enum rc rc)
{
    return table[rc].label;
}

const char *
rc_text(enum rc rc)
{
    return table[rc].text;
}

int
rc_http_status(enum rc rc)
{
    return table[rc].http;
}

int
rc_grpc_status(enum rc rc)
{
    return table[rc].grpc;
}

bool
rc_retryable(enum rc rc)
{
    return table[rc].retryable;
}
