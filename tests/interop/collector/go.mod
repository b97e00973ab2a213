module collector

go 1.25.0

require (
	go.opentelemetry.io/collector/component v1.60.0
	go.opentelemetry.io/collector/confmap v1.60.0
	go.opentelemetry.io/collector/confmap/provider/fileprovider v1.60.0
	go.opentelemetry.io/collector/exporter v1.60.0
	go.opentelemetry.io/collector/exporter/debugexporter v0.154.0
	go.opentelemetry.io/collector/exporter/otlpexporter v0.154.0
	go.opentelemetry.io/collector/exporter/otlphttpexporter v0.154.0
	go.opentelemetry.io/collector/otelcol v0.154.0
	go.opentelemetry.io/collector/receiver v1.60.0
	go.opentelemetry.io/collector/receiver/otlpreceiver v0.154.0
	go.opentelemetry.io/collector/service v0.154.0
)
