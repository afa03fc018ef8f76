using System.Globalization;
using System.Text;
using System.Text.Json;

namespace OtelLite.StatusLine;

/// <summary>One of the plan's limits.</summary>
internal readonly record struct PlanLimit(double UsedPercent, DateTimeOffset? ResetsAt);

/// <summary>What Claude Code hands to its status-line command and its hooks, as far as it is of use here. What it does not say is null.</summary>
/// <param name="CostUsd">Of the session, as Claude Code counts it.</param>
internal sealed record ToldSession(string SessionId)
{
    public string? Folder { get; init; }

    public string? Repository { get; init; }

    public string? Branch { get; init; }

    public string? PullRequest { get; init; }

    public string? Name { get; init; }

    public string? Model { get; init; }

    public double? CostUsd { get; init; }

    public double? ContextPercent { get; init; }

    public PlanLimit? FiveHour { get; init; }

    public PlanLimit? SevenDay { get; init; }

    /// <summary>All that Claude Code writes on stdin; what is too long to be a document of its is none.</summary>
    public static byte[] ReadInput()
    {
        if (!Console.IsInputRedirected)
        {
            return [];
        }

        using Stream input = Console.OpenStandardInput();
        byte[] buffer = new byte[Limits.ToldBytesMax + 1];
        int length = input.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
        return length > Limits.ToldBytesMax ? [] : buffer[..length];
    }

    /// <summary>Reads the document; null when it is none of Claude Code's.</summary>
    /// <param name="projectFolder">What Claude Code says beside it of where the session was started.</param>
    public static ToldSession? Read(ReadOnlyMemory<byte> json, string? projectFolder)
    {
        try
        {
            using JsonDocument document = JsonText.Document(json);
            JsonElement root = document.RootElement;
            return root.ValueKind == JsonValueKind.Object && Text(root, "session_id") is { } id && !string.IsNullOrWhiteSpace(id) ? Read(root, id, projectFolder) : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>The same as the body of <c>POST /api/sessions/{id}</c>.</summary>
    /// <param name="source">Who tells the limits.</param>
    public byte[] ToPost(string source)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            foreach ((string name, string? value) in ((string, string?)[])
                [("folder", Folder), ("repository", Repository), ("branch", Branch), ("pullRequest", PullRequest), ("name", Name)])
            {
                if (value is not null)
                {
                    json.WriteString(name, value);
                }
            }

            if (FiveHour is not null || SevenDay is not null)
            {
                json.WriteString("source", source);
                json.WriteStartObject("limits");
                Write(json, "fiveHour", FiveHour);
                Write(json, "sevenDay", SevenDay);
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        return bytes.ToArray();
    }

    private static void Write(Utf8JsonWriter json, string name, PlanLimit? limit)
    {
        if (limit is { } told)
        {
            json.WriteStartObject(name);
            json.WriteNumber("usedPercent", told.UsedPercent);
            if (told.ResetsAt is { } at)
            {
                json.WriteString("resetsAt", at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
            }

            json.WriteEndObject();
        }
    }

    private static ToldSession Read(JsonElement root, string id, string? projectFolder)
    {
        // While it compacts its folder may be one that it went to since.
        string? folder = Text(root, "workspace", "project_dir") ?? projectFolder ?? (Text(root, "source") == "compact" ? null : Text(root, "cwd"));
        // Of the folder that it was started in: where it goes meanwhile may be another checkout.
        GitCheckout git = (folder ?? Text(root, "cwd")) is { } at ? GitCheckout.Of(at) : default;
        string? owner = Text(root, "workspace", "repo", "owner"), repository = Text(root, "workspace", "repo", "name");
        return new ToldSession(id)
        {
            Folder = folder,
            Repository = repository is null ? git.Repository : owner is null ? repository : $"{owner}/{repository}",
            Branch = Text(root, "worktree", "branch") ?? git.Branch,
            PullRequest = Text(root, "pr", "number") ?? Text(root, "pr", "url"),
            Name = Text(root, "session_name"),
            Model = Text(root, "model", "display_name") ?? Text(root, "model", "id") ?? Text(root, "model"),
            CostUsd = Number(root, "cost", "total_cost_usd"),
            ContextPercent = Number(root, "context_window", "used_percentage"),
            FiveHour = Limit(root, "five_hour"),
            SevenDay = Limit(root, "seven_day"),
        };
    }

    private static PlanLimit? Limit(JsonElement root, string name) => Number(root, "rate_limits", name, "used_percentage") is { } used
        ? new PlanLimit(used, Number(root, "rate_limits", name, "resets_at") is >= 0 and < 253402300800 and var at ? DateTimeOffset.FromUnixTimeSeconds((long)at) : null)
        : null;

    private static JsonElement? At(JsonElement element, ReadOnlySpan<string> path)
    {
        foreach (string name in path)
        {
            if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty(name, out element))
            {
                return null;
            }
        }

        return element;
    }

    private static string? Text(JsonElement root, params ReadOnlySpan<string> path) => At(root, path) switch
    {
        { ValueKind: JsonValueKind.String } text => text.GetString() is { Length: > 0 and <= Limits.PlaceCharactersMax } said ? said : null,
        { ValueKind: JsonValueKind.Number } number => number.GetRawText(),
        _ => null,
    };

    private static double? Number(JsonElement root, params ReadOnlySpan<string> path) =>
        At(root, path) is { ValueKind: JsonValueKind.Number } number && number.TryGetDouble(out double value) && double.IsFinite(value) ? value : null;
}
