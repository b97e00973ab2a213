#include "child_int.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

#define STOP_MS 15000
#define CHILDREN_MAX 8
#define WORDS_MAX 48

static volatile sig_atomic_t interrupted;

static void
on_signal(int number)
{
    (void)number;
    interrupted = 1;
}

void
child_catch_signals(void)
{
    struct sigaction sa = {.sa_handler = on_signal};

    sigaction(SIGINT, &sa, NULL);
    sigaction(SIGTERM, &sa, NULL);
    signal(SIGPIPE, SIG_IGN); /* whoever reads our output may go away: what is temporary is still removed */
}

bool
child_interrupted(void)
{
    return interrupted;
}

/* In the child, between fork and exec. */
static void
become(const struct child_spec *spec, int to, pid_t parent)
{
    const char *argv[WORDS_MAX + 2] = {"spangate"};
    int log = open(spec->log, O_WRONLY | O_CREAT | O_APPEND, 0600), piped = spec->errors ? STDERR_FILENO : STDOUT_FILENO;
    int other = spec->errors ? STDOUT_FILENO : STDERR_FILENO, nothing = open("/dev/null", O_RDONLY);

    for (size_t i = 0; i < WORDS_MAX && spec->argv[i]; i++)
        argv[i + 1] = spec->argv[i];
    /* SIGTERM when the parent dies; it may have died before this line */
    if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || getppid() != parent || log < 0 || nothing < 0)
        return;
    if (dup2(nothing, STDIN_FILENO) < 0 || dup2(to, piped) < 0 || dup2(log, other) < 0)
        return;
    if (spec->dir && chdir(spec->dir) != 0)
        return;
    execv("/proc/self/exe", (char *const *)(uintptr_t)argv);
}

enum rc
child_start(struct child *c, const struct child_spec *spec)
{
    int ends[2];
    pid_t parent = getpid();

    if (pipe2(ends, O_CLOEXEC) != 0)
        return RC_IO;
    pid_t pid = fork();

    if (pid == 0) {
        become(spec, ends[1], parent);
        _exit(127);
    }
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return RC_IO;
    }
    *c = (struct child){.pid = pid, .from = ends[0], .text = BUF_INIT(CHILD_TEXT_MAX)};
    return RC_OK;
}

/* Take what is there; a child that has ended closes its pipe. */
static enum rc
take(struct child *c)
{
    char bytes[65536];
    ssize_t n = read(c->from, bytes, sizeof(bytes));

    if (n > 0)
        return buf_append(&c->text, (struct str){bytes, (size_t)n});
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return RC_OK;
    close(c->from);
    c->from = -1;
    return RC_OK;
}

static enum rc
poll_once(struct child *const *list, size_t count, int wait_ms)
{
    struct pollfd fds[CHILDREN_MAX] = {{0}};
    size_t open_pipes = 0;

    for (size_t i = 0; i < count && i < CHILDREN_MAX; i++) {
        fds[i] = (struct pollfd){.fd = list[i]->from, .events = POLLIN}; /* poll ignores negative ones */
        open_pipes += list[i]->from >= 0;
    }
    if (open_pipes == 0)
        return RC_NOT_FOUND;
    if (poll(fds, count < CHILDREN_MAX ? count : CHILDREN_MAX, wait_ms) < 0)
        return errno == EINTR ? RC_OK : RC_IO;
    for (size_t i = 0; i < count && i < CHILDREN_MAX; i++) {
        enum rc rc = fds[i].revents ? take(list[i]) : RC_OK;

        if (rc != RC_OK)
            return rc;
    }
    return RC_OK;
}

enum rc
child_read(struct child *const *list, size_t count, bool (*done)(void *arg), void *arg, uint64_t within_ms)
{
    uint64_t until = clock_mono_us(&clock_system) + within_ms * 1000;

    while (!done(arg)) {
        uint64_t now = clock_mono_us(&clock_system);

        if (child_interrupted())
            return RC_STOPPING;
        if (now >= until)
            return RC_TIMEOUT;
        enum rc rc = poll_once(list, count, (int)((until - now) / 1000 + 1));

        if (rc != RC_OK)
            return rc == RC_NOT_FOUND ? RC_IO : rc;
    }
    return RC_OK;
}

static bool
ended(void *arg)
{
    return ((struct child *)arg)->from < 0;
}

int
child_wait(struct child *c)
{
    int status = 0;

    if (c->pid <= 0)
        return -1;
    while (waitpid(c->pid, &status, 0) < 0)
        if (errno != EINTR)
            return -1;
    c->pid = 0;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int
child_stop(struct child *c)
{
    if (c->pid <= 0)
        return -1;
    interrupted = 0; /* one that came has done its work: everything is being stopped */
    kill(c->pid, SIGTERM);
    if (child_read(&c, 1, ended, c, STOP_MS) != RC_OK)
        kill(c->pid, SIGKILL);
    return child_wait(c);
}

void
child_free(struct child *c)
{
    if (c->pid > 0)
        child_stop(c);
    if (c->from >= 0 && c->text.max)
        close(c->from);
    buf_free_wipe(&c->text);
}
