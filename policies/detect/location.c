/* Where somebody is. */
#include "checks_int.h"

#define LATITUDE "-?(?:90(?:\\.0+)?|[1-8]?[0-9]\\.[0-9]{3,})"
#define LONGITUDE "-?(?:180(?:\\.0+)?|(?:1[0-7][0-9]|[1-9]?[0-9])\\.[0-9]{3,})"

/* A geohash of letters alone is a word. */
static bool
check_geohash(struct match *m)
{
    bool digit = false, letter = false;

    for (size_t i = m->start; i < m->end; i++) {
        digit |= ascii_digit(m->text.ptr[i]);
        letter |= ascii_alpha(m->text.ptr[i]);
    }
    return digit && letter;
}

const struct detector detect_location[] = {
    {
        ENTRY("loc.latlong", "GEO_COORDINATES", "Latitude and longitude", TIER_B, "network", "GDPR HIPAA-B", 1),
        /* Three decimals in one of the two at least. */
        .pattern = NUM_START "(?=[-0-9])(?=[^.]{0,40}?[0-9]\\.[0-9]{3}|-?90\\.0+[^.]{1,40}[0-9]\\.[0-9]{3})" LATITUDE
                             "\"? ?[,;/ ] ?(?:\"?[a-z]{2,10}\"?[:=] ?)?\"?" LONGITUDE NUM_END,
        .caseless = true,
        .context = WORDS("lat", "lon", "lng", "latitude", "longitude", "geo", "location", "coordinates", "coordinate", "coords", "gps", "position",
            "latlng", "latlon"),
        .need_context = true,
        .examples = EXAMPLES(HIT("location 52.5200, 13.4050"), HIT("lat=48.8566&x lat: 48.8566, lon: 2.3522"),
            HIT_IN("geo.coordinates", "-33.8688,151.2093"), HIT("gps 52.520008;13.404954"), MISS("52.5200, 13.4050"), MISS("location 1.5, 2.5"),
            MISS("gps 95.1234, 13.4050"), MISS("location 52.5200")),
    },
    {
        ENTRY("loc.latlong_key", "GEO_COORDINATES", "Latitude or longitude, by its key", TIER_B, "network", "GDPR HIPAA-B", 1),
        .pattern = TEXT_START "-?(?:180|1[0-7][0-9]|[1-9]?[0-9])(?:\\.[0-9]{1,20})?" TEXT_END,
        .context = WORDS("lat", "lon", "lng", "latitude", "longitude"),
        .key_only = true,
        .examples = EXAMPLES(HIT_IN("geo.location.lat", "52.5200"), HIT_IN("user.longitude", "-13.4"), MISS_IN("geo.location.lat", "unknown"),
            MISS_IN("platform.id", "52.52"), MISS_IN("geo.location.lon", "181.5")),
    },
    {
        ENTRY("loc.geohash", "GEOHASH", "Geohash", TIER_C, "network", "GDPR HIPAA-B", 1),
        .pattern = WORD_START "(?=[0-9b-hjkmnp-z]{0,10}?(?:[0-9][b-hjkmnp-z]|[b-hjkmnp-z][0-9]))[0-9b-hjkmnp-z]{5,12}" WORD_END,
        .context = WORDS("geohash"),
        .need_context = true,
        .check = check_geohash,
        .examples = EXAMPLES(
            HIT("geohash u33dc0cpk"), HIT_IN("geo.geohash", "9q8yyk8"), MISS("u33dc0cpk"), MISS("geohash zzzzzz"), MISS("geohash ailo5")),
    },
    {
        ENTRY("loc.plus_code", "PLUS_CODE", "Open Location Code", TIER_C, "network", "GDPR HIPAA-B", 1),
        .pattern = WORD_START "[23456789CFGHJMPQRVWX]{8}\\+[23456789CFGHJMPQRVWX]{2,3}" WORD_END,
        .context = WORDS("plus code", "pluscode"),
        .examples = EXAMPLES(HIT("9F4MGC22+2J"), HIT("plus code 849VCWC8+R9"), MISS("9F4MGC22"), MISS("1F4MGC22+2J")),
    },
    {.id = NULL},
};
