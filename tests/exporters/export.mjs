// Sends three metrics, a log record and a span through OpenTelemetry's own exporters, as a program that uses them would.
// Usage: node export.mjs json|proto|grpc URL TOKEN none|gzip
// Ends with 0 when every export was acknowledged; says on stderr what an exporter complained of.
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const [kind, url, token, compression] = process.argv.slice(2);
const { diag, DiagLogLevel, SpanKind, SpanStatusCode } = require("@opentelemetry/api");
const { resourceFromAttributes } = require("@opentelemetry/resources");
const { MeterProvider, PeriodicExportingMetricReader, AggregationTemporality, AggregationType } = require("@opentelemetry/sdk-metrics");
const { LoggerProvider, SimpleLogRecordProcessor } = require("@opentelemetry/sdk-logs");
const { BasicTracerProvider, SimpleSpanProcessor } = require("@opentelemetry/sdk-trace-base");

const complaints = [];
const complain = (...words) => complaints.push(words.map(String).join(" "));
diag.setLogger({ error: complain, warn: complain, info() {}, debug() {}, verbose() {} }, DiagLogLevel.WARN);

const pkg = { json: "http", proto: "proto", grpc: "grpc" }[kind];
function options(signal) {
  if (kind === "grpc") {
    const { Metadata, credentials } = require("@grpc/grpc-js");
    const metadata = new Metadata();
    metadata.set("authorization", `Bearer ${token}`);
    return { url, metadata, compression, credentials: credentials.createInsecure() };
  }
  return { url: `${url}/v1/${signal}`, headers: { authorization: `Bearer ${token}` }, compression };
}

const { OTLPMetricExporter } = require(`@opentelemetry/exporter-metrics-otlp-${pkg}`);
const { OTLPLogExporter } = require(`@opentelemetry/exporter-logs-otlp-${pkg}`);
const { OTLPTraceExporter } = require(`@opentelemetry/exporter-trace-otlp-${pkg}`);
const resource = resourceFromAttributes({ "service.name": `js-${kind}-${compression}`, ratio: 0.5, count: 3, list: ["a", "b"] });

const meters = new MeterProvider({
  resource,
  readers: [new PeriodicExportingMetricReader({
    exporter: new OTLPMetricExporter({ ...options("metrics"), temporalityPreference: AggregationTemporality.DELTA }),
    exportIntervalMillis: 3_600_000,
  })],
  views: [{ instrumentName: "exponential", aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM } }],
});
const meter = meters.getMeter("exporters", "1.0");
meter.createCounter("counter", { unit: "1" }).add(5, { "session.id": "js" });
meter.createCounter("counter", { unit: "1" }).add(7, { "session.id": "js" });
meter.createGauge("gauge", { unit: "C" }).record(-3.25);
for (const name of ["explicit", "exponential"]) {
  const histogram = meter.createHistogram(name, { unit: "ms", advice: { explicitBucketBoundaries: [1, 10] } });
  for (const value of [0.5, 1, 4, 100]) histogram.record(value);
}
await meters.forceFlush();

const loggers = new LoggerProvider({ resource, processors: [new SimpleLogRecordProcessor(new OTLPLogExporter(options("logs")))] });
loggers.getLogger("exporters", "1.0").emit({
  eventName: "js_event", severityNumber: 9, severityText: "INFO", body: { text: "hello", nested: [1, true, null] },
  attributes: { "session.id": "js", real: 1.5, flag: true, bytes: new Uint8Array([1, 2, 255]) },
});
await loggers.forceFlush();

const tracers = new BasicTracerProvider({ resource, spanProcessors: [new SimpleSpanProcessor(new OTLPTraceExporter(options("traces")))] });
const span = tracers.getTracer("exporters", "1.0").startSpan("js span", {
  kind: SpanKind.CLIENT, attributes: { "session.id": "js" },
  links: [{ context: { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331", traceFlags: 1 }, attributes: { why: "before" } }],
});
span.addEvent("halfway", { step: 1 });
span.setStatus({ code: SpanStatusCode.ERROR, message: "it broke" });
span.end();
await tracers.forceFlush();

await Promise.all([meters.shutdown(), loggers.shutdown(), tracers.shutdown()]);
if (complaints.length > 0) {
  console.error(complaints.join("\n"));
  process.exit(1);
}
