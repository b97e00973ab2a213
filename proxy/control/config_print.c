#include "config_int.h"

static const char *const type_words[] = {[FIELD_TEXT] = "text",
    [FIELD_PATH] = "file name",
    [FIELD_NUMBER] = "number",
    [FIELD_MIB] = "MiB",
    [FIELD_DURATION] = "duration",
    [FIELD_CHOICE] = "",
    [FIELD_ENDPOINT] = "address:port",
    [FIELD_SECTION] = "map",
    [FIELD_LIST] = "list of maps",
    [FIELD_NAMED] = "map of maps",
    [FIELD_CUSTOM] = ""};

static void
print_type(const struct field *f, FILE *out)
{
    fputs(f->type == FIELD_CUSTOM ? f->type_text : type_words[f->type], out);
    for (size_t i = 0; f->type == FIELD_CHOICE && f->choices[i]; i++)
        fprintf(out, "%s`%s`", i ? " or " : "", f->choices[i]);
    if (f->type == FIELD_DURATION && f->min < f->max)
        fprintf(out, ", %llu ms to %llu ms", (unsigned long long)f->min, (unsigned long long)f->max);
    else if ((f->type == FIELD_NUMBER || f->type == FIELD_MIB) && f->min < f->max)
        fprintf(out, ", %llu to %llu", (unsigned long long)f->min, (unsigned long long)f->max);
}

static void
print_section(const struct section *s, const char *prefix, FILE *out)
{
    char path[160];

    for (const struct field *f = s->fields; f->name; f++) {
        snprintf(path, sizeof(path), "%s%s%s", prefix, f->name, f->type == FIELD_LIST ? "[]" : f->type == FIELD_NAMED ? ".NAME" : "");
        fprintf(out, "| `%s` | ", path);
        print_type(f, out);
        fprintf(out, " | %s%s%s | %s |\n", f->fallback ? "`" : "",
            f->fallback   ? f->fallback
            : f->required ? "required"
                          : "",
            f->fallback ? "`" : "", f->doc);
        if (f->section) {
            strncat(path, ".", sizeof(path) - strlen(path) - 1);
            print_section(f->section, path, out);
        }
    }
}

void
config_print_reference(FILE *out)
{
    fputs("# gateway.yaml\n\nUnknown keys are refused. Durations: `200ms`, `5s`, `1m30s`. File names are relative to the gateway file. "
          "`${env:NAME}`, `${env:NAME:-default}` and `${file:PATH}` stand for values from outside.\n\n"
          "| Key | Type | Default | Meaning |\n|---|---|---|---|\n",
        out);
    print_section(&config_root_section, "", out);
}
