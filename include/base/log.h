/**
 * Structured log. Every line is one event of log.def with its fixed level and sentence; fields are numbers and
 * NUL-terminated strings that our own code made. There is no way to pass a struct str, so text of a span cannot be logged by
 * accident. One line is one write(2), as key=value or JSON, to standard error.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
enum log_format { LOG_TEXT, LOG_JSON };

/* log.def holds LOG_EVENT(constant, level, "event_name", "sentence"). */
enum log_event {
#define LOG_EVENT(id, level, name, text) id,
#include "base/log.def"
#undef LOG_EVENT
    LOG_EVENT_COUNT_
};

struct log_field {
    const char *name;
    const char *text; /* NULL: number is meant */
    int64_t number;
};

static inline struct log_field
log_field_text(const char *name, const char *cstr)
{
    return (struct log_field){name, cstr ? cstr : "", 0};
}

#define LOG_STR(name, cstr) log_field_text((name), (cstr))
#define LOG_NUM(name, value) ((struct log_field){(name), NULL, (int64_t)(value)})

/**
 * log_write(event, fields, count):
 * Write one line when the event's level is enabled. Control characters and bytes that are not UTF-8 are escaped. Lines are cut at 4 KiB.
 * Thread:  any
 */
void log_write(enum log_event event, const struct log_field *fields, unsigned count);

/* log_event(LOG_X, LOG_STR("a", "b"), LOG_NUM("n", 3)) */
#define log_event(event, ...) \
    log_write(                \
        (event), (const struct log_field[]){__VA_ARGS__}, (unsigned)(sizeof((const struct log_field[]){__VA_ARGS__}) / sizeof(struct log_field)))
#define log_event0(event) log_write((event), NULL, 0)

/* Set before threads start, or by the control thread. fd is where lines go (default 2). */
void log_setup(enum log_level least, enum log_format format, int fd);

#endif
