using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using OtelLite.Dashboard;
using OtelLite.Query;

namespace OtelLite.Tests.Dashboard;

/// <summary>The stream that an open page follows.</summary>
public sealed class LiveTests
{
    private sealed record Message(string Event, string Data)
    {
        public JsonNode Json => JsonNode.Parse(Data)!;
    }

    /// <summary>One open stream, read message by message.</summary>
    private sealed class Page(HttpResponseMessage answer, StreamReader reader) : IDisposable
    {
        public static async Task<Page> Open(RunningServer server, string query = "")
        {
            HttpResponseMessage answer = await server.Http.GetAsync(new Uri($"{server.Url}/api/live{query}"), HttpCompletionOption.ResponseHeadersRead);
            return new Page(answer, new StreamReader(await answer.Content.ReadAsStreamAsync()));
        }

        public HttpResponseMessage Answer => answer;

        public async Task<Message?> Read()
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));
            string name = "", data = "";
            while (await reader.ReadLineAsync(patience.Token) is { } line)
            {
                if (line.StartsWith("event: ", StringComparison.Ordinal))
                {
                    name = line[7..];
                }
                else if (line.StartsWith("data: ", StringComparison.Ordinal))
                {
                    data = line[6..];
                }
                else if (line.Length == 0 && data.Length > 0)
                {
                    return new Message(name, data);
                }
            }

            return null;
        }

        public void Dispose()
        {
            reader.Dispose();
            answer.Dispose();
        }
    }

    [Fact]
    public async Task The_figures_come_at_once_and_again_within_a_second_of_a_commit()
    {
        await using RunningServer server = await RunningServer.Start();
        using Page page = await Page.Open(server);
        Assert.Equal("text/event-stream", page.Answer.Content.Headers.ContentType!.ToString());
        Assert.True(page.Answer.Headers.CacheControl!.NoStore);
        Message first = (await page.Read())!;
        Assert.Equal("summary", first.Event);
        Assert.Equal(0, (int)first.Json["commits"]!);

        for (int i = 1; i <= 3; i++)
        {
            await server.Post("/v1/metrics", Exports.Commit(Exports.Noon + i));
            var watch = Stopwatch.StartNew();
            Message next = (await page.Read())!;
            Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(1));
            Assert.Equal(i, (int)next.Json["commits"]!);
        }
    }

    [Fact]
    public async Task A_message_has_what_the_summary_has()
    {
        await using RunningServer server = await RunningServer.Start();
        await server.Replay(Recorded.Bodies("json", "s02"));
        string session = Recorded.Expected("json").Single(t => t.Capture == "s02").SessionId;
        using Page page = await Page.Open(server, $"?session={session}&tz=UTC");
        JsonNode live = (await page.Read())!.Json, summary = await server.Get($"/api/summary?session={session}&tz=UTC");
        live.AsObject().Remove("to");
        summary.AsObject().Remove("to");
        Assert.Equal(summary.ToJsonString(), live.ToJsonString());
    }

    [Fact]
    public async Task A_narrowed_page_sees_its_own_figures_only()
    {
        await using RunningServer server = await RunningServer.Start();
        using Page page = await Page.Open(server, "?session=mine");
        await page.Read();
        await server.Post("/v1/metrics", Exports.Commit(session: "theirs"));
        Assert.Equal(0, (int)(await page.Read())!.Json["commits"]!);
        await server.Post("/v1/metrics", Exports.Commit(session: "mine"));
        Assert.Equal(1, (int)(await page.Read())!.Json["commits"]!);
    }

    [Fact]
    public async Task A_new_reading_is_news_too()
    {
        await using RunningServer server = await RunningServer.Start();
        using Page page = await Page.Open(server, "?since=scrape");
        Assert.Equal("midnight", (string)(await page.Read())!.Json["since"]!);
        await server.Post("/api/scrapes", "{}");
        Assert.Equal("scrape", (string)(await page.Read())!.Json["since"]!);
    }

    [Fact]
    public async Task An_export_that_came_before_is_no_news()
    {
        await using RunningServer server = await RunningServer.Start();
        await server.Post("/v1/metrics", Exports.Commit());
        using Page page = await Page.Open(server);
        await page.Read();
        await server.Post("/v1/metrics", Exports.Commit());
        await server.Post("/v1/metrics", "{}");
        await server.Post("/v1/metrics", Exports.Commit(Exports.Noon + 1));
        Assert.Equal(2, (int)(await page.Read())!.Json["commits"]!);
    }

    [Fact]
    public async Task A_stopping_server_says_so_and_stops_without_waiting_for_the_page()
    {
        await using RunningServer server = await RunningServer.Start();
        using Page page = await Page.Open(server);
        await page.Read();
        var watch = Stopwatch.StartNew();
        Task stop = server.Stop(keepClient: true);
        Assert.Equal("closing", (await page.Read())!.Event);
        Assert.Null(await page.Read());
        await stop;
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, Limits.StopTimeout - TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task A_wrong_parameter_is_a_problem_and_no_stream()
    {
        await using RunningServer server = await RunningServer.Start();
        using Page page = await Page.Open(server, "?nosuch=1");
        Assert.Equal(HttpStatusCode.BadRequest, page.Answer.StatusCode);
        Assert.Equal("application/problem+json", page.Answer.Content.Headers.ContentType!.MediaType);
    }

    [Fact]
    public async Task One_page_too_many_is_503_until_another_closes()
    {
        await using RunningServer server = await RunningServer.Start();
        List<Page> pages = [];
        for (int i = 0; i < Limits.LiveClientsMax; i++)
        {
            pages.Add(await Page.Open(server));
            Assert.Equal(HttpStatusCode.OK, pages[i].Answer.StatusCode);
        }

        using (Page tooMany = await Page.Open(server))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, tooMany.Answer.StatusCode);
        }

        pages[0].Dispose();
        HttpStatusCode status = HttpStatusCode.ServiceUnavailable;
        for (int tries = 0; tries < 100 && status != HttpStatusCode.OK; tries++)
        {
            using Page next = await Page.Open(server);
            status = next.Answer.StatusCode;
            await Task.Delay(20);
        }

        Assert.Equal(HttpStatusCode.OK, status);
        pages.ForEach(p => p.Dispose());
    }

    [Fact]
    public async Task No_secret_is_on_the_stream()
    {
        await using RunningServer server = await RunningServer.Start();
        await server.Replay(Recorded.Bodies("json", "s02"));
        using Page page = await Page.Open(server);
        string data = (await page.Read())!.Data;
        Assert.DoesNotContain(RunningServer.TestToken, data, StringComparison.Ordinal);
        Assert.DoesNotContain(server.DataDir, data, StringComparison.Ordinal);
        foreach (string secret in (string[])["user.id", "user.email", "user.account_uuid", "organization.id", "prompt_text"])
        {
            Assert.DoesNotContain(secret, data, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_commit_while_the_first_figures_are_read_is_not_missed()
    {
        await using RunningServer server = await RunningServer.Start();
        var context = new DefaultHttpContext();
        using var body = new MemoryStream();
        context.Response.Body = body;
        using var stop = new CancellationTokenSource();
        var live = new LiveUpdates();
        int asked = 0;
        SummaryAnswer Ask()
        {
            if (++asked == 1)
            {
                live.Tell();
            }
            else
            {
                stop.Cancel();
            }

            return Nothing();
        }

        using var stream = new EventStream(context, stop.Token);
        Task follow = stream.Follow(live, Ask);
        await follow.WaitAsync(TimeSpan.FromSeconds(5));
        Assert.Equal(2, asked);
    }

    [Fact]
    public async Task Commits_that_follow_each_other_closely_are_told_together()
    {
        var live = new LiveUpdates();
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        int asked = 0;
        await Follow(live, stop, () =>
        {
            asked++;
            live.Tell();
            return Nothing();
        });
        Assert.InRange(asked, 3, (int)(TimeSpan.FromSeconds(2) / Limits.LiveInterval) + 2);
    }

    [Fact]
    public async Task A_stream_that_has_nothing_to_tell_says_that_it_lives()
    {
        using var stop = new CancellationTokenSource(Limits.LiveKeepAlive + TimeSpan.FromSeconds(2));
        string said = await Follow(new LiveUpdates(), stop, Nothing);
        Assert.Single(said.Split('\n'), "event: here");
    }

    // All that a stream says until it is stopped.
    private static async Task<string> Follow(LiveUpdates live, CancellationTokenSource stop, Func<SummaryAnswer> ask)
    {
        var context = new DefaultHttpContext();
        using var body = new MemoryStream();
        context.Response.Body = body;
        using var stream = new EventStream(context, stop.Token);
        await stream.Follow(live, ask);
        return System.Text.Encoding.UTF8.GetString(body.ToArray());
    }

    private static SummaryAnswer Nothing()
    {
        var figures = new UsageSummary
        {
            Tokens = new Tokens(0, 0, 0, 0),
            CostUsd = 0,
            Auxiliary = new WithoutDetail(new Tokens(0, 0, 0, 0), 0),
            NoRequestDetail = new WithoutDetail(new Tokens(0, 0, 0, 0), 0),
            Sessions = new SessionCounts(0, 0),
            ApiRequests = 0,
            ApiErrors = 0,
            Prompts = 0,
            PromptKinds = new PromptKinds(0, 0, 0),
            Checks = new Checks(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
            LinesOfCode = new LinesOfCode(0, 0),
            Commits = 0,
            PullRequests = 0,
            ActiveSeconds = new ActiveSeconds(0, 0),
            EditDecisions = new EditDecisions(0, 0),
            Models = [],
            Tools = [],
            Stored = new Stored(0, 0, 0, null, null, null, null),
        };
        return new SummaryAnswer(figures, new RequestedScope(new Scope(), null, null, null, TimeZoneInfo.Utc, null), null, DateTimeOffset.UnixEpoch);
    }
}
