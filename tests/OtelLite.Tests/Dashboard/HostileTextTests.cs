using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using OtelLite.Tests.Commands;

namespace OtelLite.Tests.Dashboard;

/// <summary>A text that means something to a database, a page, a spreadsheet or a terminal is a text to all of them.</summary>
public sealed class HostileTextTests
{
    private static readonly string[] Texts =
    [
        "'; DROP TABLE otel_events; --", "\" OR 1=1 --", "%' ESCAPE '\\", "<img src=x onerror=alert(1)>", "</script><script>alert(1)</script>", "=HYPERLINK(\"http://evil.example\")", "@SUM(1)",
        "\u001b]0;title\u0007\u001b[2J", "\u202egpj.exe", "a/../../etc/passwd", "${jndi:x}", "$(rm -rf /)",
    ];

    [Fact]
    public async Task It_is_stored_found_and_shown_as_it_is()
    {
        await using RunningServer server = await RunningServer.Start();
        for (int i = 0; i < Texts.Length; i++)
        {
            string json = Exports.Request(Exports.Noon + i, "SESSION", "MODEL", $"r{i}").Replace("{\"scopeLogs\"", "{\"resource\":{\"attributes\":[{\"key\":\"RESOURCE\",\"value\":{\"stringValue\":\"RESOURCE\"}}]},\"scopeLogs\"", StringComparison.Ordinal);
            foreach (string place in (string[])["SESSION", "MODEL", "RESOURCE"])
            {
                json = json.Replace(place, JsonEscaped(Texts[i]), StringComparison.Ordinal);
            }

            Assert.Equal(HttpStatusCode.OK, (await server.Post("/v1/logs", json)).StatusCode);
        }

        foreach (string text in Texts)
        {
            string asked = Uri.EscapeDataString(text);
            Assert.Equal(1, (int)(await server.Get($"/api/summary?session={asked}"))["apiRequests"]!);
            Assert.Equal(1, (int)(await server.Get($"/api/summary?model={asked}"))["apiRequests"]!);
            JsonNode split = await server.Get($"/api/breakdown?figure=apiRequests&by=resource.{asked}");
            Assert.Equal(Texts.Length, (double)split["total"]!);
            Assert.Contains(split["groups"]!.AsArray(), g => (string)g!["name"]! == text && (double)g["total"]! == 1);
            Assert.Equal(1, (int)(await server.Get($"/api/sessions?text={asked}"))["total"]!);
            using HttpResponseMessage answer = await server.Http.GetAsync(new Uri($"{server.Url}/api/sessions?session={asked}"));
            Assert.Equal("application/json", answer.Content.Headers.ContentType!.MediaType);
        }

        Assert.Equal((long)Texts.Length, server.Sql("SELECT count(*) FROM otel_events"));
        await AssertPrinted(server.DataDir);
    }

    private static async Task AssertPrinted(string dataDir)
    {
        CommandRun csv = await CommandRun.Of(dataDir, "export", "requests");
        Assert.All((string[])["=HYPERLINK", "@SUM"], formula => Assert.DoesNotMatch($"(^|,)\"?{formula}", csv.Out));
        CommandRun table = await CommandRun.Of(dataDir, "query", "SELECT session_id, attributes FROM otel_events");
        CommandRun status = await CommandRun.Of(dataDir, "status");
        Assert.All(table.Out + table.Error + status.Out + status.Error, c => Assert.False(char.IsControl(c) && c is not ('\n' or '\r')));
        Assert.DoesNotContain('\u202e', table.Out);
    }

    private static string JsonEscaped(string text) => Encoding.UTF8.GetString(System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(text))[1..^1];
}
