using System.Text.Json;
using OtelLite.Telemetry;

namespace OtelLite.Transcripts;

/// <summary>What a session has used of a model and paid for it, by the client's own running total.</summary>
internal sealed class ModelTotal(string model)
{
    public string Model => model;

    public long Input { get; set; }

    public long Output { get; set; }

    public long CacheRead { get; set; }

    public long CacheCreation { get; set; }

    /// <summary>Null where the client does not tell, as with <see cref="CacheCreation1h"/>.</summary>
    public long? CacheCreation5m { get; set; }

    public long? CacheCreation1h { get; set; }

    public long WebSearches { get; set; }

    public double CostUsd { get; set; }
}

/// <summary>
/// One line of a transcript, as far as an import looks at it. What it does not look at is passed over without being kept; used for one line after
/// the other.
/// </summary>
internal sealed class TranscriptLine
{
    // Names that come again on line after line.
    private readonly Dictionary<string, string> _names = [];

    private enum Level
    {
        Line,
        Message,
        Usage,
    }

    /// <summary>True: also a user's line is read on to its time.</summary>
    public bool NeedsTime { get; set; }

    public TranscriptLineType Type { get; private set; }

    public DateTimeOffset? At { get; private set; }

    /// <summary>It says a time that can't be: none, or one that no export could say.</summary>
    public bool HasOddTime { get; private set; }

    public string? Session { get; private set; }

    /// <summary>On a line that was copied into a forked session: the session that paid.</summary>
    public string? RequestSession { get; private set; }

    public string? RequestId { get; private set; }

    public string? RequestRef { get; private set; }

    public string? PromptId { get; private set; }

    public string? Version { get; private set; }

    public string? Cwd { get; private set; }

    public string? GitBranch { get; private set; }

    public string? AgentId { get; private set; }

    public string? Effort { get; private set; }

    public string? QuerySource { get; private set; }

    public string? Agent { get; private set; }

    public string? Skill { get; private set; }

    public string? McpServer { get; private set; }

    public string? McpTool { get; private set; }

    /// <summary>The message's, or that of an api-request, which a <see cref="RequestRef"/> names.</summary>
    public string? Id { get; private set; }

    public string? Model { get; private set; }

    public string? ServiceTier { get; private set; }

    public string? Speed { get; private set; }

    /// <summary>False on a line that was written before the answer had ended: its output is what it began with.</summary>
    public bool HasEnded { get; private set; }

    public bool HasUsage { get; private set; }

    public long Input { get; private set; }

    public long Output { get; private set; }

    public long CacheRead { get; private set; }

    public long CacheCreation { get; private set; }

    public long? CacheCreation5m { get; private set; }

    public long? CacheCreation1h { get; private set; }

    public long WebSearches { get; private set; }

    public long ThinkingTokens { get; private set; }

    /// <summary>Of a cost-state, by model.</summary>
    public List<ModelTotal> Totals { get; } = [];

    /// <summary>False when it is no JSON object, or a name in it is absurdly long.</summary>
    public bool TryRead(ReadOnlySpan<byte> line)
    {
        Clear();
        try
        {
            var reader = new Utf8JsonReader(JsonText.Mended(line), new JsonReaderOptions { MaxDepth = Limits.JsonDepthMax });
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            {
                return false;
            }

            ReadObject(ref reader, Level.Line);
            return true;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Invalid operations are texts that are not UTF-8.
            return false;
        }
    }

    private void Clear()
    {
        Type = TranscriptLineType.Other;
        At = null;
        Session = RequestSession = RequestId = RequestRef = PromptId = Version = Cwd = GitBranch = AgentId = Effort = QuerySource = Agent = Skill = McpServer = McpTool = Id = Model =
            ServiceTier = Speed = null;
        HasOddTime = HasEnded = HasUsage = false;
        Input = Output = CacheRead = CacheCreation = WebSearches = ThinkingTokens = 0;
        CacheCreation5m = CacheCreation1h = null;
        Totals.Clear();
    }

    private void ReadObject(ref Utf8JsonReader reader, Level level)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            TranscriptKey key = ClaudeTranscript.Keys.Find(reader.HasValueSequence ? [] : reader.ValueSpan);
            reader.Read();
            switch (level)
            {
                case Level.Line: ReadOfLine(ref reader, key); break;
                case Level.Message: ReadOfMessage(ref reader, key); break;
                default: ReadOfUsage(ref reader, key); break;
            }

            // A user's line is read for its prompt alone, which stands before what may be megabytes.
            if (level == Level.Line && Type == TranscriptLineType.User && PromptId is not null && (At is not null || !NeedsTime))
            {
                return;
            }
        }
    }

    private void ReadOfLine(ref Utf8JsonReader reader, TranscriptKey key)
    {
        switch (key)
        {
            case TranscriptKey.Type when reader.TokenType == JsonTokenType.String: Type = ClaudeTranscript.LineTypes.Find(reader.ValueSpan); break;
            case TranscriptKey.Timestamp when reader.TokenType == JsonTokenType.String:
                At = reader.TryGetDateTimeOffset(out DateTimeOffset at) && at > DateTimeOffset.UnixEpoch && at < Limits.TranscriptTimeEnd ? at : null;
                HasOddTime = At is null;
                break;
            case TranscriptKey.SessionId: Session = Name(ref reader); break;
            case TranscriptKey.RequestSessionId: RequestSession = Name(ref reader); break;
            case TranscriptKey.RequestId: RequestId = Text(ref reader); break;
            case TranscriptKey.RequestRef: RequestRef = Text(ref reader); break;
            case TranscriptKey.Id: Id ??= Text(ref reader); break;
            case TranscriptKey.PromptId: PromptId = Name(ref reader); break;
            case TranscriptKey.Version: Version = Name(ref reader); break;
            case TranscriptKey.Cwd: Cwd = Name(ref reader); break;
            case TranscriptKey.GitBranch: GitBranch = Name(ref reader); break;
            case TranscriptKey.AgentId: AgentId = Name(ref reader); break;
            case TranscriptKey.Effort: Effort = Name(ref reader); break;
            case TranscriptKey.QuerySource: QuerySource = Name(ref reader); break;
            case TranscriptKey.AttributionAgent: Agent = Name(ref reader); break;
            case TranscriptKey.AttributionSkill: Skill = Name(ref reader); break;
            case TranscriptKey.AttributionMcpServer: McpServer = Name(ref reader); break;
            case TranscriptKey.AttributionMcpTool: McpTool = Name(ref reader); break;
            case TranscriptKey.Message when reader.TokenType == JsonTokenType.StartObject: ReadObject(ref reader, Level.Message); break;
            case TranscriptKey.ModelUsage when reader.TokenType == JsonTokenType.StartObject: ReadTotals(ref reader); break;
            default: reader.Skip(); break;
        }
    }

    private void ReadOfMessage(ref Utf8JsonReader reader, TranscriptKey key)
    {
        switch (key)
        {
            case TranscriptKey.Id: Id = Text(ref reader); break;
            case TranscriptKey.Model: Model = Name(ref reader); break;
            case TranscriptKey.StopReason: HasEnded = reader.TokenType == JsonTokenType.String; break;
            case TranscriptKey.Usage when reader.TokenType == JsonTokenType.StartObject:
                HasUsage = true;
                ReadObject(ref reader, Level.Usage);
                break;
            default: reader.Skip(); break;
        }
    }

    // With the objects within it: no key is of two of them.
    private void ReadOfUsage(ref Utf8JsonReader reader, TranscriptKey key)
    {
        switch (key)
        {
            case TranscriptKey.InputTokens: Input = Count(ref reader); break;
            case TranscriptKey.OutputTokens: Output = Count(ref reader); break;
            case TranscriptKey.CacheReadTokens: CacheRead = Count(ref reader); break;
            case TranscriptKey.CacheCreationTokens: CacheCreation = Count(ref reader); break;
            case TranscriptKey.CacheCreation5mTokens: CacheCreation5m = Count(ref reader); break;
            case TranscriptKey.CacheCreation1hTokens: CacheCreation1h = Count(ref reader); break;
            case TranscriptKey.WebSearches: WebSearches = Count(ref reader); break;
            case TranscriptKey.ThinkingTokens: ThinkingTokens = Count(ref reader); break;
            case TranscriptKey.ServiceTier: ServiceTier = Name(ref reader); break;
            case TranscriptKey.Speed: Speed = Name(ref reader); break;
            case TranscriptKey.CacheCreation or TranscriptKey.ServerToolUse or TranscriptKey.OutputDetails when reader.TokenType == JsonTokenType.StartObject:
                ReadObject(ref reader, Level.Usage);
                break;
            default: reader.Skip(); break;
        }
    }

    private void ReadTotals(ref Utf8JsonReader reader)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string? model = Named(ref reader);
            reader.Read();
            if (model is null || reader.TokenType != JsonTokenType.StartObject)
            {
                reader.Skip();
                continue;
            }

            var total = new ModelTotal(model);
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                TranscriptKey key = ClaudeTranscript.Keys.Find(reader.ValueSpan);
                reader.Read();
                ReadOfTotal(ref reader, key, total);
            }

            Totals.Add(total);
        }
    }

    private static void ReadOfTotal(ref Utf8JsonReader reader, TranscriptKey key, ModelTotal total)
    {
        switch (key)
        {
            case TranscriptKey.TotalInput: total.Input = Count(ref reader); break;
            case TranscriptKey.TotalOutput: total.Output = Count(ref reader); break;
            case TranscriptKey.TotalCacheRead: total.CacheRead = Count(ref reader); break;
            case TranscriptKey.TotalCacheCreation: total.CacheCreation = Count(ref reader); break;
            case TranscriptKey.TotalCacheCreation5m: total.CacheCreation5m = Count(ref reader); break;
            case TranscriptKey.TotalCacheCreation1h: total.CacheCreation1h = Count(ref reader); break;
            case TranscriptKey.TotalWebSearches: total.WebSearches = Count(ref reader); break;
            case TranscriptKey.TotalCost when reader.TokenType == JsonTokenType.Number: total.CostUsd = reader.TryGetDouble(out double usd) ? usd : 0; break;
            default: reader.Skip(); break;
        }
    }

    // What is no count counts nothing; nobody uses a million million tokens at once.
    private static long Count(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out long count))
        {
            return Math.Clamp(count, 0, 1_000_000_000_000);
        }

        reader.Skip();
        return 0;
    }

    private string? Name(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.String)
        {
            reader.Skip();
            return null;
        }

        return Named(ref reader);
    }

    // A property's name, or a text, kept once.
    private string? Named(ref Utf8JsonReader reader)
    {
        if (Checked(ref reader) is not { } text)
        {
            return null;
        }

        if (_names.TryGetValue(text, out string? known))
        {
            return known;
        }

        if (_names.Count >= Limits.IdCacheMax)
        {
            _names.Clear();
        }

        return _names[text] = text;
    }

    private static string? Text(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.String)
        {
            reader.Skip();
            return null;
        }

        return Checked(ref reader);
    }

    private static string? Checked(ref Utf8JsonReader reader) =>
        reader.ValueSpan.Length > Limits.TranscriptNameBytesMax ? throw new JsonException("a name is longer than any")
        : reader.ValueSpan.Length == 0 ? null
        : reader.GetString();
}
