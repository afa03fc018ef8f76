using System.Text.Json;
using Microsoft.Data.Sqlite;
using OtelLite.Privacy;
using OtelLite.Query;
using OtelLite.Telemetry;

namespace OtelLite.Dashboard;

/// <summary>What Claude Code's status line or hook tells of a session; everything is optional.</summary>
internal sealed record SessionPost
{
    /// <summary>RFC 3339; now where it is not said.</summary>
    public string? ToldAt { get; init; }

    /// <summary>Where the session was started.</summary>
    public string? Folder { get; init; }

    /// <summary>As owner/name.</summary>
    public string? Repository { get; init; }

    public string? Branch { get; init; }

    public string? PullRequest { get; init; }

    /// <summary>What the session is called.</summary>
    public string? Name { get; init; }

    /// <summary>Who tells the limits.</summary>
    public string? Source { get; init; }

    /// <summary>As in an official reading.</summary>
    public JsonElement? Limits { get; init; }
}

/// <summary>Takes what is told of a session beside its export, and answers with what a status line shows.</summary>
internal sealed class SessionPosts(Func<SqliteConnection> openReader, Func<SessionPlace, TimeSpan, Task<WriteResult>> write, Redaction? redaction)
{
    private const string What = "what is told of a session, such as {\"folder\": \"/home/me/work\", \"branch\": \"main\"}";

    /// <param name="id">The session's.</param>
    public async Task Serve(HttpContext context, string id)
    {
        TimeZoneInfo zone = ScopeReader.ReadZone(context.Request.Query);
        SessionPost post = await PostedJson.Read(context.Request, ApiJson.Default.SessionPost, What).ConfigureAwait(false);
        SessionPlace place = Redacted(PlaceOf(id, post));
        id = place.SessionId;
        DateTimeOffset now = DateTimeOffset.UtcNow;
        StatusFigures figures;
        bool isKnown;
        using (SqliteConnection connection = openReader())
        {
            figures = StatusFigures.Read(connection, id, Calendar.StartOfDay(Calendar.DayOf(now, zone), zone), now);
            if (place.Limits is not null && !LimitReading.IsNews(post.Limits!.Value, UnixNano.ToTime(place.ToldUnixNano), ScrapesQuery.NewestWithLimits(connection, 1)))
            {
                place = place with { Limits = null };
            }

            isKnown = SessionPlacesQuery.IsKnown(connection, place);
        }

        // Most calls tell nothing new, and no status line waits for a disk then.
        WriteResult result = isKnown ? new WriteResult(WriteOutcome.Committed) : await write(place, DashboardSite.Waited(context)).ConfigureAwait(false);
        await (result.Outcome == WriteOutcome.Committed
            ? Answers.Write(context, figures, ApiJson.Default.StatusFigures)
            : Answers.WriteNotStored(context, "what is told of the session", result)).ConfigureAwait(false);
    }

    // What an export says of the same is redacted by these names.
    private SessionPlace Redacted(SessionPlace place) => redaction is null ? place : place with
    {
        SessionId = redaction.Of(place.SessionId, ClaudeCode.Attributes.Spell(AttributeName.SessionId))!,
        Folder = redaction.Of(place.Folder, ClaudeCode.Attributes.Spell(AttributeName.Cwd)),
        Repository = redaction.Of(place.Repository, ClaudeCode.Attributes.Spell(AttributeName.RepositoryName)),
        Branch = redaction.Of(place.Branch, ClaudeCode.Attributes.Spell(AttributeName.HeadName)),
        PullRequest = redaction.Of(place.PullRequest, "pull_request"u8),
        Name = redaction.Of(place.Name, "session.name"u8),
    };

    private static SessionPlace PlaceOf(string id, SessionPost post) => new(
        Text("the session's id", id) ?? throw new BadRequestException("the session's id is blank"), UnixNano.From(PostedJson.Time("toldAt", post.ToldAt)))
    {
        Folder = Text("folder", post.Folder),
        Repository = Text("repository", post.Repository),
        Branch = Text("branch", post.Branch),
        PullRequest = Text("pullRequest", post.PullRequest),
        Name = Text("name", post.Name),
        Source = Text("source", post.Source),
        Limits = PostedJson.LimitsText(post.Limits),
    };

    // What says nothing is not told.
    private static string? Text(string name, string? text) => text is { Length: > Limits.PlaceCharactersMax }
        ? throw new BadRequestException($"{name}: it may have at most {Limits.PlaceCharactersMax} characters")
        : string.IsNullOrWhiteSpace(text) ? null : text;
}
