using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace OtelLite.Tests;

/// <summary>OpenTelemetry's own exporters, .NET's and JavaScript's, against the published executable: what they send is acknowledged and stored.</summary>
public sealed class ExportersTests
{
    // .NET's exporter is cumulative and tells all once more when it ends, which must add nothing.
    private const string Points = """
        SELECT group_concat(metric_name || ' ' || kind || ' ' || value || ' ' || count, ', ' ORDER BY metric_name) FROM (
            SELECT metric_name, kind, iif(kind = 'gauge', max(value), sum(value)) AS value, coalesce(max(shape ->> 'count'), '-') AS count FROM otel_metrics GROUP BY 1, 2)
        """;

    [PublishedTheory]
    [InlineData("json", "none")]
    [InlineData("json", "gzip")]
    [InlineData("proto", "none")]
    [InlineData("proto", "gzip")]
    [InlineData("grpc", "none")]
    [InlineData("grpc", "gzip")]
    public async Task The_javascript_exporters_are_received_in_every_protocol(string kind, string compression)
    {
        await using PublishedExe exe = await PublishedExe.Start();
        string url = kind == "grpc" ? exe.GrpcUrl : exe.Url;
        using Process node = Process.Start(new ProcessStartInfo("node", ["tests/exporters/export.mjs", kind, url, ServerClient.TestToken, compression])
        {
            WorkingDirectory = Recorded.Repository,
            RedirectStandardError = true,
        })!;
        string complaints = await node.StandardError.ReadToEndAsync();
        await node.WaitForExitAsync();
        Assert.True(node.ExitCode == 0, complaints);

        Assert.Equal("counter sum 12.0 -, explicit histogram 105.5 4, exponential exponential_histogram 105.5 4, gauge gauge -3.25 -", exe.Sql(Points));
        Assert.Equal("[2,1,1]", exe.Sql("SELECT DISTINCT shape ->> 'bucketCounts' FROM otel_metrics WHERE kind = 'histogram'"));
        Assert.Equal("js_event|js|9|hello|1.5|1|AQL/", exe.Sql("""
            SELECT concat_ws('|', event_name, session_id, severity_number, body ->> 'text', attributes ->> 'real', attributes ->> 'flag', attributes ->> 'bytes') FROM otel_events
            """));
        Assert.Equal("js span|3|2|it broke|js|halfway|0af7651916cd43dd8448eb211c80319c", exe.Sql("""
            SELECT concat_ws('|', name, kind, status_code, status_message, session_id, events ->> '$[0].name', links ->> '$[0].traceId') FROM otel_spans
            """));
        Assert.Equal($"js-{kind}-{compression}", exe.Sql("SELECT DISTINCT attributes ->> 'service.name' FROM otel_resource"));
        await AssertNothingIsRefused(exe);
    }

    [PublishedTheory]
    [InlineData(OtlpExportProtocol.HttpProtobuf)]
    [InlineData(OtlpExportProtocol.Grpc)]
    public async Task The_dotnet_exporter_is_received_in_every_protocol(OtlpExportProtocol protocol)
    {
        await using PublishedExe exe = await PublishedExe.Start();
        ResourceBuilder resource = ResourceBuilder.CreateDefault().AddService("dotnet");
        Export(resource, (signal, options) =>
        {
            options.Protocol = protocol;
            options.Endpoint = protocol == OtlpExportProtocol.Grpc ? new Uri(exe.GrpcUrl) : new Uri($"{exe.Url}/v1/{signal}");
            options.Headers = $"Authorization=Bearer {ServerClient.TestToken}";
        });

        Assert.Equal("counter sum 12.0 -, explicit histogram 105.5 4, exponential exponential_histogram 105.5 4, gauge gauge -3.25 -", exe.Sql(Points));
        Assert.Equal("[2,1,1]", exe.Sql("SELECT DISTINCT shape ->> 'bucketCounts' FROM otel_metrics WHERE kind = 'histogram'"));
        Assert.Equal("dotnet", exe.Sql("SELECT attributes ->> 'Who' FROM otel_events"));
        Assert.Equal("a span|2|it broke|halfway", exe.Sql("SELECT concat_ws('|', name, status_code, status_message, events ->> '$[0].name') FROM otel_spans"));
        await AssertNothingIsRefused(exe);
    }

    private static void Export(ResourceBuilder resource, Action<string, OtlpExporterOptions> configure)
    {
        string name = $"exporters-{Guid.NewGuid():N}";
        using (MeterProvider metrics = Sdk.CreateMeterProviderBuilder().SetResourceBuilder(resource).AddMeter(name)
            .AddView("explicit", new ExplicitBucketHistogramConfiguration { Boundaries = [1, 10] })
            .AddView("exponential", new Base2ExponentialBucketHistogramConfiguration())
            .AddOtlpExporter(o => configure("metrics", o)).Build())
        {
            using var meter = new Meter(name);
            meter.CreateCounter<long>("counter").Add(12);
            meter.CreateGauge<double>("gauge").Record(-3.25);
            foreach (Histogram<double> histogram in (Histogram<double>[])[meter.CreateHistogram<double>("explicit"), meter.CreateHistogram<double>("exponential")])
            {
                foreach (double value in (double[])[0.5, 1, 4, 100])
                {
                    histogram.Record(value);
                }
            }

            Assert.True(metrics.ForceFlush());
        }

        using (TracerProvider traces = Sdk.CreateTracerProviderBuilder().SetResourceBuilder(resource).AddSource(name).AddOtlpExporter(o => configure("traces", o)).Build())
        {
            using var source = new ActivitySource(name);
            using (Activity span = source.StartActivity("a span")!)
            {
                span.AddEvent(new ActivityEvent("halfway"));
                span.SetStatus(ActivityStatusCode.Error, "it broke");
            }

            Assert.True(traces.ForceFlush());
        }

        using ILoggerFactory loggers = LoggerFactory.Create(l => l.AddOpenTelemetry(o => o.SetResourceBuilder(resource).AddOtlpExporter(e => configure("logs", e))));
        SayHello(loggers.CreateLogger("exporters"), "dotnet", null);
    }

    private static readonly Action<ILogger, string, Exception?> SayHello = LoggerMessage.Define<string>(LogLevel.Information, new EventId(1), "hello {Who}");

    private static async Task AssertNothingIsRefused(PublishedExe exe)
    {
        JsonNode ingest = await exe.Get("/api/ingest");
        Assert.Equal("0", ingest["bodies"]!["refused"]!.ToJsonString());
        Assert.Empty(ingest["refusals"]!.AsArray());
        Assert.Equal(["metrics", "logs", "traces"], ingest["arrived"]!.AsArray().Select(a => (string)a!["signal"]!));
    }
}
