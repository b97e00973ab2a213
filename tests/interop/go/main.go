// An application as its developers would write it: what is exported, how and to where comes from OTEL_* variables.
package main

import (
	"context"
	"log"
	"os"

	"go.opentelemetry.io/contrib/exporters/autoexport"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

func main() {
	ctx := context.Background()
	exporter, err := autoexport.NewSpanExporter(ctx)
	if err != nil {
		log.Fatal(err)
	}
	res, err := resource.New(ctx, resource.WithFromEnv())
	if err != nil {
		log.Fatal(err)
	}
	provider := sdk.NewTracerProvider(sdk.WithBatcher(exporter), sdk.WithResource(res))
	otel.SetTracerProvider(provider)
	failed := false
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(e error) { log.Print(e); failed = true }))
	email, card := os.Getenv("APP_EMAIL"), os.Getenv("APP_CARD")
	tracer := provider.Tracer("shop")

	ctx, parent := tracer.Start(ctx, "GET /orders/{id}", trace.WithSpanKind(trace.SpanKindServer))
	parent.SetAttributes(attribute.String("http.request.method", "GET"), attribute.String("user.email", email),
		attribute.String("payment.note", "card "+card+" on file"), attribute.String("app.order_id", "2018678836144587"),
		attribute.Int64Slice("app.numbers", []int64{1, 2, 3}))
	link := trace.Link{SpanContext: parent.SpanContext(), Attributes: []attribute.KeyValue{attribute.String("note", email)}}
	_, child := tracer.Start(ctx, "charge", trace.WithSpanKind(trace.SpanKindClient), trace.WithLinks(link))
	child.AddEvent("declined", trace.WithAttributes(attribute.String("exception.message", "mail "+email+" about "+card)))
	child.SetStatus(codes.Error, "cannot reach "+email)
	child.End()
	parent.End()
	if err := provider.Shutdown(context.Background()); err != nil || failed {
		log.Fatal("shutdown: ", err)
	}
}
