"""Where a text stands in a span. A carrier takes a text and gives the ResourceSpans (OTLP/JSON) that carries it."""
import json

import encodings_ as encodings

IDS = {"traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174", "kind": 2, "startTimeUnixNano": "1700000000000000000",
       "endTimeUnixNano": "1700000000100000000"}


def attr(key, value):
    return {"key": key, "value": {"stringValue": value}}


USUAL = [attr("http.request.method", "GET"), attr("server.address", "shop.example.org"), {"key": "http.response.status_code", "value": {"intValue": "200"}}]


def span(attributes=(), name="GET /orders/{id}", resource=(), scope=None, **more):
    s = dict(IDS, name=name, attributes=USUAL + list(attributes))
    s.update(more)
    ss = {"spans": [s]}
    if scope:
        ss["scope"] = scope
    return {"resource": {"attributes": [attr("service.name", "checkout")] + list(resource)}, "scopeSpans": [ss]}


def value(v, key="app.text"):
    return span([{"key": key, "value": v}])


def sql(text):
    return "INSERT INTO notes (id, body, state) VALUES (17, '%s', 'open')" % text.replace("'", "''")


CARRIERS = {
    "attribute": lambda t: value({"stringValue": t}),
    "json": lambda t: value({"stringValue": json.dumps({"id": 17, "user": {"note": t}, "ok": True}, ensure_ascii=False)}, "app.payload"),
    "json-ascii": lambda t: value({"stringValue": json.dumps({"a": [{"note": t}]})}, "app.payload"),
    "json-in-json": lambda t: value({"stringValue": json.dumps({"body": json.dumps({"note": t}, ensure_ascii=False)}, ensure_ascii=False)}, "app.payload"),
    "kvlist": lambda t: value({"kvlistValue": {"values": [attr("id", "17"), {"key": "inner", "value": {"kvlistValue": {"values": [attr("note", t)]}}}]}}),
    "array": lambda t: value({"arrayValue": {"values": [{"stringValue": "x"}, {"stringValue": t}, {"intValue": "7"}]}}),
    "array-deep": lambda t: value({"arrayValue": {"values": [{"arrayValue": {"values": [{"kvlistValue": {"values": [attr("n", t)]}}]}}]}}),
    "bytes": lambda t: value({"bytesValue": encodings.b64(t)}),
    "url-query": lambda t: value({"stringValue": "https://shop.example.org/search?q=%s&page=2" % encodings.percent(t).replace("%20", "+")}, "http.url"),
    "url-path": lambda t: value({"stringValue": "/notes/%s/edit" % encodings.percent(t)}, "http.target"),
    "url-fragment": lambda t: value({"stringValue": "https://shop.example.org/a#note=%s" % encodings.percent(t)}, "app.link"),
    "form": lambda t: value({"stringValue": "a=1&note=%s&b=2" % encodings.percent(t).replace("%20", "+")}, "app.form"),
    "sql": lambda t: value({"stringValue": sql(t)}, "db.statement"),
    "header": lambda t: value({"arrayValue": {"values": [{"stringValue": t}]}}, "http.header.x-note"),
    "xml": lambda t: value({"stringValue": "<a><note>%s</note></a>" % t.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")}, "app.xml"),
    "log": lambda t: value({"stringValue": "2026-01-02T03:04:05.678Z WARN [main] c.e.App - %s (attempt 3)" % t}, "app.log"),
    "exception": lambda t: span(events=[{"timeUnixNano": "1700000000000000001", "name": "exception",
                                         "attributes": [attr("exception.type", "E"), attr("exception.stacktrace", "E: %s\n\tat com.example.Main.run(Main.java:42)\n" % t)]}]),
    "event-attribute": lambda t: span(events=[{"timeUnixNano": "1700000000000000001", "name": "log", "attributes": [attr("app.note", t)]}]),
    "event-name": lambda t: span(events=[{"timeUnixNano": "1700000000000000001", "name": t}]),
    "span-name": lambda t: span(name=t),
    "link-attribute": lambda t: span(links=[{"traceId": IDS["traceId"], "spanId": IDS["spanId"], "attributes": [attr("app.note", t)]}]),
    "status": lambda t: span(status={"code": 2, "message": t}),
    "scope-attribute": lambda t: span(scope={"name": "lib", "attributes": [attr("app.note", t)]}),
    "scope-name": lambda t: span(scope={"name": t}),
    "resource-attribute": lambda t: span(resource=[attr("app.note", t)]),
    "trace-state": lambda t: span(traceState="vendor=%s" % t),
    "key": lambda t: span([attr(t, "x")]),
}
# The same under a key of its own.
KEYED = {
    "attribute": lambda t, k: value({"stringValue": t}, k),
    "json": lambda t, k: value({"stringValue": json.dumps({"id": 17, "x": {k: t}}, ensure_ascii=False)}, "app.payload"),
    "kvlist": lambda t, k: value({"kvlistValue": {"values": [attr("id", "17"), attr(k, t)]}}),
    "array": lambda t, k: value({"arrayValue": {"values": [{"stringValue": t}, {"stringValue": "x"}]}}, k),
    "event-attribute": lambda t, k: span(events=[{"timeUnixNano": "1700000000000000001", "name": "log", "attributes": [attr(k, t)]}]),
    "form": lambda t, k: value({"stringValue": "a=1&%s=%s&b=2" % (k, encodings.percent(t).replace("%20", "+"))}, "app.form"),
    "resource-attribute": lambda t, k: span(resource=[attr(k, t)]),
}


def carry(doc, carrier, text):
    if doc["key"]:
        return KEYED[carrier](text, doc["key"])
    return CARRIERS[carrier](text)


# These write the text in an encoding of their own.
ENCODED_CARRIERS = {"json-ascii"}
