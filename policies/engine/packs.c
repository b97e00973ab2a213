#include "policies/packs.h"

#define POLICY ".policy.yaml"
#define PACK(symbol, name) PART(symbol, name POLICY)

/* The assembler takes the file into the program: what runs is what was reviewed, byte for byte. Paths are those of the build, from the top of the tree. */
#define PART(symbol, file)                                             \
    __asm__(".pushsection .rodata\n"                                   \
            ".local pack_" #symbol "_first\npack_" #symbol "_first:\n" \
            ".incbin \"policies/packs/" file "\"\n"                    \
            ".local pack_" #symbol "_end\npack_" #symbol "_end:\n"     \
            ".popsection\n");                                          \
    extern const char pack_##symbol##_first[], pack_##symbol##_end[];
#include "../packs/packs.def"
#undef PART

static const struct {
    const char *file, *first, *end;
} files[] = {
#define PART(symbol, file) {file, pack_##symbol##_first, pack_##symbol##_end},
#include "../packs/packs.def"
#undef PART
};

#undef PACK
static const char *const names[] = {
#define PART(symbol, file)
#define PACK(symbol, name) name,
#include "../packs/packs.def"
#undef PACK
#undef PART
};

struct str
pack_text(const char *file)
{
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        if (strcmp(file, files[i].file) == 0)
            return (struct str){files[i].first, (size_t)(files[i].end - files[i].first)};
    return (struct str){0};
}

struct str
pack_policy(struct str name)
{
    char file[64];

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        size_t len = strlen(names[i]);

        if (!str_eq(name, str_of(names[i])) || len + sizeof(POLICY) > sizeof(file))
            continue;
        memcpy(file, names[i], len);
        memcpy(file + len, POLICY, sizeof(POLICY));
        return pack_text(file);
    }
    return (struct str){0};
}

const char *const *
packs_all(size_t *count)
{
    *count = sizeof(names) / sizeof(names[0]);
    return names;
}
