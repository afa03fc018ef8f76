using System.Buffers;
using System.Globalization;
using System.Text.Json;
using OtelLite.Telemetry;

namespace OtelLite.Transcripts;

/// <summary>
/// Requests of transcripts as the client would export them: OTLP/JSON log records in bodies of bounded size, attributes in the client's own names and
/// behind them what the transcript alone knows. So they are stored, counted and counted anew like everything else.
/// </summary>
internal sealed class TranscriptBodies(string version)
{
    private const string ScopeName = "otellite.import";

    private readonly ArrayBufferWriter<byte> _body = new();
    private readonly ArrayBufferWriter<byte> _record = new();
    private string? _client;
    private int _records;

    /// <summary>Writes requests, which it sorts. Every body is valid until the next is asked for.</summary>
    public IEnumerable<ReadOnlyMemory<byte>> Write(List<TranscriptRequest> requests)
    {
        // One body comes from one version, as one export does, and what is of one session stays together.
        requests.Sort((a, b) => string.CompareOrdinal(a.Version, b.Version) is not 0 and var version ? version
            : string.CompareOrdinal(a.Session, b.Session) is not 0 and var session ? session
            : a.At != b.At ? a.At.CompareTo(b.At)
            : string.CompareOrdinal(a.Id, b.Id));
        foreach (TranscriptRequest request in requests)
        {
            _record.ResetWrittenCount();
            WriteRecord(request);
            if (_records > 0 && (_client != request.Version || _body.WrittenCount + _record.WrittenCount + End.Length > Limits.ImportBodyBytesMax))
            {
                yield return Finish();
            }

            if (_records == 0)
            {
                Begin(request.Version);
            }

            _body.Write(_records++ > 0 ? ","u8 : ""u8);
            _body.Write(_record.WrittenSpan);
        }

        if (_records > 0)
        {
            yield return Finish();
        }
    }

    private static ReadOnlySpan<byte> End => "]}]}]}"u8;

    private void Begin(string? client)
    {
        _client = client;
        _body.ResetWrittenCount();
        using var json = new Utf8JsonWriter(_body, new JsonWriterOptions { SkipValidation = true });
        json.WriteStartObject();
        json.WriteStartArray("resourceLogs"u8);
        json.WriteStartObject();
        json.WriteStartObject("resource"u8);
        json.WriteStartArray("attributes"u8);
        Text(json, "service.name"u8, ClaudeTranscript.ClientName);
        Text(json, "service.version"u8, client);
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteStartArray("scopeLogs"u8);
        json.WriteStartObject();
        json.WriteStartObject("scope"u8);
        json.WriteString("name"u8, ScopeName);
        json.WriteString("version"u8, version);
        json.WriteEndObject();
        json.WriteStartArray("logRecords"u8);
    }

    private ReadOnlyMemory<byte> Finish()
    {
        _body.Write(End);
        _records = 0;
        return _body.WrittenMemory;
    }

    private void WriteRecord(TranscriptRequest request)
    {
        using var json = new Utf8JsonWriter(_record);
        json.WriteStartObject();
        json.WriteString("timeUnixNano"u8, ((request.At.UtcTicks - DateTime.UnixEpoch.Ticks) * TimeSpan.NanosecondsPerTick).ToString(CultureInfo.InvariantCulture));
        json.WriteStartArray("attributes"u8);
        Begin(json, Name(AttributeName.EventName));
        json.WriteString("stringValue"u8, ClaudeCode.Events.Spell(EventName.TranscriptRequest));
        json.WriteEndObject();
        json.WriteEndObject();
        Text(json, Name(AttributeName.SessionId), request.Session);
        Text(json, Name(AttributeName.PromptId), request.PromptId);
        Text(json, Name(AttributeName.RequestId), request.RequestId);
        Text(json, Name(AttributeName.MessageId), request.MessageId);
        Text(json, Name(AttributeName.Model), request.Model);
        Number(json, Name(AttributeName.InputTokens), request.Input);
        Number(json, Name(AttributeName.OutputTokens), request.Output);
        Number(json, Name(AttributeName.CacheReadTokens), request.CacheRead);
        Number(json, Name(AttributeName.CacheCreationTokens), request.CacheCreation);
        Number(json, Name(AttributeName.CacheCreation5mTokens), request.CacheCreation5m);
        Number(json, Name(AttributeName.CacheCreation1hTokens), request.CacheCreation1h);
        WriteCost(json, request.CostNanoUsd);
        Text(json, Name(AttributeName.QuerySource), request.QuerySource);
        Text(json, Name(AttributeName.AgentName), request.Agent);
        Text(json, Name(AttributeName.SkillName), request.Skill);
        Text(json, Name(AttributeName.McpServerName), request.McpServer);
        Text(json, Name(AttributeName.McpToolName), request.McpTool);
        Text(json, "agent_id"u8, request.AgentId);
        Text(json, "effort"u8, request.Effort);
        Text(json, "speed"u8, request.Speed);
        WriteOwn(json, request);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteCost(Utf8JsonWriter json, long? nanoUsd)
    {
        if (nanoUsd is { } known)
        {
            Begin(json, Name(AttributeName.CostUsd));
            json.WriteNumber("doubleValue"u8, known / 1e9);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        True(json, Name(nanoUsd is null ? AttributeName.CostIsUnknown : AttributeName.CostIsDerived));
    }

    // What no export tells.
    private static void WriteOwn(Utf8JsonWriter json, TranscriptRequest request)
    {
        if (!request.HasEnded)
        {
            True(json, Name(AttributeName.OutputIsLow));
        }

        if (request.IsSettled)
        {
            True(json, Name(AttributeName.SessionIsSettled));
        }

        Text(json, "service_tier"u8, request.ServiceTier);
        Number(json, "thinking_tokens"u8, request.ThinkingTokens > 0 ? request.ThinkingTokens : null);
        Number(json, "web_search_requests"u8, request.WebSearches > 0 ? request.WebSearches : null);
        Text(json, Name(AttributeName.Cwd), request.Cwd);
        Text(json, Name(AttributeName.HeadName), request.GitBranch);
        Text(json, "transcript"u8, request.File.Path);
    }

    private static void Text(Utf8JsonWriter json, ReadOnlySpan<byte> key, string? text)
    {
        if (text is not null)
        {
            Begin(json, key);
            json.WriteString("stringValue"u8, text);
            json.WriteEndObject();
            json.WriteEndObject();
        }
    }

    private static void Number(Utf8JsonWriter json, ReadOnlySpan<byte> key, long? number)
    {
        if (number is { } value)
        {
            Begin(json, key);
            json.WriteString("intValue"u8, value.ToString(CultureInfo.InvariantCulture));
            json.WriteEndObject();
            json.WriteEndObject();
        }
    }

    private static void True(Utf8JsonWriter json, ReadOnlySpan<byte> key)
    {
        Begin(json, key);
        json.WriteBoolean("boolValue"u8, true);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void Begin(Utf8JsonWriter json, ReadOnlySpan<byte> key)
    {
        json.WriteStartObject();
        json.WriteString("key"u8, key);
        json.WriteStartObject("value"u8);
    }

    private static ReadOnlySpan<byte> Name(AttributeName name) => ClaudeCode.Attributes.Spell(name);
}
