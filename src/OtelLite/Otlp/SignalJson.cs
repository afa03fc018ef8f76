using System.Text;
using System.Text.Json;
using OtelLite.Telemetry;

namespace OtelLite.Otlp;

/// <summary>Reads one record (a metric, a log record, a span) into the batch; the reader stands on its object.</summary>
/// <param name="resource">The row of the resource that the record is of.</param>
/// <param name="scope">The same of its scope.</param>
internal delegate void ReadRecord(ref Utf8JsonReader reader, TelemetryBatch batch, int resource, int scope);

/// <summary>One signal in a request. The envelopes of all signals differ in their names alone: resources hold scopes, and scopes records.</summary>
internal sealed class SignalJson(string resources, string scopes, string records, string record, ReadRecord read)
{
    private static readonly SignalJson[] All =
    [
        new("resourceMetrics", "scopeMetrics", "metrics", "a metric", MetricsJson.ReadMetric),
        new("resourceLogs", "scopeLogs", "logRecords", "a log record", LogsJson.ReadLogRecord),
        new("resourceSpans", "scopeSpans", "spans", "a span", TracesJson.ReadSpan),
    ];

    private readonly byte[] _resources = Encoding.UTF8.GetBytes(resources);
    private readonly byte[] _scopes = Encoding.UTF8.GetBytes(scopes);
    private readonly byte[] _records = Encoding.UTF8.GetBytes(records);
    private readonly string _resource = $"a member of {resources}";
    private readonly string _scope = $"a member of {scopes}";

    /// <summary>The signal that a request's member of this name holds, or null.</summary>
    public static SignalJson? Find(ReadOnlySpan<byte> name)
    {
        foreach (SignalJson signal in All)
        {
            if (name.SequenceEqual(signal._resources))
            {
                return signal;
            }
        }

        return null;
    }

    /// <summary>Reads the member of that name; the reader stands on its value.</summary>
    public void Read(ref Utf8JsonReader reader, TelemetryBatch batch)
    {
        if (!Json.StartArray(ref reader, resources))
        {
            return;
        }

        while (Json.NextMessage(ref reader, _resource))
        {
            int resource = batch.AddResource();
            while (Json.NextMember(ref reader, out ReadOnlySpan<byte> name))
            {
                if (name.SequenceEqual(_scopes))
                {
                    ReadScopes(ref reader, batch, resource);
                }
                else
                {
                    ResourceJson.ReadMember(ref reader, name, batch, resource);
                }
            }
        }
    }

    private void ReadScopes(ref Utf8JsonReader reader, TelemetryBatch batch, int resource)
    {
        if (!Json.StartArray(ref reader, scopes))
        {
            return;
        }

        while (Json.NextMessage(ref reader, _scope))
        {
            int scope = batch.AddScope();
            while (Json.NextMember(ref reader, out ReadOnlySpan<byte> name))
            {
                if (name.SequenceEqual(_records))
                {
                    ReadRecords(ref reader, batch, resource, scope);
                }
                else
                {
                    ResourceJson.ReadScopeMember(ref reader, name, batch, scope);
                }
            }
        }
    }

    private void ReadRecords(ref Utf8JsonReader reader, TelemetryBatch batch, int resource, int scope)
    {
        if (!Json.StartArray(ref reader, records))
        {
            return;
        }

        while (Json.NextMessage(ref reader, record))
        {
            read(ref reader, batch, resource, scope);
        }
    }
}
