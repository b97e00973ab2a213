#include "control/desk.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/digest.h"
#include "base/json.h"
#include "base/secret.h"

#define FOLDER "desk"
#define FILE_MAX 2048
#define OBJECT_MAX 200

static bool
text_fits(const char *s, size_t max, bool letters)
{
    size_t n = s ? strlen(s) : 0;

    if (n == 0 || n > max)
        return false;
    for (size_t i = 0; i < n; i++) {
        bool letter = (s[i] >= 'a' && s[i] <= 'z') || s[i] == '_';

        if (s[i] < 0x20 || s[i] > 0x7E || s[i] == '"' || s[i] == '\\' || (letters && !letter))
            return false;
    }
    return true;
}

static bool
act_fits(const struct desk_act *a)
{
    uint8_t raw[SHA256_SIZE];

    if (a->digest && (strlen(a->digest) != sizeof(raw) * 2 || !digest_unhex(str_of(a->digest), raw)))
        return false;
    return text_fits(a->verb, 32, true) && text_fits(a->object, OBJECT_MAX, false) && text_fits(a->result, 32, true);
}

static enum rc
act_print(const struct desk_act *act, struct buf *out)
{
    struct json j = json_begin_canonical(out);

    json_object(&j, NULL);
    if (act->digest)
        json_cstr(&j, "digest", act->digest);
    json_cstr(&j, "object", act->object);
    json_cstr(&j, "result", act->result);
    json_cstr(&j, "verb", act->verb);
    json_close_object(&j);
    return json_finish(&j);
}

static enum rc
desk_write(const char *dir, struct str text, char *path, size_t size)
{
    uint8_t salt[8];
    char hex[2 * sizeof(salt) + 1] = "";
    enum rc rc = digest_random(salt, sizeof(salt));

    digest_hex((struct str){(const char *)salt, sizeof(salt)}, hex);
    snprintf(path, size, "%s/" FOLDER, dir);
    if (rc == RC_OK)
        rc = file_make_folder(path, 0700);
    snprintf(path, size, "%s/" FOLDER "/%020llu-%s.json", dir, (unsigned long long)clock_wall_us(&clock_system), hex);
    return rc == RC_OK ? file_write_atomic(path, text, 0600) : rc;
}

enum rc
desk_leave(const char *journal_dir, const struct desk_act *act, struct errs *es)
{
    struct buf text = BUF_INIT(FILE_MAX);
    struct stat st;
    char path[4096];
    enum rc rc = RC_OK;

    if (!act_fits(act)) {
        errs_add(es, ERR_ERROR, RC_USAGE, 0, (struct err_pos){0}, "an act for the audit log holds a text that may not be recorded");
        return RC_USAGE;
    }
    if (stat(journal_dir, &st) != 0 || !S_ISDIR(st.st_mode)) {
        errs_add(es, ERR_ERROR, RC_NOT_FOUND, 0, (struct err_pos){0}, "there is no journal in %.200s", journal_dir);
        return RC_NOT_FOUND;
    }
    rc = act_print(act, &text);
    if (rc == RC_OK)
        rc = desk_write(journal_dir, buf_str(&text), path, sizeof(path));
    if (rc != RC_OK)
        errs_add(es, ERR_ERROR, rc, 0, (struct err_pos){0}, "%.240s cannot be written: %m", path);
    buf_free(&text);
    return rc;
}

/* -- the gate's side -------------------------------------------------------------------------------------------------------------- */

#define TAKEN ".taken"

struct taker {
    bool (*fn)(void *arg, const struct desk_item *item);
    void *arg;
};

void
desk_settle(const char *file, bool recorded)
{
    size_t len = strlen(file), ending = sizeof(TAKEN) - 1;
    char before[4096];

    if (recorded || len < ending || len - ending >= sizeof(before)) {
        (void)unlink(file);
        return;
    }
    memcpy(before, file, len - ending);
    before[len - ending] = '\0';
    (void)rename(file, before); /* else it waits for the next start */
}

static const char *
text_of(const struct conf_node *root, const char *key)
{
    const struct conf_node *n = conf_get(root, key);

    return n && n->kind == CONF_SCALAR ? n->text.ptr : NULL;
}

static bool
take_file(const struct taker *t, const char *path)
{
    struct buf text = BUF_INIT(FILE_MAX);
    struct conf_doc *doc = NULL;
    struct errs es = {0};
    struct stat st;
    char actor[32], file[4096];
    int n = snprintf(file, sizeof(file), "%s" TAKEN, path);

    if (lstat(path, &st) != 0 || n < 0 || (size_t)n >= sizeof(file))
        return false;
    snprintf(actor, sizeof(actor), "uid:%u", (unsigned)st.st_uid);
    struct desk_act act = {0};

    if (S_ISREG(st.st_mode) && file_read(path, FILE_MAX, &text) == RC_OK && conf_load_text("act", buf_str(&text), false, &doc, &es) == RC_OK) {
        const struct conf_node *root = conf_root(doc, 0);

        act = (struct desk_act){text_of(root, "verb"), text_of(root, "object"), text_of(root, "digest"), text_of(root, "result")};
    }
    if (!act_fits(&act))
        act = (struct desk_act){.verb = "unreadable", .object = "desk", .result = "refused"};
    bool taken = rename(path, file) == 0;

    if (taken && !t->fn(t->arg, &(struct desk_item){actor, file, act})) {
        desk_settle(file, false);
        taken = false;
    }
    conf_free(doc);
    errs_free(&es);
    buf_free(&text);
    return taken;
}

static int
is_act(const struct dirent *e)
{
    return e->d_name[0] != '.' && str_ends(str_of(e->d_name), STR(".json"));
}

static int
is_taken(const struct dirent *e)
{
    return e->d_name[0] != '.' && str_ends(str_of(e->d_name), STR(".json" TAKEN));
}

static int
by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* t NULL: what was taken is put back. */
static unsigned
each_file(const char *journal_dir, const struct taker *t)
{
    struct dirent **names = NULL;
    char path[4096];
    unsigned taken = 0;

    snprintf(path, sizeof(path), "%s/" FOLDER, journal_dir);
    int n = scandir(path, &names, t ? is_act : is_taken, by_name);

    for (int i = 0; i < n; i++) {
        int len = snprintf(path, sizeof(path), "%s/" FOLDER "/%s", journal_dir, names[i]->d_name);

        if (len > 0 && (size_t)len < sizeof(path) && t)
            taken += take_file(t, path);
        else if (len > 0 && (size_t)len < sizeof(path))
            desk_settle(path, false);
        free(names[i]);
    }
    free(names);
    return taken;
}

unsigned
desk_take(const char *journal_dir, bool (*fn)(void *arg, const struct desk_item *item), void *arg)
{
    return each_file(journal_dir, &(struct taker){fn, arg});
}

void
desk_recover(const char *journal_dir)
{
    (void)each_file(journal_dir, NULL);
}
