using System.Buffers;
using System.Globalization;
using System.Text;
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

    private static readonly JsonEncodedText Key = JsonEncodedText.Encode("key");
    private static readonly JsonEncodedText Value = JsonEncodedText.Encode("value");
    private static readonly JsonEncodedText StringValue = JsonEncodedText.Encode("stringValue");
    private static readonly JsonEncodedText IntValue = JsonEncodedText.Encode("intValue");
    private static readonly string EventName = Encoding.UTF8.GetString(ClaudeCode.Events.Spell(Telemetry.EventName.TranscriptRequest));

    private static readonly Dictionary<AttributeName, JsonEncodedText> Names = ((AttributeName[])
    [
        AttributeName.EventName, AttributeName.SessionId, AttributeName.PromptId, AttributeName.RequestId, AttributeName.MessageId, AttributeName.Model,
        AttributeName.InputTokens, AttributeName.OutputTokens, AttributeName.CacheReadTokens, AttributeName.CacheCreationTokens,
        AttributeName.CacheCreation5mTokens, AttributeName.CacheCreation1hTokens, AttributeName.CostUsd, AttributeName.QuerySource, AttributeName.AgentName,
        AttributeName.SkillName, AttributeName.McpServerName, AttributeName.McpToolName, AttributeName.OutputIsLow, AttributeName.CostIsDerived,
        AttributeName.CostIsUnknown,
    ]).ToDictionary(n => n, n => JsonEncodedText.Encode(ClaudeCode.Attributes.Spell(n)));

    private readonly ArrayBufferWriter<byte> _body = new();
    private readonly ArrayBufferWriter<byte> _record = new();
    private string? _client;
    private int _records;

    /// <summary>Writes requests, each with its cost in nano-dollars where it is known. Every body is valid until the next is asked for.</summary>
    public IEnumerable<ReadOnlyMemory<byte>> Write(IEnumerable<(TranscriptRequest Request, long? CostNanoUsd)> requests)
    {
        // One body comes from one version, as one export does, and what is of one session stays together.
        foreach ((TranscriptRequest request, long? cost) in requests
            .OrderBy(r => r.Request.Version, StringComparer.Ordinal).ThenBy(r => r.Request.Session, StringComparer.Ordinal).ThenBy(r => r.Request.At))
        {
            _record.ResetWrittenCount();
            WriteRecord(request, cost);
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
        Text(json, JsonEncodedText.Encode("service.name"), ClaudeTranscript.ClientName);
        Text(json, JsonEncodedText.Encode("service.version"), client);
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

    private void WriteRecord(TranscriptRequest request, long? costNanoUsd)
    {
        using var json = new Utf8JsonWriter(_record);
        json.WriteStartObject();
        json.WriteString("timeUnixNano"u8, ((request.At.UtcTicks - DateTime.UnixEpoch.Ticks) * TimeSpan.NanosecondsPerTick).ToString(CultureInfo.InvariantCulture));
        json.WriteStartArray("attributes"u8);
        Text(json, Names[AttributeName.EventName], EventName);
        Text(json, Names[AttributeName.SessionId], request.Session);
        Text(json, Names[AttributeName.PromptId], request.PromptId);
        Text(json, Names[AttributeName.RequestId], request.RequestId);
        Text(json, Names[AttributeName.MessageId], request.MessageId);
        Text(json, Names[AttributeName.Model], request.Model);
        Number(json, Names[AttributeName.InputTokens], request.Input);
        Number(json, Names[AttributeName.OutputTokens], request.Output);
        Number(json, Names[AttributeName.CacheReadTokens], request.CacheRead);
        Number(json, Names[AttributeName.CacheCreationTokens], request.CacheCreation);
        Number(json, Names[AttributeName.CacheCreation5mTokens], request.CacheCreation5m);
        Number(json, Names[AttributeName.CacheCreation1hTokens], request.CacheCreation1h);
        WriteCost(json, costNanoUsd);
        Text(json, Names[AttributeName.QuerySource], request.QuerySource);
        Text(json, Names[AttributeName.AgentName], request.Agent);
        Text(json, Names[AttributeName.SkillName], request.Skill);
        Text(json, Names[AttributeName.McpServerName], request.McpServer);
        Text(json, Names[AttributeName.McpToolName], request.McpTool);
        Text(json, JsonEncodedText.Encode("agent_id"), request.AgentId);
        Text(json, JsonEncodedText.Encode("effort"), request.Effort);
        Text(json, JsonEncodedText.Encode("speed"), request.Speed);
        WriteOwn(json, request);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteCost(Utf8JsonWriter json, long? nanoUsd)
    {
        if (nanoUsd is { } known)
        {
            Begin(json, Names[AttributeName.CostUsd]);
            json.WriteNumber("doubleValue"u8, known / 1e9);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        True(json, Names[nanoUsd is null ? AttributeName.CostIsUnknown : AttributeName.CostIsDerived]);
    }

    // What no export tells.
    private static void WriteOwn(Utf8JsonWriter json, TranscriptRequest request)
    {
        if (!request.HasEnded)
        {
            True(json, Names[AttributeName.OutputIsLow]);
        }

        Text(json, JsonEncodedText.Encode("service_tier"), request.ServiceTier);
        Number(json, JsonEncodedText.Encode("thinking_tokens"), request.ThinkingTokens > 0 ? request.ThinkingTokens : null);
        Number(json, JsonEncodedText.Encode("web_search_requests"), request.WebSearches > 0 ? request.WebSearches : null);
        Text(json, JsonEncodedText.Encode("cwd"), request.Cwd);
        Text(json, JsonEncodedText.Encode("transcript"), request.File.Path);
    }

    private static void Text(Utf8JsonWriter json, JsonEncodedText key, string? text)
    {
        if (text is not null)
        {
            Begin(json, key);
            json.WriteString(StringValue, text);
            json.WriteEndObject();
            json.WriteEndObject();
        }
    }

    private static void Number(Utf8JsonWriter json, JsonEncodedText key, long? number)
    {
        if (number is { } value)
        {
            Begin(json, key);
            json.WriteString(IntValue, value.ToString(CultureInfo.InvariantCulture));
            json.WriteEndObject();
            json.WriteEndObject();
        }
    }

    private static void True(Utf8JsonWriter json, JsonEncodedText key)
    {
        Begin(json, key);
        json.WriteBoolean("boolValue"u8, true);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void Begin(Utf8JsonWriter json, JsonEncodedText key)
    {
        json.WriteStartObject();
        json.WriteString(Key, key);
        json.WriteStartObject(Value);
    }
}
