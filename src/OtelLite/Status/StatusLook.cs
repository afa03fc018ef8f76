using System.Net;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using OtelLite.Query;
using OtelLite.Storage;

namespace OtelLite.Status;

/// <summary>Looks whether OtelLite runs where the settings say, and what its file holds. It changes nothing: it makes no folder, no file and no token.</summary>
internal static class StatusLook
{
    public static StatusReport At(Options options)
    {
        RunningServer server = Ask(options, out string? askProblem);
        if (!server.IsRunning && FolderHold.Of(options.DataDir) is { } holder)
        {
            // It was started with other addresses than we were told, or it hangs.
            RunningServer there = Ask(options with { Urls = holder.Urls is [] ? options.Urls : [.. holder.Urls.Select(Options.Url)] }, out askProblem);
            server = there.IsRunning ? there : server with { Urls = there.Urls, HangingProcess = holder.ProcessId };
        }

        StoredDatabase? database = Read(options.DataDir, out string? fileProblem);
        return new StatusReport(server, database, askProblem ?? fileProblem);
    }

    private static RunningServer Ask(Options options, out string? problem)
    {
        problem = null;
        string[] places = [.. options.Urls.Select(u => $"{(u.IsTls ? "https" : "http")}://{u.Host}:{u.Port}")];
        List<string> answering = [];
        JsonElement? health = null;
        for (int i = 0; i < places.Length; i++)
        {
            if (Health(options.Urls[i]) is { } found)
            {
                health ??= found;
                answering.Add(places[i]);
            }
        }

        if (health is not { } ready)
        {
            return new RunningServer(false, false, null, null, null, places, [], null, null, null);
        }

        List<int> http = [.. answering.Select(u => new Uri(u).Port)];
        if (options.OtlpHttpPort > 0 && Health(new ListenUrl("localhost", [IPAddress.Loopback, IPAddress.IPv6Loopback], options.OtlpHttpPort)) is not null)
        {
            http.Add(options.OtlpHttpPort);
        }

        var server = new RunningServer(
            true, Text(ready, "status") == "ok", Text(ready, "reason"), Text(ready, "version"), null, answering, [.. http.Distinct()],
            options.OtlpGrpcPort > 0 && ServerAnswer.IsOpen(IPAddress.Loopback, options.OtlpGrpcPort) ? options.OtlpGrpcPort : null, null, null);
        return WithItsLog(server, options.Urls[Array.IndexOf(places, answering[0])], TokenOf(options), out problem);
    }

    /// <summary>What OtelLite says of its health there; null where nothing answers, or something that is not OtelLite.</summary>
    public static JsonElement? Health(ListenUrl url) =>
        ServerAnswer.Get(url, "/readyz", null) is { Status: 200 or 503 } answer && Parse(answer.Body) is { } json && Text(json, "version") is not null && Text(json, "status") is not null
            ? json
            : null;

    private static RunningServer WithItsLog(RunningServer server, ListenUrl url, string? token, out string? problem)
    {
        ServerAnswer? answer = token is null ? null : ServerAnswer.Get(url, "/api/ingest", token);
        problem = token is null ? "the data folder holds no token, so the running server was not asked for more."
            : answer is { Status: 401 } ? "the running server has another token: it was started with other settings (--data-dir, --token)."
            : null;
        if (answer is not { Status: 200 } || Parse(answer.Value.Body) is not { } log)
        {
            return server;
        }

        return server with
        {
            StartedAt = log.TryGetProperty("startedAt", out JsonElement startedAt) && startedAt.TryGetDateTimeOffset(out DateTimeOffset at) ? at : null,
            LastRefusal = Refusals(log).FirstOrDefault(r => !r.IsDoctors()),
        };
    }

    /// <summary>Those that the server remembers, the newest first.</summary>
    public static IReadOnlyList<RefusedExport> Refusals(JsonElement? ingest)
    {
        List<RefusedExport> refusals = [];
        if (ingest is { } json && json.TryGetProperty("refusals", out JsonElement all) && all.ValueKind == JsonValueKind.Array)
        {
            for (int i = 0; i < all.GetArrayLength(); i++)
            {
                refusals.Add(all[i].Deserialize(StatusJson.Default.RefusedExport)!);
            }
        }

        return refusals;
    }

    /// <summary>The token of the settings, else the data folder's; null where there is none.</summary>
    public static string? TokenOf(Options options)
    {
        try
        {
            return options.Token ?? Token.Existing(options.DataDir);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            return null;
        }
    }

    private static StoredDatabase? Read(string dataDir, out string? problem)
    {
        problem = null;
        try
        {
            using SqliteConnection connection = StoredFile.Open(dataDir);
            DatabaseFile file = DatabaseFileQuery.Read(connection);
            Stored stored = SummaryQuery.ReadStored(connection);
            return new StoredDatabase(
                connection.DataSource, file.Bytes, file.WalBytes, file.FreeBytes, file.SchemaVersion, DatabaseFileQuery.RemovedBefore(connection),
                new StoredSignal(stored.Metrics, stored.LastMetricAt), new StoredSignal(stored.Events, stored.LastEventAt), new StoredSignal(stored.Spans, stored.LastSpanAt), file.Damaged);
        }
        catch (StorageException e)
        {
            problem = e.Message;
        }
        catch (SqliteException e)
        {
            problem = $"the database can't be read now: {e.Message}";
        }

        return null;
    }

    /// <summary>An object of JSON; null for what is none.</summary>
    public static JsonElement? Parse(string json)
    {
        try
        {
            using JsonDocument document = JsonText.Document(json);
            return document.RootElement is { ValueKind: JsonValueKind.Object } element ? element.Clone() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>What a google.rpc.Status in JSON says; null for what is none.</summary>
    public static string? MessageIn(string body) => Parse(body) is { } status ? Text(status, "message") : null;

    /// <summary>A member that is text; null where it is missing or something else.</summary>
    public static string? Text(JsonElement json, string name) =>
        json.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
