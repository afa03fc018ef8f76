using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Data.Sqlite;
using OtelLite.Dashboard;
using OtelLite.Query;
using OtelLite.Storage;

namespace OtelLite.Tests.Dashboard;

/// <summary>What is told of a session beside its export: kept, shown with its figures, and by what these can be split.</summary>
public sealed class SessionPostsTests : IAsyncLifetime
{
    private RunningServer _server = null!;

    public async Task InitializeAsync() => _server = await RunningServer.Start();

    public async Task DisposeAsync() => await _server.DisposeAsync();

    private async Task<(HttpStatusCode Status, JsonNode Body)> Tell(string session, string json)
    {
        using var content = new StringContent(json, Encoding.UTF8, "application/json");
        using HttpResponseMessage answer = await _server.Http.PostAsync(new Uri($"{_server.Url}/api/sessions/{session}"), content);
        return (answer.StatusCode, JsonNode.Parse(await answer.Content.ReadAsStringAsync())!);
    }

    private async Task<string> Place(string session)
    {
        JsonNode told = (await _server.Get($"/api/sessions/{session}"))["session"]!;
        return string.Join('|', new[] { "project", "repository", "branch", "folder", "pullRequest", "name" }.Select(k => (string?)told[k]));
    }

    private async Task Export(string session, string id) =>
        (await _server.Post("/v1/logs", Exports.Request(DateTimeOffset.UtcNow.ToUnixTimeSeconds(), session, id: id))).Dispose();

    [Fact]
    public async Task What_is_told_before_and_after_the_first_export_is_shown_with_the_session()
    {
        (HttpStatusCode status, JsonNode figures) = await Tell("a", """{"folder":"/home/me/work","branch":"main","name":"first"}""");
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal((0.0, null), ((double)figures["todayUsd"]!, (double?)figures["sessionUsd"]));
        Assert.Equal(0, (int)(await _server.Get("/api/summary"))["sessions"]!["total"]!);
        await Export("a", "r1");
        Assert.Equal("work||main|/home/me/work||first", await Place("a"));
        (_, figures) = await Tell("a", """{"repository":"me/tool","branch":"next","pullRequest":"7","name":" "}""");
        Assert.Equal("tool|me/tool|next|/home/me/work|7|first", await Place("a"));
        Assert.Equal((0.25, 15, 0.25), ((double)figures["todayUsd"]!, (long)figures["todayTokens"]!, (double)figures["sessionUsd"]!));
        Assert.Equal(3, (double)figures["tokensPerMinute"]!);
    }

    [Fact]
    public async Task What_is_told_late_fills_what_is_missing_and_replaces_nothing()
    {
        await Export("a", "r1");
        await Tell("a", """{"toldAt":"2026-01-15T12:00:00Z","branch":"new"}""");
        await Tell("a", """{"toldAt":"2026-01-15T11:00:00Z","branch":"old","folder":"/f"}""");
        Assert.Equal("f||new|/f||", await Place("a"));
    }

    [Fact]
    public async Task Figures_are_narrowed_and_split_by_repository_and_branch_and_nothing_is_lost()
    {
        foreach ((string session, string place) in ((string, string)[])[("a", """{"repository":"me/one","branch":"main"}"""), ("b", """{"repository":"me/two","branch":"main"}"""), ("c", "{}")])
        {
            await Export(session, "r");
            await Tell(session, place);
        }

        Assert.Equal(0.5, (double)(await _server.Get("/api/summary?branch=main"))["costUsd"]!);
        Assert.Equal(0.25, (double)(await _server.Get("/api/summary?repository=me/one&branch=main"))["costUsd"]!);
        Assert.Equal(0, (double)(await _server.Get("/api/summary?repository=me/one&branch=other"))["costUsd"]!);
        Assert.Equal("main:0.5,:0.25", await Split("branch"));
        Assert.Equal(":0.25,me/one:0.25,me/two:0.25", await Split("repository"));
        JsonNode dimensions = await _server.Get("/api/dimensions");
        Assert.Equal("""["me/one","me/two"]""", dimensions["repositories"]!.ToJsonString());
        Assert.Equal("""["main"]""", dimensions["branches"]!.ToJsonString());
        Assert.Equal(2, (int)(await _server.Get("/api/sessions?text=ME/"))["total"]!);

        async Task<string> Split(string by)
        {
            JsonNode answer = await _server.Get($"/api/breakdown?figure=costUsd&by={by}");
            Assert.Equal(0.75, (double)answer["total"]!);
            return string.Join(',', answer["groups"]!.AsArray().Select(g => $"{g!["name"]}:{g["total"]}"));
        }
    }

    [Theory]
    [InlineData("a 10 in 5h, a 10 in 5h", "10")]
    [InlineData("a 10 in 5h, b 60 in 5h, c 10 in 5h", "60 10")] // a new id with what an old answer said
    [InlineData("a 10 in 5h, b 10 in 5h", "10")]
    [InlineData("a 60 in 1h, a 2 in 6h", "2 60")] // the window began anew
    [InlineData("a 2 in 6h, b 60 in 1h", "2")]
    [InlineData("a 10 in 5h, a 90 ago 1h", "10")]
    public async Task Limits_are_a_reading_where_they_say_more_than_the_newest(string told, string readings)
    {
        foreach (string one in told.Split(", "))
        {
            string[] words = one.Split(' ');
            TimeSpan left = TimeSpan.FromHours(int.Parse(words[3].TrimEnd('h'), System.Globalization.CultureInfo.InvariantCulture)) * (words[2] == "in" ? 1 : -1);
            string limits = $"{{\"usedPercent\":{words[1]},\"resetsAt\":\"{DateTime.UtcNow + left:yyyy-MM-dd'T'HH:mm:ss'Z'}\"}}";
            Assert.Equal(HttpStatusCode.OK, (await Tell(words[0], $"{{\"source\":\"s\",\"limits\":{{\"fiveHour\":{limits}}}}}")).Status);
        }

        JsonArray stored = (await _server.Get("/api/scrapes"))["scrapes"]!.AsArray();
        Assert.Equal(readings, string.Join(' ', stored.Select(r => (double)r!["limits"]!["fiveHour"]!["usedPercent"]!)));
        Assert.All(stored, r => Assert.Equal("s", (string)r!["source"]!));
    }

    [Fact]
    public void Ends_of_windows_that_differ_by_less_than_minutes_are_one()
    {
        DateTimeOffset now = DateTimeOffset.UtcNow, end = now.AddHours(5);
        ScrapeReading[] newest = [new(1, now.AddMinutes(-1), now, null, Limit(10, end))];
        Assert.False(LimitReading.IsNews(Limit(10, end + Limits.SameWindow), now, newest));
        Assert.True(LimitReading.IsNews(Limit(10, end + Limits.SameWindow + TimeSpan.FromSeconds(1)), now, newest));
        Assert.False(LimitReading.IsNews(Limit(90, end), now.AddMinutes(-2), newest));
        Assert.True(LimitReading.IsNews(Limit(0, end), now, []));

        static JsonElement Limit(int used, DateTimeOffset at) => JsonSerializer.SerializeToElement(
            new { fiveHour = new { usedPercent = used, resetsAt = at.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'", System.Globalization.CultureInfo.InvariantCulture) } });
    }

    [Theory]
    [InlineData("/work/app|org/app-core", "/work/app|", "app-core")]
    [InlineData("/work/app/|", "|", "app")]
    [InlineData(@"C:\work\app|", "|", "app")]
    [InlineData("/|", "|", "")]
    public async Task A_project_is_the_repositorys_name_or_else_the_folders_whatever_was_told_last(string first, string then, string project)
    {
        await Export("a", "r1");
        foreach (string[] told in new[] { first.Split('|'), then.Split('|') })
        {
            await Tell("a", JsonSerializer.Serialize(new { folder = told[0], repository = told[1] }));
        }

        Assert.Equal(project, (await Place("a")).Split('|')[0]);
    }

    [Fact]
    public async Task A_blank_id_is_refused() => Assert.Equal(HttpStatusCode.BadRequest, (await Tell("%20", "{}")).Status);

    [Fact]
    public async Task A_recount_leaves_it_where_it_is_and_the_exports_own_project_goes_before()
    {
        await Tell("a", """{"folder":"/home/me/work","branch":"main"}""");
        await Export("a", "r1");
        await Tell("b", """{"folder":"/home/me/other"}""");
        (await _server.Post("/v1/logs", Exports.Request(session: "b").Replace(
            """{"key":"session.id",""", """{"key":"vcs.repository.name","value":{"stringValue":"exported"}},{"key":"session.id",""", StringComparison.Ordinal))).Dispose();
        Assert.Equal("exported||||/home/me/other|", Reordered(await Place("b")));
        await _server.Stop();
        Recount.Run(_server.DataDir, Durability.Full);
        using SqliteConnection file = Database.OpenReader(_server.DataDir);
        using SqliteCommand command = file.CreateCommand();
        command.CommandText = "SELECT group_concat(session_id || ' ' || project || ' ' || coalesce(branch, '-') || ' ' || cost_nano_usd, ', ' ORDER BY session_id) FROM usage_session";
        Assert.Equal("a work main 250000000, b exported - 250000000", command.ExecuteScalar());

        static string Reordered(string place) => place.Split('|') is [var project, var repository, var branch, var folder, var pull, var name]
            ? $"{project}|{repository}|{branch}|{pull}|{folder}|{name}" : place;
    }

    [Theory]
    [InlineData("[]", "an object|what is told of a session")]
    [InlineData("null", "null where an object was expected")]
    [InlineData("""{"folder":7}""", "what is told of a session")]
    [InlineData("""{"limits":[1]}""", "limits must be an object")]
    [InlineData("""{"toldAt":"soon"}""", "toldAt: 'soon' is not a time")]
    [InlineData("""{"toldAt":"2099-01-01T00:00:00Z"}""", "is in the future")]
    public async Task What_makes_no_sense_is_refused_with_a_reason(string json, string reason)
    {
        (HttpStatusCode status, JsonNode problem) = await Tell("a", json);
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains(reason.Split('|'), part => ((string)problem["detail"]!).Contains(part, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_text_may_be_as_long_as_a_path_and_no_longer()
    {
        Assert.Equal(HttpStatusCode.OK, (await Tell("a", $$"""{"folder":"/{{new string('f', Limits.PlaceCharactersMax - 1)}}"}""")).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await Tell("a", $$"""{"folder":"/{{new string('f', Limits.PlaceCharactersMax)}}"}""")).Status);
    }
}
