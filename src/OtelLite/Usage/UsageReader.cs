using System.Buffers.Text;
using System.Globalization;
using System.IO.Hashing;
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
        foreach (ref readonly DataPoint point in batch.DataPoints.Rows)
        {
            TextRange session = SessionOf(batch, point.SessionId, point.Resource, point.Attributes, facts);
            bool counted = ReadPoint(batch, point, session, facts);
            ref SessionSeen seen = ref See(batch, facts, session, point.SessionId.Length > 0, (long)point.TimeUnixNano, point.Resource, point.Attributes);
            seen.HasPoints = seen.IsExported = true;
            seen.DidSomething |= counted;
        }

        for (int i = 0; i < batch.LogRecords.Count; i++)
        {
            ref readonly LogRecord record = ref batch.LogRecords[i];
            long happened = record.HappenedUnixNano != 0 ? (long)record.HappenedUnixNano : receivedUnixNano;
            TextRange session = SessionOf(batch, record.SessionId, record.Resource, record.Attributes, facts);
            bool counted = ReadRecord(batch, record, i, session, happened, facts);
            AddSequence(batch, record, session, happened, facts);
            bool isExported = record.Name != EventName.TranscriptRequest;
            ref SessionSeen seen = ref See(batch, facts, session, record.SessionId.Length > 0, happened, record.Resource, record.Attributes, isExported);
            seen.HasRecords |= isExported;
            seen.IsExported |= isExported;
            seen.DidSomething |= counted;
        }

        foreach (ref readonly Span span in batch.Spans.Rows)
        {
            long happened = span.HappenedUnixNano != 0 ? (long)span.HappenedUnixNano : receivedUnixNano;
            TextRange session = SessionOf(batch, span.SessionId, span.Resource, span.Attributes, facts);
            bool counted = ReadSpan(batch, span, session, happened, facts);
            ref SessionSeen seen = ref See(batch, facts, session, span.SessionId.Length > 0, happened, span.Resource, span.Attributes);
            seen.IsExported = true;
            seen.DidSomething |= counted;
        }
    }

    // The third witness: a span of a model's answer. It counts by the request's id, which the event of the same request has too; a failed one has
    // no tokens, and one without an id can't be told from what an event already told of.
    private static bool ReadSpan(TelemetryBatch batch, in Span span, TextRange session, long happened, UsageFacts facts)
    {
        if (span.Known != SpanName.LlmRequest || batch.TextOf(span.Attributes, AttributeName.RequestId).Length <= 0 || !HasTokens(batch, span.Attributes))
        {
            return false;
        }

        ref BilledRequest row = ref AddRequest(batch, span.Attributes, Teller.Span, TextRange.None, session, happened, facts);
        row.CostKind = row.CostNanoUsd == 0 ? CostKind.Unknown : CostKind.Reported;
        return true;
    }

    private static bool HasTokens(TelemetryBatch batch, in AttributeSet attributes)
    {
        foreach (ref readonly Attribute attribute in batch.AttributesOf(attributes))
        {
            if (attribute.Name is AttributeName.InputTokens or AttributeName.OutputTokens && Number(batch, attribute) > 0)
            {
                return true;
            }
        }

        return false;
    }

    private static bool ReadPoint(TelemetryBatch batch, in DataPoint point, TextRange session, UsageFacts facts)
    {
        double increase = point.Increase;
        if (increase == 0 || !double.IsFinite(increase))
        {
            return false;
        }

        switch (point.Name)
        {
            case MetricName.TokenUsage:
                return BilledKindOf(batch, point) is { } kind && AddPoint(batch, point, session, kind, Whole(increase), facts);
            case MetricName.CostUsage:
                return AddPoint(batch, point, session, BilledKind.Cost, Whole(increase * 1e9, 10 * NanoUsdMax), facts);
            case MetricName.LinesOfCode:
                return Add(batch, point, session, Says(batch, point, AttributeName.Type, "removed"u8) ? Figure.LinesRemoved : Figure.LinesAdded, increase, facts);
            case MetricName.Commit:
                return Add(batch, point, session, Figure.Commits, increase, facts);
            case MetricName.PullRequest:
                return Add(batch, point, session, Figure.PullRequests, increase, facts);
            case MetricName.ActiveTime:
                return Add(batch, point, session, Says(batch, point, AttributeName.Type, "user"u8) ? Figure.ActiveUser : Figure.ActiveCli, increase * 1e6, facts);
            case MetricName.CodeEditDecision:
                return Add(batch, point, session, Says(batch, point, AttributeName.Decision, "accept"u8) ? Figure.EditsAccepted : Figure.EditsRejected, increase, facts);
            default:
                return false;
        }
    }

    private static BilledKind? BilledKindOf(TelemetryBatch batch, in DataPoint point)
    {
        ReadOnlySpan<byte> type = batch.Text[batch.TextOf(point.Attributes, AttributeName.Type)];
        return type.SequenceEqual("input"u8) ? BilledKind.Input
            : type.SequenceEqual("output"u8) ? BilledKind.Output
            : type.SequenceEqual("cacheRead"u8) ? BilledKind.CacheRead
            : type.SequenceEqual("cacheCreation"u8) ? BilledKind.CacheCreation
            : null;
    }

    private static bool AddPoint(TelemetryBatch batch, in DataPoint point, TextRange session, BilledKind kind, long value, UsageFacts facts)
    {
        ref BilledPoint row = ref facts.Points.Add();
        row.Session = session;
        row.Model = batch.TextOf(point.Attributes, AttributeName.Model);
        row.Kind = kind;
        row.TimeUnixNano = (long)point.TimeUnixNano;
        row.Value = value;
        ReadOnlySpan<byte> source = batch.Text[batch.TextOf(point.Attributes, AttributeName.QuerySource)];
        row.Auxiliary = source.IsEmpty || source.SequenceEqual(ClaudeCode.AuxiliarySource) ? value : 0;
        return true;
    }

    private static bool Add(TelemetryBatch batch, in DataPoint point, TextRange session, Figure figure, double value, UsageFacts facts)
    {
        ref Tally row = ref facts.Tallies.Add();
        row.Session = session;
        row.Model = batch.TextOf(point.Attributes, AttributeName.Model);
        row.Figure = figure;
        row.TimeUnixNano = (long)point.TimeUnixNano;
        row.Value = Whole(value);
        return true;
    }

    private static bool ReadRecord(TelemetryBatch batch, in LogRecord record, int index, TextRange session, long happened, UsageFacts facts)
    {
        switch (record.Name)
        {
            case EventName.ApiRequest:
                AddRequest(batch, record.Attributes, Teller.Event, record.PromptId, session, happened, facts).LogRecord = index;
                return true;
            case EventName.TranscriptRequest:
                AddRequest(batch, record.Attributes, Teller.Transcript, record.PromptId, session, happened, facts).LogRecord = index;
                AddPlace(batch, record, session, happened, facts);
                return true;
            case EventName.ToolResult:
                AddToolCall(batch, record, session, happened, facts);
                AddToolUse(batch, record, session, happened, isResult: true, facts);
                return true;
            case EventName.ToolDecision:
                if (AddDecision(batch, record, session, happened, facts))
                {
                    AddToolUse(batch, record, session, happened, isResult: false, facts);
                }

                return false;
            case EventName.UserPrompt:
                AddPrompt(batch, record, session, happened, facts);
                return true;
            case EventName.ApiError:
                Count(batch, record, session, Figure.ApiErrors, happened, facts);
                return true;
            default:
                return false;
        }
    }

    private static void Count(TelemetryBatch batch, in LogRecord record, TextRange session, Figure figure, long happened, UsageFacts facts)
    {
        ref Tally row = ref facts.Tallies.Add();
        row.Session = session;
        row.Model = batch.TextOf(record.Attributes, AttributeName.Model);
        row.Figure = figure;
        row.TimeUnixNano = happened;
        row.Value = 1;
    }

    // A prompt's text is sent only when the user allows it; where it is not, a background agent's result can't be told from a person's words.
    private static void AddPrompt(TelemetryBatch batch, in LogRecord record, TextRange session, long happened, UsageFacts facts)
    {
        ref Prompt row = ref facts.Prompts.Add();
        row.Session = session;
        row.Id = record.PromptId;
        row.TimeUnixNano = happened;
        row.Command = batch.TextOf(record.Attributes, AttributeName.CommandName);
        row.Kind = row.Command.Length > 0 ? PromptKind.Command
            : batch.Begins(record.Attributes, AttributeName.Prompt, ClaudeCode.TaskNotification) ? PromptKind.TaskNotification
            : PromptKind.Human;
        Count(batch, record, session, Figure.Prompts, happened, facts);
        if (row.Kind != PromptKind.Human)
        {
            Count(batch, record, session, row.Kind == PromptKind.Command ? Figure.Commands : Figure.TaskNotifications, happened, facts);
        }
    }

    // Once for many requests of a session.
    private static void AddPlace(TelemetryBatch batch, in LogRecord record, TextRange session, long happened, UsageFacts facts)
    {
        TextRange folder = batch.TextOf(record.Attributes, AttributeName.Cwd);
        if (folder.Length <= 0 || (facts.Places.Count > 0 && batch.Text[facts.Places[^1].Session].SequenceEqual(batch.Text[session])
            && facts.Places[^1].TimeUnixNano <= happened))
        {
            return;
        }

        ref PlaceSeen row = ref facts.Places.Add();
        row.Session = session;
        row.Folder = folder;
        row.Branch = batch.TextOf(record.Attributes, AttributeName.HeadName);
        row.TimeUnixNano = happened;
    }

    private static void AddSequence(TelemetryBatch batch, in LogRecord record, TextRange session, long happened, UsageFacts facts)
    {
        long sequence = SequenceOf(batch, record.Attributes);
        if (sequence >= 0)
        {
            ref EventSequence row = ref facts.Sequences.Add();
            row.Session = session;
            row.TimeUnixNano = happened;
            row.Sequence = sequence;
            row.Sender = (long)XxHash3.HashToUInt64(batch.Text[batch.TextOf(record.Attributes, AttributeName.UserId)]);
        }
    }

    private static long SequenceOf(TelemetryBatch batch, in AttributeSet attributes)
    {
        foreach (ref readonly Attribute attribute in batch.AttributesOf(attributes))
        {
            if (attribute is { Name: AttributeName.EventSequence, Kind: ValueKind.Int, Int: >= 0 and <= Limits.EventSequenceMax })
            {
                return attribute.Int;
            }
        }

        return -1;
    }

    /// <summary>The id of a record's session; without one, a name for its user and resource, which are all that is known.</summary>
    private static TextRange SessionOf(TelemetryBatch batch, TextRange id, int resource, in AttributeSet attributes, UsageFacts facts)
    {
        if (id.Length > 0)
        {
            return id;
        }

        var hash = new XxHash128();
        hash.Append(batch.Text[batch.TextOf(attributes, AttributeName.UserId)]);
        hash.Append("\0"u8);
        hash.Append(batch.Text[batch.Resources[resource].Attributes.Json]);
        UInt128 group = hash.GetCurrentHashAsUInt128();
        if (facts.LastUnnamed is not { Id.Length: > 0 } last || last.Hash != group)
        {
            int start = batch.Text.Length;
            batch.Text.Append("unnamed-"u8);
            ((uint)group).TryFormat(batch.Text.Reserve(8), out int written, "x8", CultureInfo.InvariantCulture);
            batch.Text.Advance(written);
            facts.LastUnnamed = (group, batch.Text.Since(start));
        }

        return facts.LastUnnamed.Id;
    }

    private static ref BilledRequest AddRequest(
        TelemetryBatch batch, in AttributeSet attributes, Teller teller, TextRange promptId, TextRange session, long happened, UsageFacts facts)
    {
        long costByMicros = 0;
        TextRange messageId = TextRange.None;
        ref BilledRequest row = ref facts.Requests.Add();
        row.Teller = teller;
        row.LogRecord = BilledRequest.NoLogRecord;
        row.Session = session;
        row.PromptId = promptId;
        row.TimeUnixNano = happened;
        row.Model = row.RequestId = row.QuerySource = row.Agent = row.Skill = row.McpServer = row.McpTool = TextRange.None;
        row.CacheCreation5m = row.CacheCreation1h = row.TtftMs = -1;
        row.CostNanoUsd = NoCost;
        row.DurationMs = teller == Teller.Transcript ? BilledRequest.NoDuration : 0;
        row.Sequence = SequenceOf(batch, attributes);
        foreach (ref readonly Attribute attribute in batch.AttributesOf(attributes))
        {
            switch (attribute.Name)
            {
                case AttributeName.Model: row.Model = TextOf(attribute); break;
                case AttributeName.RequestId: row.RequestId = TextOf(attribute); break;
                case AttributeName.QuerySource or AttributeName.QuerySourceSafe: row.QuerySource = TextOf(attribute); break;
                case AttributeName.InputTokens: row.Input = Whole(Number(batch, attribute)); break;
                case AttributeName.OutputTokens: row.Output = Whole(Number(batch, attribute)); break;
                case AttributeName.CacheReadTokens: row.CacheRead = Whole(Number(batch, attribute)); break;
                case AttributeName.CacheCreationTokens: row.CacheCreation = Whole(Number(batch, attribute)); break;
                case AttributeName.CacheCreation5mTokens: row.CacheCreation5m = Whole(Number(batch, attribute)); break;
                case AttributeName.CacheCreation1hTokens: row.CacheCreation1h = Whole(Number(batch, attribute)); break;
                case AttributeName.CostUsd when IsNumber(batch, attribute, out double usd): row.CostNanoUsd = NanoUsd(usd); break;
                case AttributeName.CostUsdMicros: costByMicros = NanoUsd(Number(batch, attribute) / 1e6); break;
                case AttributeName.AgentName: row.Agent = TextOf(attribute); break;
                case AttributeName.SkillName: row.Skill = TextOf(attribute); break;
                case AttributeName.McpServerName: row.McpServer = TextOf(attribute); break;
                case AttributeName.McpToolName: row.McpTool = TextOf(attribute); break;
                case AttributeName.DurationMs: row.DurationMs = Whole(Math.Max(0, Number(batch, attribute))); break;
                case AttributeName.TtftMs when IsNumber(batch, attribute, out double ms): row.TtftMs = Whole(Math.Max(0, ms)); break;
                case AttributeName.MessageId when teller == Teller.Transcript: messageId = TextOf(attribute); break;
                case AttributeName.OutputIsLow when teller == Teller.Transcript: row.OutputIsLow = !IsFalse(batch, attribute); break;
                case AttributeName.SessionIsSettled when teller == Teller.Transcript: row.SessionIsSettled = !IsFalse(batch, attribute); break;
                case AttributeName.CostIsDerived when teller == Teller.Transcript: row.CostKind = CostKind.Derived; break;
                case AttributeName.CostIsUnknown when teller == Teller.Transcript: row.CostKind = CostKind.Unknown; break;
                default: break;
            }
        }

        // Where a provider gives its requests no id, the answer's own has to do.
        row.RequestId = row.RequestId.Length <= 0 ? messageId : row.RequestId;
        row.Origin = ClaudeCode.OriginOf(batch.Text[row.QuerySource]);
        row.CostNanoUsd = row.CostNanoUsd == NoCost ? costByMicros : row.CostNanoUsd;
        return ref row;
    }

    // The string of an attribute of any kind: what is no string names nothing.
    private static TextRange TextOf(in Attribute attribute) => TelemetryBatch.TextOf(attribute);

    // Without its id a decision can't be told from another one of the same tool.
    private static void AddToolUse(TelemetryBatch batch, in LogRecord record, TextRange session, long happened, bool isResult, UsageFacts facts)
    {
        TextRange id = batch.TextOf(record.Attributes, AttributeName.ToolUseId);
        if (id.Length > 0)
        {
            ref ToolUse row = ref facts.ToolUses.Add();
            row.Session = session;
            row.Id = id;
            row.Tool = batch.TextOf(record.Attributes, AttributeName.ToolName);
            row.IsResult = isResult;
            row.TimeUnixNano = happened;
        }
    }

    // True for one that accepts.
    private static bool AddDecision(TelemetryBatch batch, in LogRecord record, TextRange session, long happened, UsageFacts facts)
    {
        ReadOnlySpan<byte> decision = batch.Text[batch.TextOf(record.Attributes, AttributeName.Decision)];
        bool accepted = decision.SequenceEqual("accept"u8);
        if (accepted || decision.SequenceEqual("reject"u8))
        {
            ref ToolDecision row = ref facts.ToolDecisions.Add();
            row.Session = session;
            row.Tool = batch.TextOf(record.Attributes, AttributeName.ToolName);
            row.RequestId = batch.TextOf(record.Attributes, AttributeName.RequestId);
            row.Source = batch.TextOf(record.Attributes, AttributeName.DecisionSource);
            row.Accepted = accepted;
            row.TimeUnixNano = happened;
        }

        return accepted;
    }

    private static void AddToolCall(TelemetryBatch batch, in LogRecord record, TextRange session, long happened, UsageFacts facts)
    {
        ref ToolCall row = ref facts.ToolCalls.Add();
        row.Session = session;
        row.TimeUnixNano = happened;
        row.Tool = row.RequestId = row.ErrorType = TextRange.None;
        row.InputBytes = row.ResultBytes = -1;
        row.PromptId = record.PromptId;
        row.Succeeded = true;
        foreach (ref readonly Attribute attribute in batch.AttributesOf(record.Attributes))
        {
            switch (attribute.Name)
            {
                case AttributeName.ToolName: row.Tool = TextOf(attribute); break;
                case AttributeName.RequestId: row.RequestId = TextOf(attribute); break;
                case AttributeName.DurationMs: row.DurationMs = Whole(Number(batch, attribute)); break;
                case AttributeName.Success: row.Succeeded = !IsFalse(batch, attribute); break;
                case AttributeName.ErrorType: row.ErrorType = TextOf(attribute); break;
                case AttributeName.ToolInputBytes when IsNumber(batch, attribute, out double bytes): row.InputBytes = Whole(Math.Max(0, bytes)); break;
                case AttributeName.ToolResultBytes when IsNumber(batch, attribute, out double bytes): row.ResultBytes = Whole(Math.Max(0, bytes)); break;
                default: break;
            }
        }
    }

    // Consecutive records are nearly always of one session, so only the last row is looked at; a session in two rows does no harm.
    private static ref SessionSeen See(
        TelemetryBatch batch, UsageFacts facts, TextRange session, bool isNamed, long timeUnixNano, int resource, in AttributeSet attributes, bool isExported = true)
    {
        int last = facts.Sessions.Count - 1;
        if (last < 0 || !batch.Text[facts.Sessions[last].Session].SequenceEqual(batch.Text[session]))
        {
            ref SessionSeen seen = ref facts.Sessions.Add();
            seen.Session = session;
            seen.IsNamed = isNamed;
            seen.FirstUnixNano = long.MaxValue;
            seen.Project = seen.Machine = TextRange.None;
            seen.Resource = resource;
            last++;
        }

        ref SessionSeen row = ref facts.Sessions[last];
        row.FirstUnixNano = Math.Min(row.FirstUnixNano, timeUnixNano);
        row.LastUnixNano = Math.Max(row.LastUnixNano, timeUnixNano);
        // What an import says of where a session ran stands until an export says it, whatever the time.
        timeUnixNano = isExported ? timeUnixNano : 1;
        if (timeUnixNano > row.ResourceUnixNano || (timeUnixNano == row.ResourceUnixNano && resource != row.Resource && SortsAfter(batch, resource, row.Resource)))
        {
            (row.Resource, row.ResourceUnixNano) = (resource, timeUnixNano);
        }

        Name(batch, batch.TextOf(attributes, AttributeName.RepositoryName), timeUnixNano, ref row.Project, ref row.ProjectUnixNano);
        Name(batch, batch.TextOf(batch.Resources[resource].Attributes, AttributeName.HostName), timeUnixNano, ref row.Machine, ref row.MachineUnixNano);
        return ref row;
    }

    private static bool SortsAfter(TelemetryBatch batch, int resource, int other) =>
        batch.Text[batch.Resources[resource].Attributes.Json].SequenceCompareTo(batch.Text[batch.Resources[other].Attributes.Json]) > 0;

    // What was named last stands; of two at one time the one that sorts last, so that the order of records does not matter.
    private static void Name(TelemetryBatch batch, TextRange name, long timeUnixNano, ref TextRange named, ref long namedUnixNano)
    {
        if (name.Length > 0 && (named.IsNone || timeUnixNano > namedUnixNano
            || (timeUnixNano == namedUnixNano && batch.Text[name].SequenceCompareTo(batch.Text[named]) > 0)))
        {
            (named, namedUnixNano) = (name, timeUnixNano);
        }
    }

    private static bool Says(TelemetryBatch batch, in DataPoint point, AttributeName name, ReadOnlySpan<byte> value) =>
        batch.Text[batch.TextOf(point.Attributes, name)].SequenceEqual(value);

    /// <summary>A number however it was sent: 1.0.60 and 2.0.60 send every number of an event as a string, and some still are in 2.1.330.</summary>
    // What is no number can't be counted; what was sent stays in the raw row.
    private static double Number(TelemetryBatch batch, in Attribute attribute) => IsNumber(batch, attribute, out double value) ? value : 0;

    private static bool IsNumber(TelemetryBatch batch, in Attribute attribute, out double value)
    {
        value = 0;
        switch (attribute.Kind)
        {
            case ValueKind.Int:
                value = attribute.Int;
                break;
            case ValueKind.Double:
                value = attribute.Double;
                break;
            case ValueKind.String:
                ReadOnlySpan<byte> text = batch.Text[attribute.Text];
                return Utf8Parser.TryParse(text, out value, out int used) && used == text.Length && double.IsFinite(value);
            default:
                return false;
        }

        return double.IsFinite(value);
    }

    private static bool IsFalse(TelemetryBatch batch, in Attribute attribute) => attribute.Kind switch
    {
        ValueKind.Bool => attribute.Int == 0,
        ValueKind.String => batch.Text[attribute.Text].SequenceEqual("false"u8),
        _ => false,
    };

    // A single value saturates at a million million, so that nonsensical ones (1e300 tokens) can not overflow the sums they are in.
    private static long Whole(double value) => Whole(value, WholeMax);

    // And the cost of a single request at a thousand dollars, which none is near: nine million of these make no sum that is too large. A point of the metric may add many up.
    private static long NanoUsd(double usd) => Whole(usd * 1e9, NanoUsdMax);

    private static long Whole(double value, double max) =>
        double.IsNaN(value) ? 0 : (long)Math.Clamp(Math.Round(value), -max, max);

    private const double WholeMax = 1e12;
    private const double NanoUsdMax = 1e12;

    // No request costs so much less than nothing.
    private const long NoCost = long.MinValue;
}
