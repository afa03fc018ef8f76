using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using OtelLite.Bench.Ingest;

namespace OtelLite.Bench.Queries;

/// <summary>
/// Asks the published executable what the page asks, over 90 days of few and of many records, one question to each in turn so that both have the same machine; and how soon it answers
/// after a start on a large file that is not in the machine's memory. Tells that as a table in <c>bench/results/PROCESSOR/queries.md</c>, which stands in the README.
/// </summary>
internal static class QueryRun
{
    private const int Few = 10_000, Many = 1_000_000;
    private const int WarmUps = 5;
    private const int Times = 100;

    public static async Task<int> Run(string executable)
    {
        (string few, _) = await LargeFile.OfRecords(Few);
        (string many, _) = await LargeFile.OfRecords(Many);
        var table = new StringBuilder("| question | p50 of 10,000 records | of 1,000,000 | times | p95 of 1,000,000 |\n| --- | --- | --- | --- | --- |\n");

        // What is older than 90 days stays: the files must be the same each time.
        using (var fewServer = new Server(executable, few, "--retention", "0"))
        using (var manyServer = new Server(executable, many, "--retention", "0"))
        using (HttpClient fewClient = Client(fewServer), manyClient = Client(manyServer))
        {
            string session = await SomeSession(fewClient), otherSession = await SomeSession(manyClient);
            foreach (string question in (string[])["/api/summary", "/api/summary?range=90d", "/api/timeseries?range=90d", "/api/breakdown?range=90d&by=model", "/api/sessions", "/api/sessions?range=90d&sort=cost",
                "/api/sessions/ID", "/api/sessions/ID/events", "/api/tools?range=90d", "/api/models?range=90d", "/api/now"])
            {
                List<double> ofFew = [], ofMany = [];
                for (int i = 0; i < WarmUps + Times; i++)
                {
                    (double a, double b) = (await Ask(fewClient, question.Replace("ID", session, StringComparison.Ordinal)), await Ask(manyClient, question.Replace("ID", otherSession, StringComparison.Ordinal)));
                    if (i >= WarmUps)
                    {
                        ofFew.Add(a);
                        ofMany.Add(b);
                    }
                }

                ofFew.Sort();
                ofMany.Sort();
                table.Append(CultureInfo.InvariantCulture, $"| `{question}` | {ofFew[Times / 2]:0.0} ms | {ofMany[Times / 2]:0.0} ms | {ofMany[Times / 2] / ofFew[Times / 2]:0.0} | {ofMany[Times * 95 / 100]:0.0} ms |\n");
            }
        }

        table.Append('\n').Append(ColdStart.Measure(executable, many)).Append(CultureInfo.InvariantCulture, $" {Results.Processor}, {DateTime.UtcNow:yyyy-MM-dd}.\n");
        Console.WriteLine(table);
        Results.Keep("queries.md", table.ToString());
        return 0;
    }

    private static HttpClient Client(Server server)
    {
        var client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{server.Port}") };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Server.Token);
        return client;
    }

    private static async Task<string> SomeSession(HttpClient client)
    {
        string list = await client.GetStringAsync(new Uri("/api/sessions?range=90d", UriKind.Relative));
        using var json = System.Text.Json.JsonDocument.Parse(list);
        return json.RootElement.GetProperty("sessions")[0].GetProperty("id").GetString()!;
    }

    private static async Task<double> Ask(HttpClient client, string question)
    {
        long begun = Stopwatch.GetTimestamp();
        using HttpResponseMessage answer = await client.GetAsync(new Uri(question, UriKind.Relative));
        answer.EnsureSuccessStatusCode();
        await answer.Content.ReadAsByteArrayAsync();
        return Stopwatch.GetElapsedTime(begun).TotalMilliseconds;
    }
}
