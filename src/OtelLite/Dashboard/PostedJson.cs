using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace OtelLite.Dashboard;

/// <summary>Reads what is posted to the API: small objects of which every part is optional.</summary>
internal static class PostedJson
{
    /// <param name="what">What it is, with an example, for the refusal.</param>
    /// <exception cref="BadRequestException">It is too long, or no such object.</exception>
    public static async Task<T> Read<T>(HttpRequest request, JsonTypeInfo<T> type, string what)
        where T : class, new()
    {
        byte[] body = new byte[Limits.ScrapeBytesMax + 1];
        int length = await request.Body.ReadAtLeastAsync(body, body.Length, throwOnEndOfStream: false).ConfigureAwait(false);
        if (length > Limits.ScrapeBytesMax)
        {
            throw new BadRequestException($"the body may be at most {Limits.ScrapeBytesMax} bytes");
        }

        try
        {
            return length == 0 ? new T() : Parse(body.AsSpan(0, length), type) ?? throw new BadRequestException("the body is null where an object was expected");
        }
        catch (JsonException e)
        {
            throw new BadRequestException($"the body is not {what}: {e.Message}");
        }
    }

    /// <summary>
    /// Official limits as they are stored; null where there are none. Text that is none (bytes that are not UTF-8, half of a surrogate pair) is parsed
    /// without a word and fails when it is written, which would then be every summary that carries this reading. So it is written once here.
    /// </summary>
    /// <exception cref="BadRequestException">They are no object, or hold such text.</exception>
    public static string? LimitsText(JsonElement? limits)
    {
        if (limits is not { } given || given.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        if (given.ValueKind != JsonValueKind.Object)
        {
            throw new BadRequestException("limits must be an object such as {\"fiveHour\": {\"usedPercent\": 41.5}}");
        }

        try
        {
            _ = JsonSerializer.SerializeToUtf8Bytes(given, ApiJson.Default.JsonElement);
            return given.GetRawText();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException)
        {
            throw new BadRequestException("limits holds text that is not valid Unicode");
        }
    }

    /// <summary>When it was so; now where it is not said.</summary>
    /// <param name="name">Of the property.</param>
    /// <exception cref="BadRequestException">It is no time, or one that has not come.</exception>
    public static DateTimeOffset Time(string name, string? text)
    {
        DateTimeOffset now = DateTimeOffset.UtcNow;
        DateTimeOffset time = now;
        if (text is not null && !ScopeReader.TryTime(text, out time))
        {
            throw new BadRequestException($"{name}: '{text}' is not a time such as 2026-01-31T09:30:00Z");
        }

        return time <= now + Limits.ScrapeAheadMax ? time
            : throw new BadRequestException($"{name}: '{text}' is in the future: look at the clock of the machine that tells it");
    }

    private static T? Parse<T>(ReadOnlySpan<byte> body, JsonTypeInfo<T> type)
    {
        var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = Limits.ScrapeDepthMax });
        T? post = JsonSerializer.Deserialize(ref reader, type);
        return reader.Read() ? throw new JsonException("there is more after it") : post;
    }
}
