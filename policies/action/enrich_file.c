#include "enrich_int.h"

/* "key: value" on each line; empty lines and those that start with # say nothing. */
static void
lines_load(struct enrich_load *ld, const char *path, struct str text)
{
    struct err_pos pos = {.file = path, .line = 0, .col = 1, .width = 1};

    while (text.len) {
        size_t end = str_find(text, STR("\n"));
        struct str line = str_trim(end == SIZE_MAX ? text : str_sub(text, 0, end));
        size_t colon = str_find(line, STR(":"));

        text = end == SIZE_MAX ? (struct str){NULL, 0} : str_sub(text, end + 1, text.len);
        pos.line++;
        if (line.len == 0 || line.ptr[0] == '#')
            continue;
        if (colon == SIZE_MAX)
            errs_add(ld->es, ERR_ERROR, RC_CONFIG, SG_ENRICH_FILE, pos, "a line is \"key: value\"");
        else
            enrich_add(ld, pos, str_trim(str_sub(line, 0, colon)), str_trim(str_sub(line, colon + 1, line.len)));
    }
}

static void
file_load(struct enrich_load *ld)
{
    const struct conf_node *key = conf_get(ld->node, "key");
    struct str path, name;
    struct buf text;

    if (!enrich_path(ld, "file", &path) || !enrich_read(ld, conf_get(ld->node, "file"), path.ptr, &text))
        return;
    if (!key)
        lines_load(ld, path.ptr, buf_str(&text));
    else if (conf_text(ld->doc, key, &name, ld->es) == RC_OK)
        enrich_add(ld, (struct err_pos){path.ptr, 1, 1, 1}, name, str_trim(buf_str(&text)));
    buf_free(&text);
}

static const char *const keys[] = {"where", "file", "key", NULL};
const struct enrich_source enrich_file = {"file", "lines \"key: value\" of a file, or the whole file as the value of one key", keys, file_load};
