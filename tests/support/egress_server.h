/**
 * A destination that answers by script: HTTP/1.1 or HTTP/2 over mutual TLS or plain, in the loop of the test.
 */
#ifndef SUPPORT_EGRESS_SERVER_H
#define SUPPORT_EGRESS_SERVER_H

#include "base/buf.h"
#include "net/listener.h"

enum script_end {
    SCRIPT_ANSWERS,
    SCRIPT_CUTS_REQUEST, /* closes after the first bytes of the body */
    SCRIPT_CUTS_ANSWER,  /* closes after the headers and half of the body */
    SCRIPT_HANGS,        /* never answers */
    SCRIPT_RESETS,       /* HTTP/2: RST_STREAM with rst_code instead of an answer */
    SCRIPT_GOES_AWAY,    /* HTTP/2: GOAWAY that says that this stream was not processed */
    SCRIPT_CLOSES_AFTER, /* HTTP/2: whole answer, then the connection ends */
};

struct script {
    enum script_end end;
    unsigned status;
    const char *headers, *trailers; /* "name: value\n" .. */
    const char *body;
    size_t body_len; /* 0: strlen(body) */
    size_t filler;   /* so many zero bytes after the body */
    bool early;      /* answers when the first bytes of the body are there */
    uint32_t rst_code;
};

struct test_server {
    struct loop *loop;
    struct listener_user user;
    struct listener *listener;
    struct tls *tls;
    bool h2;
    uint16_t port;
    const struct script *scripts; /* one a request, the last again and again */
    unsigned script_count;
    char poison;                             /* a body that begins with it cuts the connection; 0: none */
    unsigned connections, refused, requests; /* requests: that have begun */
    unsigned open, most_open;                /* streams or requests at the same time */
    struct test_conn *conns;
    /* of the last request that came whole */
    unsigned whole;
    char head[8192];
    struct buf body;
};

/* server_file NULL: plain. no_alpn: speaks TLS without ALPN. */
struct test_server_options {
    struct loop *loop;
    bool h2, no_alpn;
    const char *cert_file, *key_file, *client_ca_file;
    const struct script *scripts;
    unsigned script_count;
};
void test_server_open(struct test_server *s, const struct test_server_options *o);
/* Close all connections; the listener stays. */
void test_server_cut(struct test_server *s);
void test_server_close(struct test_server *s);

#endif
