#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/secret.h"
#include "metrics_int.h"

struct process {
    uint64_t cpu_ticks, start_ticks, virtual_bytes, resident_pages;
};

/* proc(5) /proc/pid/stat: the name in field 2 may hold spaces and brackets, so fields are counted from the last ')'. */
static bool
read_stat(struct process *p)
{
    struct buf text = BUF_INIT(4096);
    bool ok = file_read("/proc/self/stat", 4095, &text) == RC_OK && buf_append_byte(&text, '\0') == RC_OK;
    const char *fields = ok ? strrchr(text.ptr, ')') : NULL;

    ok = fields != NULL;
    for (unsigned field = 3; ok && field <= 24; field++) {
        while (*++fields == ' ')
            ;
        uint64_t value = field == 3 ? 0 : strtoull(fields, NULL, 10); /* the third is a letter */

        if (field == 14 || field == 15)
            p->cpu_ticks += value;
        else if (field == 22)
            p->start_ticks = value;
        else if (field == 23)
            p->virtual_bytes = value;
        else if (field == 24)
            p->resident_pages = value;
        fields = strchr(fields, ' ');
        ok = fields != NULL;
    }
    buf_free(&text);
    return ok;
}

static uint64_t
boot_seconds(void)
{
    struct buf text = BUF_INIT(1u << 20);
    uint64_t at = 0;

    if (file_read("/proc/stat", text.max - 1, &text) == RC_OK && buf_append_byte(&text, '\0') == RC_OK) {
        const char *line = strstr(text.ptr, "\nbtime ");

        if (line)
            at = strtoull(line + strlen("\nbtime "), NULL, 10);
    }
    buf_free(&text);
    return at;
}

static unsigned
open_files(void)
{
    DIR *d = opendir("/proc/self/fd");
    unsigned n = 0;

    if (!d)
        return 0;
    for (struct dirent *e = readdir(d); e; e = readdir(d))
        n += e->d_name[0] != '.';
    closedir(d);
    return n - 1; /* without the one that reads the list */
}

static enum rc
print(struct buf *out, const char *name, const char *type, const char *help, double value)
{
    return buf_printf(out, "# HELP process_%s %s\n# TYPE process_%s %s\nprocess_%s %.15g\n", name, help, name, type, name, value);
}

enum rc
metrics_print_process(struct buf *out)
{
    struct process p = {0};
    struct rlimit files = {0};
    double tick = (double)sysconf(_SC_CLK_TCK), page = (double)sysconf(_SC_PAGESIZE);

    if (!read_stat(&p))
        return RC_OK; /* no /proc: these families are left out */
    getrlimit(RLIMIT_NOFILE, &files);
    enum rc rc = print(out, "cpu_seconds_total", "counter", "User and system time.", (double)p.cpu_ticks / tick);

    if (rc == RC_OK)
        rc = print(out, "resident_memory_bytes", "gauge", "Memory in RAM.", (double)p.resident_pages * page);
    if (rc == RC_OK)
        rc = print(out, "virtual_memory_bytes", "gauge", "Address space in use.", (double)p.virtual_bytes);
    if (rc == RC_OK)
        rc = print(out, "open_fds", "gauge", "Open file descriptors.", (double)open_files());
    if (rc == RC_OK)
        rc = print(out, "max_fds", "gauge", "Limit of open file descriptors.", (double)files.rlim_cur);
    if (rc == RC_OK)
        rc = print(out, "start_time_seconds", "gauge", "Start, seconds since 1970.", (double)boot_seconds() + (double)p.start_ticks / tick);
    return rc;
}
