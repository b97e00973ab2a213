#include "control/packs.h"

/* The assembler takes the file into the program: what runs is what was reviewed, byte for byte. Paths are those of the build, from the top of the tree. */
#define PACK(symbol, path)                                   \
    __asm__(".pushsection .rodata\n"                         \
            ".local " #symbol "_first\n" #symbol "_first:\n" \
            ".incbin \"" path "\"\n"                         \
            ".local " #symbol "_end\n" #symbol "_end:\n"     \
            ".popsection\n");                                \
    extern const char symbol##_first[], symbol##_end[];

PACK(pack_starter, "policies/packs/starter.policy.yaml")
PACK(pack_eu_stays, "policies/packs/eu-stays.policy.yaml")
PACK(pack_demo, "policies/packs/demo.yaml")

struct str
pack_text(const char *name)
{
    static const struct {
        const char *name, *first, *end;
    } files[] = {
        {"starter.policy.yaml", pack_starter_first, pack_starter_end},
        {"eu-stays.policy.yaml", pack_eu_stays_first, pack_eu_stays_end},
        {"demo.yaml", pack_demo_first, pack_demo_end},
    };

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        if (strcmp(name, files[i].name) == 0)
            return (struct str){files[i].first, (size_t)(files[i].end - files[i].first)};
    return (struct str){0};
}
