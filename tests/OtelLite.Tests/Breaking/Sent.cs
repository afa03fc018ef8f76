using System.Net.Sockets;
using System.Text.Json.Nodes;

namespace OtelLite.Tests.Breaking;

/// <summary>What must be there of bodies that were acknowledged: each once, in the rows, in the figures, and after a recount.</summary>
internal static class Sent
{
    /// <summary>Sends a body as a client does that retries whatever is no answer and no 200.</summary>
    /// <returns>How often it was not acknowledged before.</returns>
    public static async Task<int> UntilAcknowledged(PublishedExe exe, RecordedBody body)
    {
        for (int tries = 0; ; tries++)
        {
            try
            {
                using HttpResponseMessage answer = await exe.Post(body).WaitAsync(TimeSpan.FromSeconds(10));
                if (answer.IsSuccessStatusCode)
                {
                    return tries;
                }

                Assert.Equal(System.Net.HttpStatusCode.ServiceUnavailable, answer.StatusCode);
            }
            catch (Exception e) when (e is HttpRequestException or TimeoutException or TaskCanceledException or SocketException)
            {
                // It is gone, or not there yet, or went just as it was connected to, of which the client says no more than that.
            }

            Assert.True(tries < 1000, $"not taken: {exe.Said}");
            await Task.Delay(20);
        }
    }

    public static async Task AssertAllThereOnce(PublishedExe exe, long requests)
    {
        const string id = "json_extract(attributes, '$.request_id')";
        Assert.Equal($"{requests} | {requests}\n", exe.Rows($"SELECT count(*), count(DISTINCT {id}) FROM otel_events WHERE event_name = 'api_request'"));
        JsonNode summary = await exe.Get("/api/summary");
        Assert.Equal((requests, 10 * requests, 5 * requests, 0.25 * requests),
            ((long)summary["apiRequests"]!, (long)summary["tokens"]!["input"]!, (long)summary["tokens"]!["output"]!, (double)summary["costUsd"]!));

        // The long form leaves hundreds of thousands.
        Ran recount = await PublishedExe.Run(PublishedExe.Patience + TimeSpan.FromMilliseconds(2 * requests), "recount", "--json", "--data-dir", exe.DataDir);
        Assert.Equal((0, ""), (recount.ExitCode, recount.Error));
        Assert.False((bool)JsonNode.Parse(recount.Output)!["hasChanged"]!, recount.Output);
        Assert.Equal("ok", exe.Sql("PRAGMA integrity_check"));
    }
}
