using System.Globalization;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using OtelLite.Access;
using OtelLite.Privacy;
using OtelLite.Query;
using OtelLite.Telemetry;

namespace OtelLite.Dashboard;

/// <summary>Stores a reading with the one writer; the id is that of its row when it was committed.</summary>
/// <param name="waited">How long its client has waited already.</param>
internal delegate Task<(WriteResult Result, long Id)> WriteScrape(long scrapedAtUnixNano, string? source, string? limits, TimeSpan waited);

/// <summary>The figures over HTTP. Each answer is made on a read-only connection, from one snapshot.</summary>
internal sealed class Api
{
    private readonly Func<SqliteConnection> _openReader;
    private readonly WriteScrape _writeScrape;
    private readonly Func<string?> _trouble;
    private readonly LiveUpdates _live;
    private readonly IngestLog _log;
    private readonly string _version;
    private readonly CancellationToken _stopping;
    private readonly string? _retention;

    /// <param name="retention">How long raw rows are kept, as it was set; null: all are.</param>
    public Api(
        Func<SqliteConnection> openReader, WriteScrape writeScrape, Func<SessionPlace, TimeSpan, Task<WriteResult>> writePlace, Func<string?> trouble, LiveUpdates live,
        IngestLog log, string version, CancellationToken stopping, string? retention = null, Redaction? redaction = null)
    {
        _retention = retention;
        _openReader = openReader;
        _writeScrape = writeScrape;
        _trouble = trouble;
        _live = live;
        _log = log;
        _version = version;
        _stopping = stopping;
        ApiJson json = ApiJson.Default;
        var figures = new FigureAnswers(openReader);
        var posts = new SessionPosts(openReader, writePlace, redaction);
        Endpoints =
        [
            new("GET", "/healthz", "is the program running", () => json.HealthAnswer, c => Answers.Write(c, new HealthAnswer("ok", version), json.HealthAnswer)) { Open = true },
            new("GET", "/readyz", "can exports be stored; 503 while they can't", () => json.HealthAnswer, ServeReady) { Open = true },
            new("GET", "/api/summary", "the figures of a range", () => json.SummaryAnswer, ServeSummary) { Scoped = true },
            new("GET", "/api/now", "the active sessions and what they do, the pace, the day and the official limits", () => json.NowAnswer, figures.ServeNow)
            {
                Parameters = [ScopeReader.ZoneParameter],
            },
            new("GET", "/api/timeseries", "the figures of a range in time", () => json.TimeseriesAnswer, figures.ServeTimeseries)
            {
                Scoped = true,
                Parameters = [RequestedSeries.StepParameter],
            },
            new("GET", "/api/breakdown", "one figure of a range, in time, by what it is made of", () => json.BreakdownAnswer, figures.ServeBreakdown)
            {
                Scoped = true,
                Parameters =
                [
                    ("figure", $"{string.Join(", ", Measures.All.Select(m => m.Name))}; default tokens"),
                    ("by", $"{string.Join(", ", BreakdownQuery.Splits)}, or {BreakdownQuery.ResourcePrefix}KEY for an attribute of the resource; default model"),
                    RequestedSeries.StepParameter,
                    ("top", $"how many groups are told apart, at most {Limits.BreakdownTopMax}; default 8"),
                ],
            },
            new("GET", "/api/tools", "each tool of a range: calls, failures by kind, durations, decisions, sizes", () => json.ToolsAnswer, figures.ServeTools) { Scoped = true },
            new("GET", "/api/models", "each model of a range: cost, cache, errors, speed, and what it was for", () => json.ModelsAnswer, figures.ServeModels) { Scoped = true },
            new("GET", "/api/dimensions", "by what the figures of a range can be narrowed and split", () => json.Dimensions, figures.ServeDimensions) { Scoped = true },
            new("GET", "/api/sessions", "a page of the sessions that did something in a range, the one heard of last first unless asked otherwise", () => json.SessionList, ServeSessions)
            {
                Scoped = true,
                Parameters = SessionsReader.Parameters,
            },
            new("GET", "/api/sessions/{id}", "one session prompt by prompt, and whether its metrics and events agree", () => json.SessionDetails, ServeSession),
            new("POST", "/api/sessions/{id}", "takes where a session is at work, and its official limits; answers what a status line shows", () => json.StatusFigures, c => posts.Serve(c, IdIn(c)))
            {
                Body = () => json.SessionPost,
                Parameters = [ScopeReader.ZoneParameter],
            },
            new("GET", "/api/sessions/{id}/events", "what happened in a session, in time: prompts, requests, tools, decisions, errors, compactions", () => json.SessionEvents, ServeSessionEvents),
            new("GET", "/api/events/{id}", "all that one event says", () => json.EventAnswer, ServeEvent),
            new("GET", "/api/live", "server-sent events: the summary at once and after each commit", null, ServeLive) { Scoped = true },
            new("GET", "/api/ingest", "what arrived since the program started, what was refused and why, and whether the count adds up", () => json.IngestAnswer, ServeIngest),
            new("GET", "/api/scrapes", "the official usage readings, the newest first", () => json.ScrapesAnswer, ServeScrapes),
            new("POST", "/api/scrapes", "stores an official usage reading", () => json.ScrapeReading, StoreScrape) { Body = () => json.ScrapePost, Makes = true },
            new("GET", "/api/setup", "what to paste so that Claude Code exports here", () => json.SetupAnswer, ServeSetup),
        ];
    }

    public IReadOnlyList<ApiEndpoint> Endpoints { get; }

    private Task ServeReady(HttpContext context) => _trouble() is { } reason
        ? Answers.Write(context, new HealthAnswer("unavailable", _version, reason), ApiJson.Default.HealthAnswer, StatusCodes.Status503ServiceUnavailable)
        : Answers.Write(context, new HealthAnswer("ok", _version), ApiJson.Default.HealthAnswer);

    private Task ServeSummary(HttpContext context) => Answers.Write(context, Summary(context.Request.Query), ApiJson.Default.SummaryAnswer);

    private SummaryAnswer Summary(IQueryCollection query)
    {
        using SqliteConnection connection = _openReader();
        DateTimeOffset now = DateTimeOffset.UtcNow;
        RequestedScope requested = ScopeReader.Read(query, connection, now);
        UsageSummary figures = SummaryQuery.Read(connection, requested.Scope, now);
        DateTimeOffset? from = requested.From ?? RequestedSeries.FirstIn(requested.Scope, connection);
        return new SummaryAnswer(figures, requested, from, requested.To ?? now);
    }

    private Task ServeSessions(HttpContext context)
    {
        using SqliteConnection connection = _openReader();
        DateTimeOffset now = DateTimeOffset.UtcNow;
        RequestedScope requested = ScopeReader.Read(context.Request.Query, connection, now, SessionsReader.Names);
        SessionsAsked asked = SessionsReader.Read(context.Request.Query) with { Limit = ScopeReader.Count(context.Request.Query, "limit", 100, Limits.SessionsMax) };
        return Answers.Write(context, SessionsQuery.Read(connection, requested.Scope, asked, now), ApiJson.Default.SessionList);
    }

    private Task ServeSession(HttpContext context)
    {
        using SqliteConnection connection = _openReader();
        return SessionDetailsQuery.Read(connection, IdIn(context), DateTimeOffset.UtcNow) is { } details
            ? Answers.Write(context, details, ApiJson.Default.SessionDetails)
            : Answers.WriteProblem(context, StatusCodes.Status404NotFound, "there is no session of this id, or it did nothing; /api/sessions lists them");
    }

    private Task ServeSessionEvents(HttpContext context)
    {
        using SqliteConnection connection = _openReader();
        return Answers.Write(context, SessionEventsQuery.Read(connection, IdIn(context)), ApiJson.Default.SessionEvents);
    }

    private Task ServeEvent(HttpContext context)
    {
        using SqliteConnection connection = _openReader();
        if (!long.TryParse(IdIn(context), NumberStyles.None, CultureInfo.InvariantCulture, out long id) || SessionEventsQuery.ReadOne(connection, id) is not { } found)
        {
            return Answers.WriteProblem(context, StatusCodes.Status404NotFound, "there is no event of this id; it may have been removed");
        }

        try
        {
            // It is serialized before this returns, and sent afterwards.
            return Answers.Write(context, EventAnswer.Of(found), ApiJson.Default.EventAnswer);
        }
        finally
        {
            Pooled.Return(found.Attributes);
        }
    }

    // The server has undone the path's escapes already, all but that of the slash.
    private string IdIn(HttpContext context) =>
        Endpoints.Select(e => e.IdIn(context.Request.Path.Value!)).First(id => id is not null)!.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);

    private Task ServeIngest(HttpContext context)
    {
        using SqliteConnection connection = _openReader();
        using SqliteTransaction snapshot = connection.BeginTransaction(deferred: true);
        Stored stored = SummaryQuery.ReadStored(connection);
        Checks checks = ChecksQuery.ReadAll(connection, DateTimeOffset.UtcNow);
        (IngestCounts counts, IReadOnlyList<Arrivals> arrivals, IReadOnlyList<Refusal> refusals) = _log.Read();
        return Answers.Write(context, new IngestAnswer(
            _log.StartedAt, counts, arrivals, stored, refusals, checks, DatabaseFileQuery.Read(connection),
            new RetentionAnswer(_retention, DatabaseFileQuery.RemovedBefore(connection)), CaptureQuery.ReadAll(connection), _trouble()), ApiJson.Default.IngestAnswer);
    }

    private Task ServeScrapes(HttpContext context)
    {
        using SqliteConnection connection = _openReader();
        return Answers.Write(context, new ScrapesAnswer(ScrapesQuery.Newest(connection, Limits.ScrapesMax)), ApiJson.Default.ScrapesAnswer);
    }

    private async Task StoreScrape(HttpContext context)
    {
        ScrapePost post = await PostedJson.Read(
            context.Request, ApiJson.Default.ScrapePost, "a reading such as {\"scrapedAt\": \"2026-01-31T09:30:00Z\", \"source\": \"my-scraper\"}").ConfigureAwait(false);
        DateTimeOffset scrapedAt = PostedJson.Time("scrapedAt", post.ScrapedAt);
        (WriteResult result, long id) = await _writeScrape(UnixNano.From(scrapedAt), post.Source, PostedJson.LimitsText(post.Limits), DashboardSite.Waited(context)).ConfigureAwait(false);
        if (result.Outcome != WriteOutcome.Committed)
        {
            await Answers.WriteNotStored(context, "the reading", result).ConfigureAwait(false);
            return;
        }

        using SqliteConnection connection = _openReader();
        await Answers.Write(context, ScrapesQuery.ById(connection, id)!, ApiJson.Default.ScrapeReading, StatusCodes.Status201Created).ConfigureAwait(false);
    }

    // With the token that asks for it, if that is good for it: nobody learns another.
    private Task ServeSetup(HttpContext context) => Answers.Write(
        context,
        ExportBlock.Answer($"{context.Request.Scheme}://{context.Request.Host}", context.Features.Get<Caller>() is { MayExport: true } caller ? caller.Token : "TOKEN"),
        ApiJson.Default.SetupAnswer);

    private async Task ServeLive(HttpContext context)
    {
        if (!_live.TryEnter())
        {
            await Answers.WriteProblem(context, StatusCodes.Status503ServiceUnavailable, $"{Limits.LiveClientsMax} pages are open already; close one").ConfigureAwait(false);
            return;
        }

        try
        {
            using var stream = new EventStream(context, _stopping, context.Features.Get<Caller>()?.Revoked ?? CancellationToken.None);
            await stream.Follow(_live, () => Summary(context.Request.Query)).ConfigureAwait(false);
        }
        finally
        {
            _live.Leave();
        }
    }
}
