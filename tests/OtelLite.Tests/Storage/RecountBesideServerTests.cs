using System.Diagnostics;
using System.Net;
using Microsoft.Data.Sqlite;
using OtelLite.Storage;
using OtelLite.Tests.Otlp;

namespace OtelLite.Tests.Storage;

/// <summary>A recount of a large file beside the running server: who exports meanwhile is served, and what it sends is counted once.</summary>
public sealed class RecountBesideServerTests : IAsyncLifetime
{
    private const int Sessions = 50;
    private const int RequestsPerSession = 1000;

    private RunningServer _server = null!;

    public async Task InitializeAsync() => _server = await RunningServer.Start();

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task Nobody_who_exports_during_a_recount_loses_anything_or_waits_long()
    {
        for (int session = 0; session < Sessions; session++)
        {
            await Post(session, 0, RequestsPerSession);
        }

        Task<long> recount = Task.Run(() => Recount.Run(_server.DataDir, Durability.Normal));
        TimeSpan longest = TimeSpan.Zero;
        int sent = 0;
        while (!recount.IsCompleted)
        {
            // Sessions that are counted anew already, that will be, and new ones.
            TimeSpan waited = await Post(sent * 7 % (Sessions + 20), RequestsPerSession + sent, 5);
            longest = waited > longest ? waited : longest;
            sent++;
        }

        Assert.InRange(await recount, Sessions * RequestsPerSession, Sessions * RequestsPerSession + 5 * sent);
        Assert.True(sent > 50, $"only {sent} exports were taken during the recount");
        Assert.InRange(longest, TimeSpan.Zero, TimeSpan.FromSeconds(2));
        long expected = Sessions * RequestsPerSession + 5 * sent;
        Assert.Equal(expected, _server.Sql("SELECT count(*) FROM usage_request"));
        Assert.Equal(expected, _server.Sql("SELECT sum(value) FROM usage_quarter WHERE figure = 20"));
        Assert.Equal(expected, _server.Sql("SELECT sum(events) FROM usage_witness WHERE kind = 1"));
        Assert.Equal(0L, _server.Sql("SELECT count(*) FROM usage_session WHERE last_unix_nano < first_unix_nano"));
    }

    [Fact]
    public async Task A_session_of_which_nothing_is_stored_any_more_goes_on_where_it_comes_again()
    {
        await Post(1, 0, 3);
        using (SqliteConnection file = Database.OpenWriter(_server.DataDir, Durability.Normal))
        {
            Uncounted.WaitFor(file);
            Database.Execute(file, "DELETE FROM otel_events");
        }

        Recount.Run(_server.DataDir, Durability.Normal);
        Assert.Empty((await _server.Get("/api/sessions"))["sessions"]!.AsArray());
        await Post(1, 3, 2);
        Assert.Equal(2, (int)(await _server.Get("/api/sessions"))["sessions"]![0]!["apiRequests"]!);
    }

    // As Claude Code does: again after a 503, within ten seconds in all; anything else is lost for good. How long it took.
    private async Task<TimeSpan> Post(int session, int first, int requests)
    {
        string body = Export.Logs([.. Enumerable.Range(first, requests).Select(i => Export.Event(
            "api_request", Export.Time + ((ulong)i * 1_000_000), Export.Text("session.id", $"s{session}"), Export.Text("model", "m"), Export.Text("request_id", $"{first} {i}"),
            Export.Int("input_tokens", 1), Export.Int("event.sequence", i)))]);
        var watch = Stopwatch.StartNew();
        while (true)
        {
            using HttpResponseMessage answer = await _server.Post("/v1/logs", body);
            if (answer.StatusCode == HttpStatusCode.OK)
            {
                return watch.Elapsed;
            }

            Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
            Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(10));
            await Task.Delay(answer.Headers.RetryAfter!.Delta!.Value);
        }
    }
}
