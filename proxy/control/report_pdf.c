#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/secret.h"
#include "control/report_build.h"

#define PRINT_MS 120000

extern char **environ;

/* The first of these programs on the path. */
static bool
find_browser(char path[4096])
{
    static const char *const names[] = {"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"};
    const char *dirs = getenv("PATH");

    for (size_t i = 0; dirs && i < sizeof(names) / sizeof(names[0]); i++) {
        for (const char *p = dirs; *p;) {
            size_t n = strcspn(p, ":");
            int len = snprintf(path, 4096, "%.*s/%s", (int)n, p, names[i]);

            if (n && len > 0 && len < 4096 && access(path, X_OK) == 0)
                return true;
            p += n + (p[n] == ':');
        }
    }
    return false;
}

/* Wait for a child at most that long; then it is killed. */
static enum rc
wait_for(pid_t pid)
{
    int fd = (int)syscall(SYS_pidfd_open, pid, 0), state = 0;
    struct pollfd p = {.fd = fd, .events = POLLIN};
    bool ended = fd >= 0 && poll(&p, 1, PRINT_MS) == 1;

    if (fd >= 0)
        close(fd);
    if (!ended)
        kill(pid, SIGKILL);
    while (waitpid(pid, &state, 0) < 0 && errno == EINTR)
        ;
    return !ended ? RC_TIMEOUT : WIFEXITED(state) && WEXITSTATUS(state) == 0 ? RC_OK : RC_IO;
}

static enum rc
run_browser(const char *browser, const char *html, const char *pdf)
{
    char print[4200], profile[] = "/tmp/spangate-print-XXXXXX", data[64], page[4200], *where = realpath(html, NULL);
    char *argv[] = {(char *)(uintptr_t)browser, "--headless", "--disable-gpu", "--disable-extensions", "--disable-dev-shm-usage", "--no-first-run",
        "--no-pdf-header-footer", "--host-resolver-rules=MAP * ~NOTFOUND", geteuid() == 0 ? "--no-sandbox" : "--disable-sync", data, print, page,
        NULL};
    posix_spawn_file_actions_t files;
    enum rc rc = RC_IO;
    pid_t pid;

    if (!where || !mkdtemp(profile)) {
        free(where);
        return RC_IO;
    }
    snprintf(data, sizeof(data), "--user-data-dir=%s", profile);
    int a = snprintf(print, sizeof(print), "--print-to-pdf=%s", pdf), b = snprintf(page, sizeof(page), "file://%s", where);

    free(where);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
    if (a > 0 && (size_t)a < sizeof(print) && b > 0 && (size_t)b < sizeof(page) && posix_spawn(&pid, browser, &files, NULL, argv, environ) == 0)
        rc = wait_for(pid);
    posix_spawn_file_actions_destroy(&files);

    char *clean[] = {"rm", "-rf", profile, NULL};

    if (posix_spawnp(&pid, "rm", NULL, NULL, clean, environ) == 0)
        (void)wait_for(pid);
    return rc;
}

/* D:20261122111213+00'00' behind a key; as long afterwards as before. */
static void
fix_dates(char *text, size_t len, const char *key, uint64_t when_us)
{
    char at[CLOCK_RFC3339_SIZE], date[16];
    char *end = text + len;

    clock_rfc3339(when_us, at);
    snprintf(date, sizeof(date), "%.4s%.2s%.2s%.2s%.2s%.2s", at, at + 5, at + 8, at + 11, at + 14, at + 17);
    for (char *p = text; (p = memmem(p, (size_t)(end - p), key, strlen(key))); p += strlen(key)) {
        char *d = p + strlen(key);

        if (end - d >= 14)
            memcpy(d, date, 14);
    }
}

enum rc
pdf_print(const char *html, const char *pdf, uint64_t when_us, struct errs *es)
{
    struct buf text = BUF_INIT(REPORT_FILE_MAX);
    char browser[4096];

    if (!find_browser(browser)) {
        err_hint(errs_add(es, ERR_ERROR, RC_NOT_FOUND, 0, (struct err_pos){0}, "no PDF was made: there is no Chromium on the path"),
            "install chromium, or print report.html with a browser");
        return RC_NOT_FOUND;
    }
    enum rc rc = run_browser(browser, html, pdf);

    if (rc == RC_OK)
        rc = file_read(pdf, REPORT_FILE_MAX, &text);
    if (rc == RC_OK) {
        fix_dates(text.ptr, text.len, "/CreationDate (D:", when_us);
        fix_dates(text.ptr, text.len, "/ModDate (D:", when_us);
        rc = file_write_atomic(pdf, buf_str(&text), 0644);
    }
    if (rc != RC_OK)
        errs_add(es, ERR_ERROR, rc, 0, (struct err_pos){0}, "no PDF was made: %.200s %s", browser, rc == RC_TIMEOUT ? "did not end" : "failed");
    buf_free(&text);
    return rc;
}
