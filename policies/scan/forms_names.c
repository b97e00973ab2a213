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

/* These are whole names. */
static const char *const whole[] = {"pwd", "pass", "pw", "passkey", "ssn", "nin", "nino", "dob", "pin", "cvv", "cvv2", "cvc", "cvc2", "otp", "pan",
    "iban", "auth", "bearer", "session", "sid", "sessid", "jwt", "mail", "phone", "mobile", "fax", "msisdn", "tel", "login", "address", "address1",
    "address2", "addressline1", "addressline2", "addr", "street", "zip", "postcode", "birth", "born", "gender", "sex", "religion", "nationality",
    "ethnicity", "diagnosis", "salary", "fname", "lname", "nickname", "displayname", "card", "cc", "ccnumber", "mrn", "imei", "imsi", "dni", "nif",
    "cpf", "aadhaar", "signature", "sig", "xsrf", "csrf", "contrasena", "motdepasse", "senha", "wachtwoord", "handle", "macaddress", "userid",
    "useraddress", "homeaddress", "billingaddress", "shippingaddress", "latitude", "longitude", "latlng", NULL};

/* What holds no secret although its name speaks of one. */
static const char *const harmless[] = {"tokens", "tokentype", "tokencount", "tokenlimit", "tokenurl", "tokenuri", "tokenendpoint", "tokenize",
    "tokenis", "tokenexp", "tokenindex", "tokenid", "tokenname", "passwordpolicy", "passwordreset", "passwordexp", "passwordlength",
    "passwordrequired", "passwordchanged", "passwordstrength", "emailverified", "emailcount", "emailtype", "emailtemplate", "emailsent",
    "emailenabled", "secretname", "secretarn", "secretversion", "secretref", "cookieconsent", "cookiename", "cookiesenabled", "credentialsmode",
    "credentialtype", "signatureversion", "signaturemethod", "signaturealgorithm", "authorizationtype", "usernametype", "secretary", "passwordfile",
    "tokenfile", "secretfile", NULL};

static const char *const somebody[] = {"user", "users", "customer", "customers", "client", "clients", "person", "people", "persons", "patient",
    "patients", "contact", "contacts", "employee", "employees", "author", "authors", "member", "members", "owner", "recipient", "recipients",
    "sender", "buyer", "seller", "passenger", "passengers", "guest", "guests", "student", "students", "doctor", "subscriber", "applicant",
    "beneficiary", "billing", "shipping", "billingdetails", "shippingdetails", "profile", "from", "to", "cc", "payer", "payee", "cardholder",
    "insured", "spouse", "child", "parent", "lead", "individual", "traveler", "driver", "tenant", "resident", "participant", "participants",
    "attendee", "attendees", "createdby", "updatedby", "assignee", "reporter", "holder", "me", NULL};

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

static bool
starts_at(struct str s, size_t at, const char *word)
{
    return str_starts(str_sub(s, at, s.len), str_of(word));
}

static bool
one_of(struct str s, const char *const *list)
{
    for (; *list; list++)
        if (s.len && s.ptr[0] == **list && str_eq(s, str_of(*list)))
            return true;
    return false;
}

static bool
holds_secret_word(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] < 'a' || s.ptr[i] > 'z')
            continue;
        const char *const *words = inside[s.ptr[i] - 'a'];

        for (size_t w = 0; w < sizeof(inside[0]) / sizeof(inside[0][0]) && words[w]; w++)
            if (starts_at(s, i, words[w]))
                return true;
    }
    return false;
}

static bool
is_harmless(struct str s)
{
    for (const char *const *h = harmless; *h; h++)
        if (str_find(s, str_of(*h)) != SIZE_MAX)
            return true;
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
    struct str s = {buf, normalize(name, buf)};
    struct str last = {last_buf, normalize(last_part(name), last_buf)};

    if ((holds_secret_word(s) && !is_harmless(s)) || one_of(s, whole) || one_of(last, whole))
        return NAME_SECRET;
    if (str_eq(last, STR("name")))
        return NAME_NAME;
    return one_of(s, somebody) || one_of(last, somebody) ? NAME_SOMEBODY : NAME_PLAIN;
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

bool
name_is_secret_flag(struct str name)
{
    static const char *const elsewhere[] = {"file", "path", "stdin", "url", "uri", "type", "ttl", "env", "dir", "prompt", "host", "port", "provider",
        "length", "policy", "store", "help", "alg", "algorithm", "format", "expiry", "timeout", "command", NULL};
    static const char *const ends[] = {"pass", "pwd", "key", "dsn", "pat", NULL};
    static const char *const not_ends[] = {"compass", "bypass", "publickey", "hotkey", "primarykey", "foreignkey", "cachekey", "sortkey",
        "partitionkey", "routingkey", "monkey", "whiskey", "turkey", "compat", "spat", NULL};
    char buf[NAME_BYTES];
    struct str s = {buf, normalize(name, buf)};

    if (str_in_list(last_word(name), elsewhere))
        return false;
    if (name_is_secret(name))
        return true;
    if (str_eq(s, STR("key")))
        return false;
    for (const char *const *n = not_ends; *n; n++)
        if (str_ends(s, str_of(*n)))
            return false;
    for (const char *const *e = ends; *e; e++)
        if (str_ends(s, str_of(*e)))
            return true;
    return false;
}
