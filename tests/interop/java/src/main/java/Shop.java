import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.autoconfigure.AutoConfiguredOpenTelemetrySdk;
import java.util.concurrent.TimeUnit;

/** An application as its developers would write it: what is exported, how and to where comes from OTEL_* variables. */
public class Shop {
    public static void main(String[] args) {
        String email = System.getenv("APP_EMAIL"), card = System.getenv("APP_CARD");
        OpenTelemetrySdk sdk = AutoConfiguredOpenTelemetrySdk.initialize().getOpenTelemetrySdk();
        Tracer tracer = sdk.getTracer("shop", "1.4.0");
        Span parent = tracer.spanBuilder("GET /orders/{id}").setSpanKind(SpanKind.SERVER).startSpan();
        parent.setAttribute("http.request.method", "GET");
        parent.setAttribute("user.email", email);
        parent.setAttribute("payment.note", "card " + card + " on file");
        parent.setAttribute("app.order_id", "2018678836144587");
        parent.setAttribute(AttributeKey.longArrayKey("app.numbers"), java.util.List.of(1L, 2L, 3L));
        Span child = tracer.spanBuilder("charge").setSpanKind(SpanKind.CLIENT).setParent(Context.root().with(parent))
            .addLink(parent.getSpanContext(), Attributes.of(AttributeKey.stringKey("note"), email)).startSpan();
        child.addEvent("declined", Attributes.of(AttributeKey.stringKey("exception.message"), "mail " + email + " about " + card));
        child.setStatus(StatusCode.ERROR, "cannot reach " + email);
        child.end();
        parent.end();
        if (!sdk.getSdkTracerProvider().shutdown().join(30, TimeUnit.SECONDS).isSuccess()) {
            System.exit(1);
        }
    }
}
