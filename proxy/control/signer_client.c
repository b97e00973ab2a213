#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "control/signer.h"

#define ANSWER_MS 10000

/* In the child, between fork and exec: only what is safe there. */
static void
become(const struct signer *s, int fd)
{
    const char *argv[] = {"spangate", "audit", "signer", "--key", s->key_file, s->state_file ? "--state" : NULL, s->state_file, NULL};
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (fd == SIGNER_FD ? fcntl(fd, F_SETFD, 0) < 0 : dup2(fd, SIGNER_FD) < 0)
        return;
    int nothing = open("/dev/null", O_RDWR);

    if (nothing < 0 || dup2(nothing, 0) < 0 || dup2(nothing, 1) < 0)
        return;
    (void)close_range(SIGNER_FD + 1, ~0u, 0);
    execv("/proc/self/exe", (char *const *)(uintptr_t)argv);
}

static void
reap(struct signer *s)
{
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
    if (s->pid > 0) {
        kill(s->pid, SIGKILL); /* it keeps nothing that is not on disk */
        while (waitpid(s->pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    s->pid = 0;
}

static enum rc
receive(struct signer *s)
{
    uint64_t until = clock_mono_us(&clock_system) + (uint64_t)ANSWER_MS * 1000;

    for (;;) {
        uint64_t now = clock_mono_us(&clock_system);
        struct pollfd p = {.fd = s->fd, .events = POLLIN};
        int n = now < until ? poll(&p, 1, (int)((until - now) / 1000 + 1)) : 0;

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return RC_IO;
        ssize_t got = recv(s->fd, s->message.ptr, SIGNER_MESSAGE_MAX, MSG_DONTWAIT);

        if (got < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (got <= 0)
            return RC_IO;
        s->message.len = (size_t)got;
        return RC_OK;
    }
}

/* What is in s->message goes out, the answer comes back there. The process is ended when it does not answer. */
static enum rc
ask(struct signer *s)
{
    enum rc rc = RC_IO;

    if (s->pid <= 0)
        return RC_IO;
    if (send(s->fd, s->message.ptr, s->message.len, MSG_NOSIGNAL) == (ssize_t)s->message.len)
        rc = receive(s);
    else if (errno == EPIPE || errno == ECONNRESET)
        rc = receive(s); /* it may have told why before it went */
    if (rc != RC_OK)
        reap(s);
    return rc;
}

static struct str
field(struct str *rest, struct str name)
{
    const char *end = rest->len ? memchr(rest->ptr, '\n', rest->len) : NULL;
    struct str line = {rest->ptr, end ? (size_t)(end - rest->ptr) : 0};

    if (!end || !str_starts(line, name))
        return (struct str){NULL, 0};
    *rest = str_sub(*rest, line.len + 1, rest->len);
    return str_sub(line, name.len, line.len);
}

static bool
read_hello(struct signer *s)
{
    struct str rest = buf_str(&s->message);
    struct str key = field(&rest, STR("key ")), old = field(&rest, STR("old ")), size = field(&rest, STR("size ")), root = field(&rest, STR("root "));

    s->old = (struct note_key){0};
    return note_key_parse(key, &s->key) == RC_OK && (str_eq(old, STR("-")) || note_key_parse(old, &s->old) == RC_OK) &&
           str_to_u64(size, &s->last.size) && note_hash_parse(root, &s->last.root) == RC_OK;
}

/* "failed LABEL FILE: TEXT" or "refused WORD" */
static enum rc
tell(const struct signer *s, struct errs *es)
{
    struct str text = str_trim(buf_str(&s->message));
    enum rc rc = str_starts(text, STR("failed config"))                                ? RC_CONFIG
                 : str_starts(text, STR("failed")) || str_starts(text, STR("refused")) ? RC_INTEGRITY
                                                                                       : RC_IO;

    if (str_eq(text, STR("refused key")))
        text = STR("the checkpoint on disk is signed by another key");
    else if (str_eq(text, STR("refused inconsistent")))
        text = STR("the checkpoint on disk is not the one that was signed");
    errs_add(es, ERR_ERROR, rc, 0, (struct err_pos){.file = s->key_file}, "audit signer: %.*s", (int)text.len, text.ptr);
    return rc;
}

static enum rc
spawn(struct signer *s)
{
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        return RC_IO;
    pid_t pid = fork();

    if (pid == 0) {
        become(s, ends[1]);
        _exit(127);
    }
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return RC_IO;
    }
    s->pid = pid;
    s->fd = ends[0];
    return RC_OK;
}

enum rc
signer_start(struct signer *s, struct str note, struct errs *es)
{
    if (s->message.max == 0) {
        s->message = BUF_INIT(SIGNER_MESSAGE_MAX);
        s->fd = -1;
    }
    reap(s);
    enum rc rc = buf_reserve(&s->message, SIGNER_MESSAGE_MAX);

    buf_clear(&s->message);
    if (rc == RC_OK)
        rc = spawn(s);
    if (rc == RC_OK)
        rc = buf_append(&s->message, STR("hello "));
    if (rc == RC_OK)
        rc = buf_append(&s->message, note);
    if (rc == RC_OK)
        rc = ask(s);
    if (rc == RC_OK && read_hello(s))
        return RC_OK;
    if (rc == RC_OK)
        rc = tell(s, es);
    else
        errs_add(es, ERR_ERROR, rc, 0, (struct err_pos){.file = s->key_file}, "audit signer: it does not start");
    reap(s);
    return rc;
}

void
signer_stop(struct signer *s)
{
    if (s->message.max)
        reap(s);
    buf_free(&s->message);
}

enum rc
signer_sign(struct signer *s, const struct tree_state *now, const struct tree_proof *proof, struct buf *line)
{
    buf_clear(&s->message);
    enum rc rc = buf_printf(&s->message, "sign %llu %llu ", (unsigned long long)s->last.size, (unsigned long long)now->size);

    if (rc == RC_OK)
        rc = note_hash_print(&now->root, &s->message);
    for (unsigned i = 0; i < proof->count && rc == RC_OK; i++)
        rc = note_hash_print(&proof->hash[i], &s->message);
    if (rc == RC_OK)
        rc = ask(s);
    if (rc != RC_OK)
        return rc;
    struct str text = buf_str(&s->message);

    if (str_starts(text, STR("refused inconsistent")) || str_starts(text, STR("refused size")))
        return RC_INTEGRITY;
    if (!str_starts(text, STR("signed ")))
        return RC_FULL; /* it could not write what it signed */
    rc = buf_append(line, str_sub(text, 7, text.len));
    if (rc == RC_OK)
        s->last = *now;
    return rc;
}

static enum rc
ask_key(struct signer *s, struct str what, struct note_key *key)
{
    buf_clear(&s->message);
    enum rc rc = buf_append(&s->message, what);

    if (rc == RC_OK)
        rc = ask(s);
    if (rc != RC_OK)
        return rc;
    struct str rest = buf_str(&s->message);

    if (str_eq(rest, STR("none\n")))
        return RC_NOT_FOUND;
    return note_key_parse(field(&rest, STR("key ")), key) == RC_OK ? RC_OK : RC_INTEGRITY;
}

enum rc
signer_next_key(struct signer *s, struct note_key *key)
{
    return ask_key(s, STR("next"), key);
}

enum rc
signer_switch(struct signer *s)
{
    struct note_key key;
    enum rc rc = ask_key(s, STR("switch"), &key);

    if (rc == RC_OK) {
        s->old = s->key;
        s->key = key;
    }
    return rc;
}

bool
signer_alive(struct signer *s)
{
    char byte;

    if (s->pid > 0 && recv(s->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0)
        reap(s);
    return s->pid > 0;
}
