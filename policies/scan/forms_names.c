/* Names that announce a secret or a personal value, in attribute keys, JSON, XML, forms, queries, flags and the environment. */
#include "forms_int.h"

/*
 * Names are compared in lower case without what separates words: access_token, accessToken and Access-Token are one. These count wherever they stand in a
 * name; by first letter, so that a name is walked once.
 */
#define LETTER(c) [(c) - 'a']
static const char *const inside[26][13] = {
    LETTER('a') = {"apikey", "accesskey", "authorization", "accountnumber", "authtoken"},
    LETTER('b') = {"birthdate", "birthday", "bankaccount"},
    LETTER('c') = {"credential", "creditcard", "cardnumber", "cardholder", "cookie", "clientip"},
    LETTER('d') = {"dateofbirth", "driverlicense", "driverslicense", "drivinglicence"},
    LETTER('e') = {"email", "encryptionkey"},
    LETTER('f') = {"firstname", "fullname", "familyname", "fathersname", "fiscalcode"},
    LETTER('g') = {"givenname"},
    LETTER('i') = {"ipaddress", "ipaddr"},
    LETTER('j') = {"jsessionid"},
    LETTER('k') = {"kennwort"},
    LETTER('l') = {"lastname", "licensekey"},
    LETTER('m') = {"middlename", "maidenname", "mobilenumber", "masterkey", "mobilephone", "medicalrecord", "mothersname"},
    LETTER('n') = {"nationalid", "nationalinsurance"},
    LETTER('p') = {"password", "passwd", "passphrase", "passcode", "passwort", "privatekey", "phonenumber", "passport", "postaladdress", "postalcode",
        "patientname", "phpsessid"},
    LETTER('r') = {"routingnumber", "remoteaddr"},
    LETTER('s') = {"secret", "sessionid", "sessiontoken", "sessionkey", "socialsecurity", "surname", "streetaddress", "signingkey", "sharedkey",
        "storagekey", "subscriptionkey", "screenname"},
    LETTER('t') = {"token", "telephone", "taxid", "taxpayer"},
    LETTER('u') = {"username"},
    LETTER('z') = {"zipcode"},
};

#define INSIDE_MIN 5 /* letters of the shortest */

/* These are whole names. */
static const char *const whole[26][12] = {
    LETTER('a') = {"auth", "address", "address1", "address2", "addressline1", "addressline2", "addr", "aadhaar"},
    LETTER('b') = {"bearer", "birth", "born", "billingaddress"},
    LETTER('c') = {"cvv", "cvv2", "cvc", "cvc2", "card", "cc", "ccnumber", "cpf", "csrf", "contrasena"},
    LETTER('d') = {"dob", "diagnosis", "displayname", "dni"},
    LETTER('e') = {"ethnicity"},
    LETTER('f') = {"fax", "fname"},
    LETTER('g') = {"gender"},
    LETTER('h') = {"handle", "homeaddress"},
    LETTER('i') = {"iban", "imei", "imsi"},
    LETTER('j') = {"jwt"},
    LETTER('l') = {"login", "lname", "latitude", "longitude", "latlng"},
    LETTER('m') = {"mail", "mobile", "msisdn", "mrn", "motdepasse", "macaddress"},
    LETTER('n') = {"nin", "nino", "nationality", "nickname", "nif"},
    LETTER('o') = {"otp"},
    LETTER('p') = {"pwd", "pass", "pw", "passkey", "pin", "pan", "phone", "postcode"},
    LETTER('r') = {"religion"},
    LETTER('s') = {"ssn", "session", "sid", "sessid", "street", "sex", "salary", "signature", "sig", "senha", "shippingaddress"},
    LETTER('t') = {"tel"},
    LETTER('u') = {"userid", "useraddress"},
    LETTER('w') = {"wachtwoord"},
    LETTER('x') = {"xsrf"},
    LETTER('z') = {"zip"},
};

/* What holds no secret although its name speaks of one. */
static const char *const harmless[] = {"tokens", "tokentype", "tokencount", "tokenlimit", "tokenurl", "tokenuri", "tokenendpoint", "tokenize",
    "tokenis", "tokenexp", "tokenindex", "tokenid", "tokenname", "passwordpolicy", "passwordreset", "passwordexp", "passwordlength",
    "passwordrequired", "passwordchanged", "passwordstrength", "emailverified", "emailcount", "emailtype", "emailtemplate", "emailsent",
    "emailenabled", "secretname", "secretarn", "secretversion", "secretref", "cookieconsent", "cookiename", "cookiesenabled", "credentialsmode",
    "credentialtype", "signatureversion", "signaturemethod", "signaturealgorithm", "authorizationtype", "usernametype", "secretary", "passwordfile",
    "tokenfile", "secretfile", NULL};

static const char *const somebody[26][14] = {
    LETTER('a') = {"author", "authors", "applicant", "attendee", "attendees", "assignee"},
    LETTER('b') = {"buyer", "beneficiary", "billing", "billingdetails"},
    LETTER('c') = {"customer", "customers", "client", "clients", "contact", "contacts", "cc", "cardholder", "child", "createdby"},
    LETTER('d') = {"doctor", "driver"},
    LETTER('e') = {"employee", "employees"},
    LETTER('f') = {"from"},
    LETTER('g') = {"guest", "guests"},
    LETTER('h') = {"holder"},
    LETTER('i') = {"insured", "individual"},
    LETTER('l') = {"lead"},
    LETTER('m') = {"member", "members", "me"},
    LETTER('o') = {"owner"},
    LETTER('p') = {"person", "people", "persons", "patient", "patients", "passenger", "passengers", "profile", "payer", "payee", "parent",
        "participant", "participants"},
    LETTER('r') = {"recipient", "recipients", "resident", "reporter"},
    LETTER('s') = {"sender", "seller", "student", "students", "subscriber", "shipping", "shippingdetails", "spouse"},
    LETTER('t') = {"to", "traveler", "tenant"},
    LETTER('u') = {"user", "users", "updatedby"},
};

/* Letters and digits of a name in lower case; of a very long one the end. */
static size_t
normalize(struct str name, char *out)
{
    size_t n = 0;

    if (name.len > NAME_BYTES)
        name = str_sub(name, name.len - NAME_BYTES, name.len);
    for (size_t i = 0; i < name.len; i++)
        if (ascii_alnum(name.ptr[i]) || (unsigned char)name.ptr[i] >= 0x80)
            out[n++] = ascii_lower(name.ptr[i]);
    return n;
}

#define ONE_OF(s, table) one_of(s, (table)[0], sizeof((table)[0]) / sizeof((table)[0][0]))

static bool
one_of(struct str s, const char *const *table, size_t width)
{
    if (s.len == 0 || s.ptr[0] < 'a' || s.ptr[0] > 'z')
        return false;
    for (const char *const *w = table + (size_t)(s.ptr[0] - 'a') * width; *w; w++)
        if (is_word(s, *w))
            return true;
    return false;
}

static bool
holds_secret_word(struct str s)
{
    for (size_t i = 0; i + INSIDE_MIN <= s.len; i++) {
        if (s.ptr[i] < 'a' || s.ptr[i] > 'z')
            continue;
        const char *const *words = inside[s.ptr[i] - 'a'];

        for (size_t w = 0; words[w]; w++)
            if (starts_word(str_sub(s, i, s.len), words[w]))
                return true;
    }
    return false;
}

/* The last part of user[password], filter.email or items[0][name]. */
static struct str
last_part(struct str name)
{
    size_t end = name.len, from;

    while (end > 0 && byte_in(name.ptr[end - 1], "[]."))
        end--;
    for (from = end; from > 0 && !byte_in(name.ptr[from - 1], "[]."); from--)
        ;
    return str_sub(name, from, end);
}

enum name_class
name_classify(struct str name)
{
    char buf[NAME_BYTES], last_buf[NAME_BYTES];
    struct str s = {buf, normalize(name, buf)}, part = last_part(name);
    struct str last = part.len < name.len ? (struct str){last_buf, normalize(part, last_buf)} : (struct str){"", 0};

    if ((holds_secret_word(s) && !holds_word(s, harmless)) || ONE_OF(s, whole) || ONE_OF(last, whole))
        return NAME_SECRET;
    if (str_eq(last, STR("name")) || str_eq(s, STR("name")))
        return NAME_NAME;
    return ONE_OF(s, somebody) || ONE_OF(last, somebody) ? NAME_SOMEBODY : NAME_PLAIN;
}

uint8_t
form_flags(uint8_t within, struct str name)
{
    static const char *const wrappers[] = {"data", "payload", "body", "variables", "input", "params", "attributes", "record", "records", "row",
        "rows", "result", "results", "response", "request", "message", "envelope", "soap:envelope", "soap:body", "root", NULL};
    static const char *const values[] = {"value", "val", "values", "stringvalue", "string", "content", "default", NULL};
    enum name_class class = name_classify(name);

    if ((within & FORM_HIDDEN) || class == NAME_SECRET || (class == NAME_NAME && (within & FORM_SOMEBODY)) ||
        ((within & FORM_NAMED) && word_in(name, values)))
        return FORM_HIDDEN;
    return class == NAME_SOMEBODY || ((within & FORM_SOMEBODY) && word_in(name, wrappers)) ? FORM_SOMEBODY : 0;
}

bool
name_introduces(struct str name)
{
    static const char *const names[] = {"name", "key", "field", "param", "parameter", "header", "id", "attribute", "property", NULL};

    return word_in(name, names);
}

/* The last word of a name whose words are separated. */
static struct str
last_word(struct str name)
{
    size_t from = name.len;

    while (from > 0 && (ascii_alnum(name.ptr[from - 1])))
        from--;
    return str_sub(name, from, name.len);
}

static bool
ends_in(struct str s, const char *const *list)
{
    for (; *list; list++)
        if (str_ends(s, str_of(*list)))
            return true;
    return false;
}

bool
name_is_secret_flag(struct str name)
{
    static const char *const elsewhere[] = {"file", "path", "stdin", "url", "uri", "type", "ttl", "env", "dir", "prompt", "host", "port", "provider",
        "length", "policy", "store", "help", "alg", "algorithm", "format", "expiry", "timeout", "command", NULL};
    static const char *const ends[] = {"pass", "pwd", "key", "dsn", "pat", "bearer", NULL};
    static const char *const not_ends[] = {"compass", "bypass", "publickey", "hotkey", "primarykey", "foreignkey", "cachekey", "sortkey",
        "partitionkey", "routingkey", "monkey", "whiskey", "turkey", "compat", "spat", NULL};
    char buf[NAME_BYTES];
    struct str s = {buf, normalize(name, buf)};

    if (word_in(last_word(name), elsewhere))
        return false;
    if (name_is_secret(name))
        return true;
    if (str_eq(s, STR("key")))
        return false;
    return ends_in(s, ends) && !ends_in(s, not_ends);
}
