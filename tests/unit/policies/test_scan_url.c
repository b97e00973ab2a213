/* The scanner of URLs. Values are made up; the domains are those of RFC 2606. */
#include "policies_scanning.h"

static const struct scanning_row whole[] = {
    {"https://example.com/", "https://example.com/", NULL},
    {"https://bob:hunter2@example.com:8443/a/b?x=1#top", "https://REDACTED:REDACTED@example.com:8443/a/b?x=1#top", NULL},
    {"https://bob@example.com/", "https://REDACTED:REDACTED@example.com/", NULL},
    {"ssh://git@example.com/org/repo", "ssh://git@example.com/org/repo", NULL},
    {"//u:p@example.com/x", "//REDACTED:REDACTED@example.com/x", NULL},
    {"http://user:pass@example.com/path/@me", "http://REDACTED:REDACTED@example.com/path/{id}", NULL},
    {"http://[2001:db8::1]:8080/a?sig=abc", "http://[2001:db8::1]:8080/a?sig=REDACTED", NULL},
    {"https://m\xC3\xBCnchen.example/stra\xC3\x9F"
     "e?q=b",
        "https://m\xC3\xBCnchen.example/stra\xC3\x9F"
        "e?q=b",
        NULL},
    {"https://b.s3.example.com/k?X-Amz-Signature=0a1b&X-Amz-Date=20260101T000000Z&AWSAccessKeyId=AK&Signature=zz%2Fy",
        "https://b.s3.example.com/k?X-Amz-Signature=REDACTED&X-Amz-Date=20260101T000000Z&AWSAccessKeyId=REDACTED&Signature=REDACTED", NULL},
    {"https://h.example/x?X-Goog-Signature=ab&X-Amz-Credential=c&X-Amz-Security-Token=d&X-Goog-Credential=e&sig=f",
        "https://h.example/"
        "x?X-Goog-Signature=REDACTED&X-Amz-Credential=REDACTED&X-Amz-Security-Token=REDACTED&X-Goog-Credential=REDACTED&sig=REDACTED",
        NULL},
    {"/cb?code=abc&state=xyz;Access_Token=q&page=2&q=red+shoes", "/cb?code=REDACTED&state=REDACTED;Access_Token=REDACTED&page=2&q=red+shoes", NULL},
    {"/x?s%69g=abc&%61ccess%5Ftoken=d&p%2561ssword=e&user%5Bemail%5D=f",
        "/x?s%69g=REDACTED&%61ccess%5Ftoken=REDACTED&p%2561ssword=REDACTED&user%5Bemail%5D=REDACTED", NULL},
    {"/x?token%3Dabc&b=1", "/x?token%3DREDACTED&b=1", NULL},
    {"/x?token=REDACTED&password=%5Bx%5D&otp=", "/x?token=REDACTED&password=REDACTED&otp=", NULL},
    {"/x?next=https://a:b@example.com/?token=c&z=1", "/x?next=https://REDACTED:REDACTED@example.com/?token=REDACTED&z=1", NULL},
    {"/x?next=https%3A%2F%2Fexample.com%2F%3Ftoken%3Dabc&z=1", "/x?next=REDACTED&z=1", NULL},
    {"/x?next=https%253A%252F%252Fexample.com%252F%253Fa%253D1%2526password%253Dabc&z=1", "/x?next=REDACTED&z=1", NULL},
    {"/x?next=https%3A%2F%2Fbob%3Apw%40example.com%2F&z=1", "/x?next=REDACTED&z=1", NULL},
    {"/x?next=https%3A%2F%2Fexample.com%2Fa%2Fb&z=1", "/x?next=https%3A%2F%2Fexample.com%2Fa%2Fb&z=1", NULL},
    {"/x?who=bob%40example.com&w=bob@example.com&v=bob%2540example.com", "/x?who=REDACTED&w=REDACTED&v=REDACTED", NULL},
    {"/x?filter={\"email\":\"a\"}&n=1", "/x?filter=REDACTED&n=1", NULL},
    {"https://h.example/#access_token=abc&token_type=bearer", "https://h.example/#access_token=REDACTED&token_type=bearer", NULL},
    {"https://h.example/#/orders/4711?token=abc", "https://h.example/#/orders/{id}?token=REDACTED", NULL},
    {"https://h.example/a#introduction", "https://h.example/a#introduction", NULL},
    {"/shop;jsessionid=0A1B2C/cart;v=2?x=1", "/shop;jsessionid=REDACTED/cart;v=REDACTED?x=1", NULL},
    {"https://h.example/a%zz/b%4?x%=1&token=%", "https://h.example/a%zz/{id}?x%=1&token=REDACTED", NULL},
    {"example.com:8080/users/42", "example.com:8080/users/{id}", NULL},
    {"https://a.example/?token=x y and https://u:p@b.example/z", "https://a.example/?token=REDACTED https://REDACTED:REDACTED@b.example/z", NULL},
    {"see <https://u:p@a.example/> or (http://b.example/?sig=1)", "see <https://REDACTED:REDACTED@a.example/> or (http://b.example/?sig=REDACTED)",
        NULL},
    {"mailto:bob@example.com?subject=hi", "mailto:{id}?subject=hi", NULL},
    {"data:text/plain;base64,SGVsbG8=", "data:{id}", NULL},
    {"file:///home/jdoe/x.txt", "file:///home/{id}/x.txt", NULL},
    {"[redacted:undecidable]", "[redacted:undecidable]", NULL},
    {"", "", NULL},
    {"http://", "http://", NULL},
    {"?token=a", "?token=REDACTED", NULL},
    {"#id_token=a", "#id_token=REDACTED", NULL},
    {"bad\x01url", "(undecidable)", NULL},
    {NULL, NULL, NULL},
};

static const struct scanning_row databases[] = {
    {"jdbc:postgresql://u:p@db.example:5432/app?user=x&password=y",
        "jdbc:postgresql://REDACTED:REDACTED@db.example:5432/app?user=REDACTED&password=REDACTED", NULL},
    {"jdbc:sqlserver://db.example:1433;databaseName=app;user=sa;password=p/w?d",
        "jdbc:sqlserver://db.example:1433;databaseName=app;user=REDACTED;password=REDACTED", NULL},
    {"jdbc:oracle:thin:scott/tiger@//db.example:1521/svc", "jdbc:oracle:thin:REDACTED:REDACTED@//db.example:1521/svc", NULL},
    {"mongodb+srv://u:p%40w@c.example/db?retryWrites=true", "mongodb+srv://REDACTED:REDACTED@c.example/db?retryWrites=true", NULL},
    {"mongodb://u:p@h1.example:27017,h2.example:27017/db", "mongodb://REDACTED:REDACTED@h1.example:27017,h2.example:27017/db", NULL},
    {"redis://:pa55@cache.example:6379/0", "redis://REDACTED:REDACTED@cache.example:6379/{id}", NULL},
    {"postgres://u:p/w?d#e@db.example/x", "postgres://REDACTED:REDACTED@db.example/x", NULL},
    {"amqp://u:p@ss@mq.example", "amqp://REDACTED:REDACTED@mq.example", NULL},
    {"postgres://u:p@s/s@db.example/x", "postgres://REDACTED:REDACTED@db.example/x", NULL},
    {"postgres://u:1234,5@db.example/x", "postgres://REDACTED:REDACTED@db.example/x", NULL},
    {"postgres://db.example:5432/x", "postgres://db.example:5432/x", NULL},
    {NULL, NULL, NULL},
};

static const struct scanning_row paths[] = {
    {"/users/42", "/users/{id}", NULL},
    {"/api/v1/users/42/orders/v2.1/x", "/api/v1/users/{id}/orders/v2.1/x", NULL},
    {"/api/v2beta1/oauth2/token", "/api/v2beta1/oauth2/token", NULL},
    {"/a/0a1b2c3d-4e5f-4071-8293-a4b5c6d7e8f9/b", "/a/{id}/b", NULL},
    {"/a/0a1b2c3d4e5f6071", "/a/{id}", NULL},
    {"/blob/deadbeefdeadbeef", "/blob/{id}", NULL},
    {"/users/bob@example.com/x", "/users/{id}/x", NULL},
    {"/users/bob%40example.com/x", "/users/{id}/x", NULL},
    {"/users/bob%2540example.com/x", "/users/{id}/x", NULL},
    {"/users/%34%32", "/users/{id}", NULL},
    {"/~jdoe/public", "/{id}/public", NULL},
    {"/reset/aBcDeFgHiJkLmN", "/reset/{id}", NULL},
    {"/password-reset/abcdefghijklmnopq", "/password-reset/{id}", NULL},
    {"/reset/password", "/reset/password", NULL},
    {"/unsubscribe/dGVzdEBleGFtcGxlLmNvbQ==", "/unsubscribe/{id}", NULL},
    {"/verify/email-address-change", "/verify/email-address-change", NULL},
    {"/static/app.js", "/static/app.js", NULL},
    {"/static/main.8f3e2a1b.css", "/static/main.8f3e2a1b.css", NULL},
    {"/docs/index.html", "/docs/index.html", NULL},
    {"/files/video.mp4", "/files/video.mp4", NULL},
    {"/files/12345.mp4", "/files/{id}", NULL},
    {"/blog/how-to-install-ubuntu-22-04", "/blog/how-to-install-ubuntu-22-04", NULL},
    {"/order-12345/x", "/{id}/x", NULL},
    {"/oteldemo.CartService/GetCart", "/oteldemo.CartService/GetCart", NULL},
    {"/grpc.health.v1.Health/Check", "/grpc.health.v1.Health/Check", NULL},
    {"/users/{id}/orders/:order", "/users/{id}/orders/:order", "http.route"},
    {"/users/<int:id>", "/users/<int:id>", "http.route"},
    {"/data/dt=2024-01-01/part", "/data/dt={id}/part", NULL},
    {"/x%3Ftoken%3Dabc", "/{id}", NULL},
    {"/../../a//b/./c", "/../../a//b/./c", NULL},
    {"GET /users/42", "GET /users/{id}", "span.name"},
    {"HTTP GET", "HTTP GET", "span.name"},
    {"order 12345", "order 12345", "span.name"},
    {"ready? 42", "ready? 42", "span.name"},
    {"token=abc&x=1", "token=REDACTED&x=1", "url.query"},
    {"?token=abc", "?token=REDACTED", "url.query"},
    {"access_token=abc", "access_token=REDACTED", "url.fragment"},
    {NULL, NULL, NULL},
};

static const struct scanning_row strict[] = {
    {"/x?q=red+shoes&page=2&flag&token=a", "/x?q=REDACTED&page=REDACTED&flag&token=REDACTED", NULL},
    {"https://h.example/#a=b", "https://h.example/#a=REDACTED", NULL},
    {"q=1;r=2", "q=REDACTED;r=REDACTED", "url.query"},
    {NULL, NULL, NULL},
};

START_TEST(url_keeps_the_structure)
{
    scanning_rows("url", "url.full", whole);
}
END_TEST

START_TEST(url_finds_users_of_databases)
{
    scanning_rows("url", "db.connection_string", databases);
}
END_TEST

START_TEST(url_tells_ids_from_words)
{
    scanning_rows("url", "url.path", paths);
}
END_TEST

START_TEST(url_strict_reports_every_value)
{
    scanning_rows("url-strict", "url.full", strict);
}
END_TEST

START_TEST(url_takes_any_bytes)
{
    scanning_random("url", "url.full", whole, "/:@?#&;=%25abAZ019. \"<{");
    scanning_random("url", "url.query", whole, "/:@?#&;=%253D40token");
    scanning_random("url-strict", "url.full", databases, "/:@?#&;=%25jdbc:");
}
END_TEST

START_TEST(url_is_linear)
{
    static const char *const units[] = {
        "a", "/", "a/1/", "?", "&", "a=b&", "://", "x://y ", "%25", ";", "@", ":", "a:b@", "token=", "=http://", "#", "{", "%3D", "e"};

    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        scanning_linear("url", "url.full", "", units[i]);
        scanning_linear("url", "url.full", "postgres://u:p", units[i]);
        scanning_linear("url", "url.full", "/?a=http://", units[i]);
    }
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &url_keeps_the_structure},
    {"normal", &url_finds_users_of_databases},
    {"normal", &url_tells_ids_from_words},
    {"normal", &url_strict_reports_every_value},
    {"malformed", &url_takes_any_bytes},
    {"limits", &url_is_linear},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("scan_url", cases);
}
