#include "base/log.h"

#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"

#define LINE_MAX_BYTES 4096
#define VALUE_MAX_BYTES 1024
#define TAIL_BYTES 32 /* room that fields leave for what ends a line */

static const struct {
    enum log_level level;
    const char *name, *text;
} events[] = {
#define LOG_EVENT(id, level, name, text) [id] = {level, name, text},
#include "base/log.def"
#undef LOG_EVENT
};

static const char *const levels[] = {[LOG_DEBUG] = "debug", [LOG_INFO] = "info", [LOG_WARN] = "warn", [LOG_ERROR] = "error"};

/* A reload changes these while workers log. */
static struct {
    _Atomic unsigned least, format;
    _Atomic int fd;
} setup = {LOG_INFO, LOG_TEXT, 2};

void
log_setup(enum log_level least, enum log_format format, int fd)
{
    atomic_store_explicit(&setup.least, least, memory_order_relaxed);
    atomic_store_explicit(&setup.format, format, memory_order_relaxed);
    atomic_store_explicit(&setup.fd, fd, memory_order_relaxed);
}

/* A value's text, cut to its maximum between characters. */
static struct str
value_text(const char *cstr)
{
    struct str s = str_of(cstr);

    if (s.len <= VALUE_MAX_BYTES)
        return s;
    s.len = VALUE_MAX_BYTES;
    while (s.len && ((unsigned char)s.ptr[s.len] & 0xC0) == 0x80)
        s.len--;
    return s;
}

static bool
bare(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.ptr[i] <= ' ' || (unsigned char)s.ptr[i] >= 0x7F || s.ptr[i] == '"' || s.ptr[i] == '=' || s.ptr[i] == '\\')
            return false;
    return s.len > 0;
}

static enum rc
append_text(struct buf *line, struct str s, bool quotes)
{
    enum rc rc = quotes ? buf_append_byte(line, '"') : RC_OK;

    if (rc == RC_OK)
        rc = json_escape(line, s);
    return rc == RC_OK && quotes ? buf_append_byte(line, '"') : rc;
}

static enum rc
append_field(struct buf *line, const struct log_field *f, bool json)
{
    enum rc rc = buf_append(line, json ? STR(",\"") : STR(" "));

    if (rc == RC_OK)
        rc = json_escape(line, str_of(f->name));
    if (rc == RC_OK)
        rc = buf_append(line, json ? STR("\":") : STR("="));
    if (rc != RC_OK)
        return rc;
    if (!f->text)
        return buf_printf(line, "%lld", (long long)f->number);
    struct str s = value_text(f->text);

    return append_text(line, s, json || !bare(s));
}

void
log_write(enum log_event event, const struct log_field *fields, unsigned count)
{
    char bytes[LINE_MAX_BYTES], when[CLOCK_RFC3339_SIZE];
    struct buf line = {bytes, 0, sizeof(bytes) - TAIL_BYTES, sizeof(bytes) - TAIL_BYTES}; /* never grows: cap is max */
    bool json = atomic_load_explicit(&setup.format, memory_order_relaxed) == LOG_JSON, cut = false;
    enum log_level level = events[event].level;

    if (level < atomic_load_explicit(&setup.least, memory_order_relaxed))
        return;
    clock_rfc3339(clock_wall_us(&clock_system), when);
    enum rc rc = buf_printf(&line,
        json ? "{\"ts\":\"%s\",\"level\":\"%s\",\"event\":\"%s\",\"message\":\"%s\"" : "%s level=%s event=%s message=\"%s\"", when, levels[level],
        events[event].name, events[event].text);

    for (unsigned i = 0; i < count && rc == RC_OK && !cut; i++) {
        size_t mark = line.len;

        if (append_field(&line, &fields[i], json) != RC_OK) {
            line.len = mark;
            cut = true;
        }
    }
    line.max = line.cap = sizeof(bytes);
    if (rc == RC_OK && cut)
        rc = buf_append(&line, json ? STR(",\"truncated\":true") : STR(" truncated=true"));
    if (rc == RC_OK)
        rc = buf_append(&line, json ? STR("}\n") : STR("\n"));
    if (rc == RC_OK && write(atomic_load_explicit(&setup.fd, memory_order_relaxed), line.ptr, line.len) < 0)
        return; /* there is no other place to tell it */
}
