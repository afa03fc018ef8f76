using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using OtelLite.Tests.Otlp;

namespace OtelLite.Tests.Conformance;

/// <summary>What an export over HTTP was answered with.</summary>
internal sealed record ExportAnswer(HttpStatusCode Status, string? Type, byte[] Body)
{
    public string Text => Encoding.UTF8.GetString(Body);

    public JsonNode Json => JsonNode.Parse(Body)!;

    /// <summary>The error message of a partial success in JSON.</summary>
    public string Warning => (string)Json["partialSuccess"]!["errorMessage"]!;

    public void AssertAccepted() => Assert.Equal((HttpStatusCode.OK, "{}"), (Status, Text));

    /// <summary>400 with a Status in JSON that says what is wrong and nothing of the program's inside.</summary>
    public void AssertBadJson()
    {
        Assert.Equal((HttpStatusCode.BadRequest, "application/json", 3), (Status, Type, (int)Json["code"]!));
        Assert.Contains("the body is ", (string)Json["message"]!, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", Text, StringComparison.Ordinal);
    }

    /// <summary>The same in protobuf.</summary>
    public void AssertBadProtobuf()
    {
        AssertBad("application/x-protobuf");
        Assert.Contains("in protobuf", (string)OtlpSchema.ToJson("Status", Body)["message"]!, StringComparison.Ordinal);
    }

    /// <summary>400 with a Status of this encoding, before anything was decoded.</summary>
    public void AssertBad(string type)
    {
        Assert.Equal((HttpStatusCode.BadRequest, type), (Status, Type));
        JsonNode status = type == "application/json" ? Json : OtlpSchema.ToJson("Status", Body);
        Assert.Equal(3, (int)status["code"]!);
        Assert.NotEmpty((string)status["message"]!);
    }
}

/// <summary>
/// One export of hand-written records, sent to a running server, whose rows are found again by the name of its scope: so that many tests share a
/// server and each sees its own rows alone.
/// </summary>
internal sealed class Probe(ServerClient server, string signal)
{
    private static int _last;

    /// <summary>The name of the scope around the records.</summary>
    public string Scope { get; } = $"probe {Interlocked.Increment(ref _last)}";

    private string Table => signal switch
    {
        "metrics" => "otel_metrics",
        "logs" => "otel_events",
        _ => "otel_spans",
    };

    /// <summary>A request in JSON around these records (metrics, log records or spans), each a JSON object.</summary>
    public string Json(params string[] records)
    {
        (string resources, string scopes, string list) = signal switch
        {
            "metrics" => ("resourceMetrics", "scopeMetrics", "metrics"),
            "logs" => ("resourceLogs", "scopeLogs", "logRecords"),
            _ => ("resourceSpans", "scopeSpans", "spans"),
        };
        return $$$"""{"{{{resources}}}":[{"{{{scopes}}}":[{"scope":{"name":"{{{Scope}}}"},"{{{list}}}":[{{{string.Join(',', records)}}}]}]}]}""";
    }

    /// <summary>The same in protobuf around these messages.</summary>
    public byte[] Protobuf(params byte[][] records) => OtlpSchema.LengthDelimited(1, OtlpSchema.LengthDelimited(2, [
        .. OtlpSchema.LengthDelimited(1, OtlpSchema.LengthDelimited(1, Encoding.UTF8.GetBytes(Scope))),
        .. records.SelectMany(r => OtlpSchema.LengthDelimited(2, r)),
    ]));

    /// <summary>Sends these records in JSON.</summary>
    public Task<ExportAnswer> Send(params string[] records) => Post(Encoding.UTF8.GetBytes(Json(records)));

    /// <summary>Sends these records in JSON, and insists that all of them were taken without a word.</summary>
    public async Task<Probe> Stored(params string[] records)
    {
        (await Send(records)).AssertAccepted();
        return this;
    }

    /// <summary>Sends these messages in protobuf.</summary>
    public Task<ExportAnswer> Send(params byte[][] records) => Post(Protobuf(records), "application/x-protobuf");

    /// <summary>Sends these messages in protobuf, and insists that all of them were taken without a word.</summary>
    public async Task<Probe> Stored(params byte[][] records)
    {
        ExportAnswer answer = await Send(records);
        Assert.True(answer.Status == HttpStatusCode.OK && answer.Body.Length == 0, $"{answer.Status} {answer.Text}");
        return this;
    }

    /// <summary>Sends these bytes as they are.</summary>
    public async Task<ExportAnswer> Post(byte[] body, string type = "application/json", string? encoding = null)
    {
        using var content = new ByteArrayContent(body);
        content.Headers.ContentType = new MediaTypeHeaderValue(type);
        if (encoding is not null)
        {
            content.Headers.TryAddWithoutValidation("Content-Encoding", encoding);
        }

        using HttpResponseMessage answer = await server.Http.PostAsync(new Uri($"{server.Url}/v1/{signal}"), content);
        return new(answer.StatusCode, answer.Content.Headers.ContentType?.MediaType, await answer.Content.ReadAsByteArrayAsync());
    }

    /// <summary>These columns of the stored rows in the order in which they were sent, a line each.</summary>
    public string Rows(string columns)
    {
        string rows = server.Rows($"SELECT {columns} FROM {Table} WHERE scope_id IN (SELECT id FROM otel_scope WHERE name = '{Scope}') ORDER BY id");
        return rows.Length > 0 ? rows[..^1] : rows;
    }

    /// <summary>How many rows there are.</summary>
    public int Count => int.Parse(Rows("count(*)"), System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>The server still takes an export after what this one sent.</summary>
    public async Task AssertAlive() => await new Probe(server, "logs").Stored("{}");
}
