/* What single code points are read as. */
#include "fold_int.h"

/* Zeros of the decimal digits (Unicode 15 general category Nd); the other nine follow each. */
static const uint32_t digit_zeros[] = {
    0x0660,
    0x06F0,
    0x07C0,
    0x0966,
    0x09E6,
    0x0A66,
    0x0AE6,
    0x0B66,
    0x0BE6,
    0x0C66,
    0x0CE6,
    0x0D66,
    0x0DE6,
    0x0E50,
    0x0ED0,
    0x0F20,
    0x1040,
    0x1090,
    0x17E0,
    0x1810,
    0x1946,
    0x19D0,
    0x1A80,
    0x1A90,
    0x1B50,
    0x1BB0,
    0x1C40,
    0x1C50,
    0xA620,
    0xA8D0,
    0xA900,
    0xA9D0,
    0xA9F0,
    0xAA50,
    0xABF0,
    0xFF10,
    0x104A0,
    0x10D30,
    0x11066,
    0x110F0,
    0x11136,
    0x111D0,
    0x112F0,
    0x11450,
    0x114D0,
    0x11650,
    0x116C0,
    0x11730,
    0x118E0,
    0x11950,
    0x11C50,
    0x11D50,
    0x11DA0,
    0x11F50,
    0x16A60,
    0x16AC0,
    0x16B50,
    0x1D7CE,
    0x1D7D8,
    0x1D7E2,
    0x1D7EC,
    0x1D7F6,
    0x1E140,
    0x1E2F0,
    0x1E4F0,
    0x1E950,
    0x1FBF0,
};

struct range {
    uint32_t first, last, to; /* FOLD_DROP, or what stands instead */
};

/* Sorted. Characters without width are dropped; spaces, dashes, stops become the ASCII ones. */
static const struct range ranges[] = {
    {0x00A0, 0x00A0, ' '},
    {0x00AD, 0x00AD, FOLD_DROP},
    {0x034F, 0x034F, FOLD_DROP},
    {0x061C, 0x061C, FOLD_DROP},
    {0x115F, 0x1160, FOLD_DROP},
    {0x1680, 0x1680, ' '},
    {0x17B4, 0x17B5, FOLD_DROP},
    {0x180B, 0x180F, FOLD_DROP},
    {0x2000, 0x200A, ' '},
    {0x200B, 0x200F, FOLD_DROP},
    {0x2010, 0x2015, '-'},
    {0x2024, 0x2024, '.'},
    {0x2028, 0x2029, '\n'},
    {0x202A, 0x202E, FOLD_DROP},
    {0x202F, 0x202F, ' '},
    {0x2043, 0x2043, '-'},
    {0x2044, 0x2044, '/'},
    {0x205F, 0x205F, ' '},
    {0x2060, 0x206F, FOLD_DROP},
    {0x20D0, 0x20FF, FOLD_DROP},
    {0x2212, 0x2212, '-'},
    {0x2215, 0x2215, '/'},
    {0x2236, 0x2236, ':'},
    {0x3000, 0x3000, ' '},
    {0x3002, 0x3002, '.'},
    {0x3164, 0x3164, FOLD_DROP},
    {0xFE00, 0xFE0F, FOLD_DROP},
    {0xFE52, 0xFE52, '.'},
    {0xFE55, 0xFE55, ':'},
    {0xFE58, 0xFE58, '-'},
    {0xFE63, 0xFE63, '-'},
    {0xFE6B, 0xFE6B, '@'},
    {0xFEFF, 0xFEFF, FOLD_DROP},
    {0xFF61, 0xFF61, '.'},
    {0xFFA0, 0xFFA0, FOLD_DROP},
    {0xFFF9, 0xFFFB, FOLD_DROP},
    {0x1BCA0, 0x1BCA3, FOLD_DROP},
    {0xE0000, 0xE0FFF, FOLD_DROP},
};

uint32_t
fold_point(uint32_t cp)
{
    size_t lo = 0, hi = sizeof(ranges) / sizeof(ranges[0]);

    if (cp >= 0xFF01 && cp <= 0xFF5E) /* full-width forms */
        return cp - 0xFEE0;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;

        if (cp > ranges[mid].last)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (lo < sizeof(ranges) / sizeof(ranges[0]) && cp >= ranges[lo].first)
        return ranges[lo].to;
    lo = 0;
    hi = sizeof(digit_zeros) / sizeof(digit_zeros[0]);
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;

        if (cp > digit_zeros[mid] + 9)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (lo < sizeof(digit_zeros) / sizeof(digit_zeros[0]) && cp >= digit_zeros[lo])
        return '0' + cp - digit_zeros[lo];
    return cp;
}
