// An application as its developers would write it. Endpoint, protocol and compression come from OTEL_* variables; this SDK leaves certificates to the application.
use std::{env, error::Error, fs};

use opentelemetry::trace::{Link, Span, SpanKind, Status, TraceContextExt, Tracer, TracerProvider};
use opentelemetry::{Context, KeyValue, Value};
use opentelemetry_otlp::{SpanExporter, WithHttpConfig, WithTonicConfig};
use opentelemetry_sdk::trace::SdkTracerProvider;
use tonic::transport::{Certificate, ClientTlsConfig, Identity};

type Failure = Box<dyn Error + Send + Sync>;

fn file(name: &str) -> Result<Vec<u8>, Failure> {
    Ok(fs::read(env::var(name)?)?)
}

fn exporter() -> Result<SpanExporter, Failure> {
    let (ca, cert, key) =
        (file("OTEL_EXPORTER_OTLP_CERTIFICATE")?, file("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE")?, file("OTEL_EXPORTER_OTLP_CLIENT_KEY")?);

    if env::var("OTEL_EXPORTER_OTLP_PROTOCOL")? == "grpc" {
        let tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(ca)).identity(Identity::from_pem(cert, key));
        return Ok(SpanExporter::builder().with_tonic().with_tls_config(tls).build()?);
    }
    let client = reqwest::blocking::Client::builder()
        .tls_certs_only([reqwest::Certificate::from_pem(&ca)?])
        .identity(reqwest::Identity::from_pkcs8_pem(&cert, &key)?)
        .build()?;
    Ok(SpanExporter::builder().with_http().with_http_client(client).build()?)
}

fn work(provider: &SdkTracerProvider, email: &str, card: &str) {
    let tracer = provider.tracer("shop");
    let mut parent = tracer.span_builder("GET /orders/{id}").with_kind(SpanKind::Server).start(&tracer);
    parent.set_attribute(KeyValue::new("http.request.method", "GET"));
    parent.set_attribute(KeyValue::new("user.email", email.to_string()));
    parent.set_attribute(KeyValue::new("app.numbers", Value::Array(vec![1i64, 2, 3].into())));
    parent.set_attribute(KeyValue::new("app.order_id", "2018678836144587"));
    parent.set_attribute(KeyValue::new("payment.note", format!("card {card} on file")));
    let context = parent.span_context().clone();
    let cx = Context::new().with_span(parent);
    let mut child = tracer
        .span_builder("charge")
        .with_kind(SpanKind::Client)
        .with_links(vec![Link::new(context, vec![KeyValue::new("note", email.to_string())], 0)])
        .start_with_context(&tracer, &cx);
    child.add_event("declined", vec![KeyValue::new("exception.message", format!("mail {email} about {card}"))]);
    child.set_status(Status::error(format!("cannot reach {email}")));
    child.end();
    cx.span().end();
}

fn main() -> Result<(), Failure> {
    let http = env::var("OTEL_EXPORTER_OTLP_PROTOCOL")? != "grpc";
    let runtime = tokio::runtime::Runtime::new()?;
    // The blocking HTTP client must be made outside of a runtime, the channel of tonic inside of one.
    let guard = (!http).then(|| runtime.enter());
    let provider = SdkTracerProvider::builder().with_batch_exporter(exporter()?).build();
    work(&provider, &env::var("APP_EMAIL")?, &env::var("APP_CARD")?);
    provider.force_flush()?;
    provider.shutdown()?;
    drop(guard);
    Ok(())
}
