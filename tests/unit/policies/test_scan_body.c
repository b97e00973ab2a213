/* The scanners of XML, forms, multipart bodies, and the choice between them. */
#include "policies_scanning.h"

static const struct scanning_row xml[] = {
    {"<a><password>hunter2</password><b x=\"1\">red</b></a>", "<a><password>REDACTED</password><b x=\"1\">red</b></a>", NULL},
    {"<?xml version=\"1.0\"?>\n<soap:Envelope xmlns:soap=\"urn:s\"><soap:Body><u:Login xmlns:u=\"urn:u\"><u:userName>bob</u:userName>"
     "<wsse:Password Type=\"t\"> a b </wsse:Password></u:Login></soap:Body></soap:Envelope>",
        "<?xml version=\"1.0\"?>\n<soap:Envelope xmlns:soap=\"urn:s\"><soap:Body><u:Login xmlns:u=\"urn:u\"><u:userName>REDACTED</u:userName>"
        "<wsse:Password Type=\"REDACTED\"> REDACTED </wsse:Password></u:Login></soap:Body></soap:Envelope>",
        NULL},
    {"<user email='a@b.example' id=\"7\"/>", "<user email='REDACTED' id=\"7\"/>", NULL},
    {"<customer><name>Jane</name><x/></customer>", "<customer><name>REDACTED</name><x/></customer>", NULL},
    {"<catalog><item><name>Lamp</name></item></catalog>", "<catalog><item><name>Lamp</name></item></catalog>", NULL},
    {"<p><property name=\"password\" value=\"x\"/><property name=\"db.password\">y</property><add key=\"color\" value=\"red\"/></p>",
        "<p><property name=\"password\" value=\"REDACTED\"/><property name=\"db.password\">REDACTED</property><add key=\"color\" value=\"red\"/></p>",
        NULL},
    {"<e><key>password</key><value>x</value></e>", "<e><key>password</key><value>REDACTED</value></e>", NULL},
    {"<secret><a>x</a><b>y</b></secret><c>z</c>", "<secret><a>REDACTED</a><b>REDACTED</b></secret><c>z</c>", NULL},
    {"<a><!-- bob --><b><![CDATA[{\"token\":\"x\"}]]></b></a>", "<a><!--?--><b><![CDATA[{\"token\":\"REDACTED\"}]]></b></a>", NULL},
    {"<a><![CDATA[<password>x</password>]]></a>", "<a><![CDATA[<password>REDACTED</password>]]></a>", NULL},
    {"<a>&lt;password&gt;x&lt;/password&gt;</a>", "<a>?</a>", NULL},
    {"<html><body><br><input type=password value=x><script>if (a < b) {}</script></body></html>",
        "<html><body><br><input type=password value=REDACTED><script>if (a < b) {}</script></body></html>", NULL},
    {"<a><password>hunt", "<a><password>REDACTED", NULL},
    {"<a email=\"bob", "<a email=\"REDACTED", NULL},
    {"<!DOCTYPE html><a>b</a>", "<!DOCTYPE html><a>b</a>", NULL},
    {"<!DOCTYPE a [<!ENTITY x \"bob\">]><a>&x;</a>", "(undecidable)", NULL},
    {"<a>1 < 2</a>", "(undecidable)", NULL},
    {"text", "(undecidable)", NULL},
    {"<a b<c>", "(undecidable)", NULL},
    {"", "", NULL},
    {NULL, NULL, NULL},
};

static const struct scanning_row xml_strict[] = {
    {"<a b=\"x\"secret\"y\">z</a>", "(undecidable)", NULL},
    {"<a>x</a secret=\"y\">", "(undecidable)", NULL},
    {"<!secret><a>x</a>", "(undecidable)", NULL},
    {"<!DOCTYPE html SYSTEM \"bob\"><a>x</a>", "<!DOCTYPE html ?><a>?</a>", NULL},
    {"<a><![CDATA[<bob]>]]></a>", "<a><![CDATA[?]]></a>", NULL},
    {"<a><![CDATA[<bob ]]></a>", "<a><![CDATA[? ]]></a>", NULL},
    {"<a xmlns=\"urn:a\" b=\"1\">x<c/> y </a>", "<a xmlns=\"urn:a\" b=\"?\">?<c/> ? </a>", NULL},
    {"<e><key>password</key><value>x</value></e>", "<e><key>?</key><value>REDACTED</value></e>", NULL},
    {NULL, NULL, NULL},
};

static const struct scanning_row forms[] = {
    {"a=1&password=x%20y&user%5Bemail%5D=z&b", "a=1&password=REDACTED&user%5Bemail%5D=REDACTED&b", NULL},
    {"a=%7B%22token%22%3A1%7D&u=https%3A%2F%2Fh.example%2F%3Ftoken%3Dx", "a=?&u=?", NULL},
    {"code=7&state=a", "code=7&state=a", NULL},
    {"hello world", "(undecidable)", NULL},
    {"", "", NULL},
    {NULL, NULL, NULL},
};

static const struct scanning_row forms_strict[] = {
    {"a=1&password=x&b", "a=?&password=REDACTED&b", NULL},
    {NULL, NULL, NULL},
};

#define PART "\r\nContent-Disposition: form-data; name="

static const struct scanning_row parts[] = {
    {"--B" PART "\"password\"\r\n\r\nhunter2\r\n--B" PART "\"color\"\r\n\r\nred\r\n--B--\r\n",
        "--B" PART "\"password\"\r\n\r\nREDACTED\r\n--B" PART "\"color\"\r\n\r\nred\r\n--B--\r\n", NULL},
    {"--B" PART "\"f\"; filename=\"bob.txt\"\r\nContent-Type: text/plain\r\n\r\nline\r\nline\r\n--B--",
        "--B" PART "\"f\"; filename=\"?\"\r\nContent-Type: text/plain\r\n\r\n?\r\n--B--", NULL},
    {"--B" PART "\"j\"\r\nContent-Type: application/json\r\n\r\n{\"token\":\"x\"}\r\n--B--",
        "--B" PART "\"j\"\r\nContent-Type: application/json\r\n\r\n{\"token\":\"REDACTED\"}\r\n--B--", NULL},
    {"--B\nContent-Disposition: form-data; name=token\n\nx\n--B--\nepilogue", "--B\nContent-Disposition: form-data; name=token\n\nREDACTED\n--B--\n?",
        NULL},
    {"--B" PART "\"password\"\r\n\r\nhunt", "--B" PART "\"password\"\r\n\r\nREDACTED", NULL},
    {"no boundary", "(undecidable)", NULL},
    {"--B\r\nContent-Disposition: form-data; name=\"f\"; filename*=UTF-8''bob.txt\r\n\r\nline\r\n--B--",
        "--B\r\nContent-Disposition: form-data; name=\"f\"; filename*=?\r\n\r\n?\r\n--B--", NULL},
    {"--B\r\n\r\ntext\r\n--B--", "--B\r\n\r\n?\r\n--B--", NULL}, /* of no name */
    {"--B\r\nConte", "--B\r\nConte", NULL},
    {"---\nkind: Secret\ndata: x\n", "(undecidable)", NULL},
    {NULL, NULL, NULL},
};

static const struct scanning_row bodies[] = {
    {" {\"password\":\"x\"}", " {\"password\":\"REDACTED\"}", NULL},
    {"[1,{\"token\":2}]", "[1,{\"token\":0}]", NULL},
    {"<a><token>x</token></a>", "<a><token>REDACTED</token></a>", NULL},
    {"a=1&token=x", "a=1&token=REDACTED", NULL},
    {"--B" PART "\"token\"\r\n\r\nx\r\n--B--", "--B" PART "\"token\"\r\n\r\nREDACTED\r\n--B--", NULL},
    {"\"text\"", "\"text\"", NULL},
    {"12", "12", NULL},
    {"true", "true", NULL},
    {"Dear Jane, your order is on its way", "?", NULL},
    {"{not json}", "?", NULL},
    {"<a>1 < 2</a>", "?", NULL},
    {"12 Main Street", "?", NULL},
    {"---\nkind: Secret\ndata:\n  key: aHVudGVyMg\n", "?", NULL}, /* YAML */
    {"---\n\nDear Jane", "?", NULL},
    {"-- Jane, of Main Street", "?", NULL},
    {"-- Jane\n", "?", NULL},
    {"--Jane\n", "?", NULL},
    {"tiger", "?", NULL},
    {"fals", "fals", NULL},
    {"7f3a9c0e-5b1d-4e2f", "?", NULL},
    {"123abc", "?", NULL},
    {"-1.5e+3", "-1.5e+3", NULL},
    {"aHVudGVyMiE=", "?", NULL},
    {"aHVudGVyMg==", "?", NULL},
    {"a=1&b=2&c==", "a=1&b=2&c==", NULL},
    {"<a></a of Jane>", "?", NULL},
    {"<!Dear Jane, hello>", "?", NULL},
    {"?", "?", NULL},
    {"[redacted:undecidable]", "[redacted:undecidable]", NULL},
    {"", "", NULL},
    {NULL, NULL, NULL},
};

static const struct scanning_row bodies_strict[] = {
    {"--hunter2\r\nx", "?", NULL},
    {"--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n--bob\r\n--b--\r\n",
        "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n?\r\n--b--\r\n", NULL},
    {"{\"a\":\"x\"}", "{\"a\":\"?\"}", NULL},
    {"a=1", "a=?", NULL},
    {"--B" PART "\"color\"\r\n\r\nred\r\n--B--", "--B" PART "\"color\"\r\n\r\n?\r\n--B--", NULL},
    {NULL, NULL, NULL},
};

static const struct {
    const char *scanner;
    const struct scanning_row *rows;
} all[] = {{"xml", xml}, {"xml-strict", xml_strict}, {"form", forms}, {"form-strict", forms_strict}, {"multipart", parts}, {"body", bodies},
    {"body-strict", bodies_strict}};
#define COUNT (sizeof(all) / sizeof(all[0]))

START_TEST(body_keeps_the_structure)
{
    for (size_t i = 0; i < COUNT; i++)
        scanning_rows(all[i].scanner, "http.request.body.content", all[i].rows);
}
END_TEST

START_TEST(body_takes_any_bytes)
{
    for (size_t i = 0; i < COUNT; i++) {
        scanning_random(all[i].scanner, "", all[i].rows, "<>/=\"'&;%{}[]-!? \r\n");
        scanning_random(all[i].scanner, "", all[i].rows, "<a b=\"c\">/![CDATA[-token");
    }
}
END_TEST

START_TEST(body_is_linear)
{
    static const char *const units[] = {"a", "<", "<a>", "<a ", "<a b=\"", "<!--", "<![CDATA[", "<a b=c ", "&lt;", "--B\r\n", "\n", "a=", "a=b&",
        "%3D", "</", "<script>", "name=", "; ", "<a/>x"};

    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        scanning_linear("body", "", "", units[i]);
        scanning_linear("body-strict", "", "<a>", units[i]);
        scanning_linear("body", "", "--B\r\n", units[i]);
        scanning_linear("form", "", "a=", units[i]);
        scanning_linear("xml", "", "<script>", units[i]);
    }
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &body_keeps_the_structure},
    {"malformed", &body_takes_any_bytes},
    {"limits", &body_is_linear},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("scan_body", cases);
}
