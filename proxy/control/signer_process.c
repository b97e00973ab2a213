/*
 * The signer's process. After the key is read nothing is left to it but read, write and its two files.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "control/command.h"
#include "control/signer.h"

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#endif

#define REFUSED(nr) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (nr), 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM)

/* No socket, no program, no child, no look into other processes. */
static bool
forbid_network(void)
{
#ifdef ARCH
    struct sock_filter rules[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        /* x32 has numbers of its own for the same calls: __X32_SYSCALL_BIT; no other architecture has any so high. */
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        REFUSED(__NR_socket),
        REFUSED(__NR_socketpair),
        REFUSED(__NR_connect),
        REFUSED(__NR_bind),
        REFUSED(__NR_listen),
        REFUSED(__NR_execve),
        REFUSED(__NR_execveat),
        REFUSED(__NR_clone),
        REFUSED(__NR_clone3),
        REFUSED(__NR_ptrace),
        REFUSED(__NR_process_vm_readv),
        REFUSED(__NR_process_vm_writev),
        REFUSED(__NR_pidfd_getfd),
        REFUSED(__NR_io_uring_setup), /* opens sockets without any of the above */
#ifdef __NR_fork
        REFUSED(__NR_fork),
        REFUSED(__NR_vfork),
#endif
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog program = {sizeof(rules) / sizeof(rules[0]), rules};

    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
#else
    return true;
#endif
}

static bool
confine(void)
{
    const struct rlimit none = {0, 0};

    return setrlimit(RLIMIT_CORE, &none) == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           forbid_network();
}

static bool
serve_one(struct signer_core *c, char *message, struct buf *answer)
{
    ssize_t n = recv(SIGNER_FD, message, SIGNER_MESSAGE_MAX, 0);

    if (n < 0 && errno == EINTR)
        return true;
    if (n <= 0)
        return false;
    buf_clear(answer);
    if (signer_answer(c, (struct str){message, (size_t)n}, answer) != RC_OK)
        return false;
    return send(SIGNER_FD, answer->ptr, answer->len, MSG_NOSIGNAL) == (ssize_t)answer->len;
}

static int
tell_failure(struct errs *es, enum rc rc)
{
    char text[700] = "refused internal\n";

    if (es->count)
        snprintf(text, sizeof(text), "failed %s %s: %s\n", rc_label(rc), es->list[0].file, es->list[0].text);
    (void)send(SIGNER_FD, text, strlen(text), MSG_NOSIGNAL);
    errs_free(es);
    return exit_code_of(rc);
}

int
signer_run(const char *key_file, const char *state_file)
{
    static char message[SIGNER_MESSAGE_MAX];
    static struct signer_core core;
    struct buf answer = BUF_INIT(SIGNER_MESSAGE_MAX);
    struct errs es = {0};

    signal(SIGINT, SIG_IGN); /* a terminal's; the gate ends us by closing its end */
    signal(SIGHUP, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    if (!confine())
        return EXIT_INTERNAL;
    (void)mlock(&core, sizeof(core)); /* the limit may be too low */
    enum rc rc = signer_load(&core, key_file, state_file, &es);

    if (rc != RC_OK)
        return tell_failure(&es, rc);
    while (serve_one(&core, message, &answer))
        ;
    signer_unload(&core);
    buf_free(&answer);
    errs_free(&es);
    return EXIT_DONE;
}
