using System.Buffers.Text;
using OtelLite.Telemetry;
using Attribute = OtelLite.Telemetry.Attribute;

namespace OtelLite.Usage;

/// <summary>
/// Given a batch, what does it add: arithmetic that asks no database and no clock. Metrics and events report the same
/// requests, so both are read as witnesses here and never added; <see cref="Unexplained"/> weighs them.
/// </summary>
internal static class UsageReader
{
    /// <summary>Fills <paramref name="facts"/> from a batch whose points carry their increase.</summary>
    /// <param name="receivedUnixNano">When it arrived: the time of a record that says none.</param>
    public static void Read(TelemetryBatch batch, UsageFacts facts, long receivedUnixNano)
    {
        facts.Clear();
        foreach (ref readonly NumberDataPoint point in batch.DataPoints.Rows)
        {
            bool counted = ReadPoint(batch, point, facts);
            See(batch, facts, point.SessionId, (long)point.TimeUnixNano, point.Resource, point.Attributes, counted);
        }

        for (int i = 0; i < batch.LogRecords.Count; i++)
        {
            ref readonly LogRecord record = ref batch.LogRecords[i];
            long happened = record.HappenedUnixNano != 0 ? (long)record.HappenedUnixNano : receivedUnixNano;
            bool counted = ReadRecord(batch, record, i, happened, facts);
            See(batch, facts, record.SessionId, happened, record.Resource, record.Attributes, counted);
        }
    }

    private static bool ReadPoint(TelemetryBatch batch, in NumberDataPoint point, UsageFacts facts)
    {
        double increase = point.Increase;
        if (increase == 0 || !double.IsFinite(increase))
        {
            return false;
        }

        switch (point.Name)
        {
            case MetricName.TokenUsage:
                return BilledKindOf(batch, point) is { } kind && AddPoint(batch, point, kind, Whole(increase), facts);
            case MetricName.CostUsage:
                return AddPoint(batch, point, BilledKind.Cost, Whole(increase * 1e9), facts);
            case MetricName.LinesOfCode:
                return Add(batch, point, Says(batch, point, AttributeName.Type, "removed"u8) ? Figure.LinesRemoved : Figure.LinesAdded, increase, facts);
            case MetricName.Commit:
                return Add(batch, point, Figure.Commits, increase, facts);
            case MetricName.PullRequest:
                return Add(batch, point, Figure.PullRequests, increase, facts);
            case MetricName.ActiveTime:
                return Add(batch, point, Says(batch, point, AttributeName.Type, "user"u8) ? Figure.ActiveUser : Figure.ActiveCli, increase * 1e6, facts);
            case MetricName.CodeEditDecision:
                return Add(batch, point, Says(batch, point, AttributeName.Decision, "accept"u8) ? Figure.EditsAccepted : Figure.EditsRejected, increase, facts);
            default:
                return false;
        }
    }

    private static BilledKind? BilledKindOf(TelemetryBatch batch, in NumberDataPoint point)
    {
        ReadOnlySpan<byte> type = batch.Text[batch.TextOf(point.Attributes, AttributeName.Type)];
        return type.SequenceEqual("input"u8) ? BilledKind.Input
            : type.SequenceEqual("output"u8) ? BilledKind.Output
            : type.SequenceEqual("cacheRead"u8) ? BilledKind.CacheRead
            : type.SequenceEqual("cacheCreation"u8) ? BilledKind.CacheCreation
            : null;
    }

    private static bool AddPoint(TelemetryBatch batch, in NumberDataPoint point, BilledKind kind, long value, UsageFacts facts)
    {
        ref BilledPoint row = ref facts.Points.Add();
        row.Session = point.SessionId;
        row.Model = batch.TextOf(point.Attributes, AttributeName.Model);
        row.Kind = kind;
        row.TimeUnixNano = (long)point.TimeUnixNano;
        row.Value = value;
        return true;
    }

    private static bool Add(TelemetryBatch batch, in NumberDataPoint point, Figure figure, double value, UsageFacts facts)
    {
        ref Tally row = ref facts.Tallies.Add();
        row.Session = point.SessionId;
        row.Model = batch.TextOf(point.Attributes, AttributeName.Model);
        row.Figure = figure;
        row.TimeUnixNano = (long)point.TimeUnixNano;
        row.Value = Whole(value);
        return true;
    }

    private static bool ReadRecord(TelemetryBatch batch, in LogRecord record, int index, long happened, UsageFacts facts)
    {
        switch (record.Name)
        {
            case EventName.ApiRequest:
                AddRequest(batch, record, index, happened, facts);
                return true;
            case EventName.ToolResult:
                AddToolCall(batch, record, happened, facts);
                return true;
            case EventName.UserPrompt:
            case EventName.ApiError:
                ref Tally row = ref facts.Tallies.Add();
                row.Session = record.SessionId;
                row.Model = batch.TextOf(record.Attributes, AttributeName.Model);
                row.Figure = record.Name == EventName.UserPrompt ? Figure.Prompts : Figure.ApiErrors;
                row.TimeUnixNano = happened;
                row.Value = 1;
                return true;
            default:
                return false;
        }
    }

    private static void AddRequest(TelemetryBatch batch, in LogRecord record, int index, long happened, UsageFacts facts)
    {
        ref BilledRequest row = ref facts.Requests.Add();
        row.LogRecord = index;
        row.Session = record.SessionId;
        row.PromptId = record.PromptId;
        row.TimeUnixNano = happened;
        row.Model = row.RequestId = row.QuerySource = TextRange.None;
        foreach (ref readonly Attribute attribute in batch.AttributesOf(record.Attributes))
        {
            switch (attribute.Name)
            {
                case AttributeName.Model: row.Model = attribute.Text; break;
                case AttributeName.RequestId: row.RequestId = attribute.Text; break;
                case AttributeName.QuerySource: row.QuerySource = attribute.Text; break;
                case AttributeName.InputTokens: row.Input = Whole(Number(batch, attribute)); break;
                case AttributeName.OutputTokens: row.Output = Whole(Number(batch, attribute)); break;
                case AttributeName.CacheReadTokens: row.CacheRead = Whole(Number(batch, attribute)); break;
                case AttributeName.CacheCreationTokens: row.CacheCreation = Whole(Number(batch, attribute)); break;
                case AttributeName.CostUsd: row.CostNanoUsd = Whole(Number(batch, attribute) * 1e9); break;
                case AttributeName.DurationMs: row.DurationMs = Whole(Number(batch, attribute)); break;
                case AttributeName.TtftMs: row.TtftMs = Whole(Number(batch, attribute)); break;
                default: break;
            }
        }
    }

    private static void AddToolCall(TelemetryBatch batch, in LogRecord record, long happened, UsageFacts facts)
    {
        ref ToolCall row = ref facts.ToolCalls.Add();
        row.Session = record.SessionId;
        row.TimeUnixNano = happened;
        row.Tool = row.RequestId = TextRange.None;
        row.Succeeded = true;
        foreach (ref readonly Attribute attribute in batch.AttributesOf(record.Attributes))
        {
            switch (attribute.Name)
            {
                case AttributeName.ToolName: row.Tool = attribute.Text; break;
                case AttributeName.RequestId: row.RequestId = attribute.Text; break;
                case AttributeName.DurationMs: row.DurationMs = Whole(Number(batch, attribute)); break;
                case AttributeName.Success: row.Succeeded = !IsFalse(batch, attribute); break;
                default: break;
            }
        }
    }

    // Consecutive records are nearly always of one session, so only the last row is looked at; a session in two rows does no harm.
    private static void See(
        TelemetryBatch batch, UsageFacts facts, TextRange session, long timeUnixNano, int resource, in AttributeSet attributes, bool counted)
    {
        int last = facts.Sessions.Count - 1;
        if (last < 0 || !batch.Text[facts.Sessions[last].Session].SequenceEqual(batch.Text[session]))
        {
            ref SessionSeen seen = ref facts.Sessions.Add();
            seen.Session = session;
            seen.FirstUnixNano = long.MaxValue;
            seen.Project = TextRange.None;
            seen.Machine = batch.TextOf(batch.Resources[resource].Attributes, AttributeName.HostName);
            last++;
        }

        ref SessionSeen row = ref facts.Sessions[last];
        row.FirstUnixNano = Math.Min(row.FirstUnixNano, timeUnixNano);
        row.LastUnixNano = Math.Max(row.LastUnixNano, timeUnixNano);
        row.DidSomething |= counted;
        if (row.Project.IsNone)
        {
            row.Project = batch.TextOf(attributes, AttributeName.RepositoryName);
        }
    }

    private static bool Says(TelemetryBatch batch, in NumberDataPoint point, AttributeName name, ReadOnlySpan<byte> value) =>
        batch.Text[batch.TextOf(point.Attributes, name)].SequenceEqual(value);

    /// <summary>A number however it was sent: 1.0.60 and 2.0.60 send every number of an event as a string, and some still are in 2.1.330.</summary>
    private static double Number(TelemetryBatch batch, in Attribute attribute)
    {
        switch (attribute.Kind)
        {
            case ValueKind.Int:
                return attribute.Int;
            case ValueKind.Double:
                return Finite(attribute.Double);
            case ValueKind.String:
                ReadOnlySpan<byte> text = batch.Text[attribute.Text];
                return Utf8Parser.TryParse(text, out double value, out int used) && used == text.Length ? Finite(value) : 0;
            default:
                return 0;
        }
    }

    // What is no number can't be counted; what was sent stays in the raw row.
    private static double Finite(double value) => double.IsFinite(value) ? value : 0;

    private static bool IsFalse(TelemetryBatch batch, in Attribute attribute) => attribute.Kind switch
    {
        ValueKind.Bool => attribute.Int == 0,
        ValueKind.String => batch.Text[attribute.Text].SequenceEqual("false"u8),
        _ => false,
    };

    // A single value saturates at ten million million, so that a nonsensical one (1e300 tokens) can not overflow the sums it is in.
    private static long Whole(double value) =>
        double.IsNaN(value) ? 0 : (long)Math.Clamp(Math.Round(value), -WholeMax, WholeMax);

    private const double WholeMax = 1e13;
}
