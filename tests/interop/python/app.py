"""An application as its developers would write it, run by opentelemetry-instrument: everything about export comes from OTEL_* variables."""
import os

from opentelemetry import trace
from opentelemetry.trace import Link, SpanKind, Status, StatusCode

tracer = trace.get_tracer("shop", "1.4.0")
email, card = os.environ["APP_EMAIL"], os.environ["APP_CARD"]
with tracer.start_as_current_span("GET /orders/{id}", kind=SpanKind.SERVER) as parent:
    parent.set_attributes({
        "http.request.method": "GET",
        "user.email": email,
        "app.numbers": [1, 2, 3],
        "app.order_id": "2018678836144587",
        "payment.note": f"card {card} on file",
    })
    with tracer.start_as_current_span("charge", kind=SpanKind.CLIENT, links=[Link(parent.get_span_context(), {"note": email})]) as child:
        child.add_event("declined", {"exception.message": f"mail {email} about {card}"})
        child.set_status(Status(StatusCode.ERROR, f"cannot reach {email}"))
trace.get_tracer_provider().shutdown()
