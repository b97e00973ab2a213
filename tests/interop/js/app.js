// An application as its developers would write it: it knows nothing of the gate. Everything else comes from OTEL_* variables.
'use strict';
const { trace, SpanKind, SpanStatusCode, ROOT_CONTEXT } = require('@opentelemetry/api');
const { NodeSDK } = require('@opentelemetry/sdk-node');

const sdk = new NodeSDK();
sdk.start();
const tracer = trace.getTracer('shop', '1.4.0');

const parent = tracer.startSpan('GET /orders/{id}', {
  kind: SpanKind.SERVER,
  attributes: {
    'http.request.method': 'GET',
    'user.email': process.env.APP_EMAIL,
    'app.numbers': [1, 2, 3],
    'app.order_id': '2018678836144587',
    'payment.note': `card ${process.env.APP_CARD} on file`,
  },
});
const child = tracer.startSpan('charge', { kind: SpanKind.CLIENT, links: [{ context: parent.spanContext(), attributes: { note: process.env.APP_EMAIL } }] },
  trace.setSpan(ROOT_CONTEXT, parent));
child.addEvent('declined', { 'exception.message': `mail ${process.env.APP_EMAIL} about ${process.env.APP_CARD}` });
child.setStatus({ code: SpanStatusCode.ERROR, message: `cannot reach ${process.env.APP_EMAIL}` });
child.end();
parent.end();
sdk.shutdown().then(() => process.exit(0), (e) => { console.error(e); process.exit(1); });
