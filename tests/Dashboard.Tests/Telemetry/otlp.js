// Reads requests that an exporter sent with OpenTelemetry's own message classes: node otlp.js KIND:FILE...

const path = require('node:path');
const fs = require('node:fs');
const { opentelemetry: { proto: { collector } } } = require(path.join(process.cwd(), 'node_modules/@opentelemetry/otlp-transformer/build/src/generated/root.js'));

const spans = [];
const metrics = new Set();
for (const argument of process.argv.slice(2)) {
  const at = argument.indexOf(':');
  const bytes = fs.readFileSync(argument.slice(at + 1));
  if (argument.slice(0, at) === 'traces') {
    for (const resource of collector.trace.v1.ExportTraceServiceRequest.decode(bytes).resourceSpans) {
      for (const scope of resource.scopeSpans) {
        spans.push(...scope.spans.map((span) => ({
          name: span.name,
          id: Buffer.from(span.spanId).toString('hex'),
          parent: Buffer.from(span.parentSpanId ?? []).toString('hex'),
          session: span.attributes.find((a) => a.key === 'kvcluster.session')?.value.stringValue ?? '',
        })));
      }
    }
  } else {
    for (const resource of collector.metrics.v1.ExportMetricsServiceRequest.decode(bytes).resourceMetrics) {
      resource.scopeMetrics.forEach((scope) => scope.metrics.forEach((metric) => metrics.add(metric.name)));
    }
  }
}
console.log(JSON.stringify({ spans, metrics: [...metrics] }));
