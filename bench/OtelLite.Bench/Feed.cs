using System.Net.Http.Headers;

namespace OtelLite.Bench;

/// <summary>
/// Something to look at while working on the page: the recordings, again and again under new session ids, spread over the last hours at
/// once and then as they would come in live, until stopped.
/// </summary>
internal static class Feed
{
    private const int SessionsPerHour = 5;
    private static readonly TimeSpan LiveInterval = TimeSpan.FromSeconds(1.5);

    public static async Task<int> Run(string url, string token, double hours)
    {
        using var http = new HttpClient { BaseAddress = new Uri(url) };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        // The same days every time, so that two pictures can be compared.
        var random = new Random(1);
        string[] captures = [.. RecordedBodies.All.Select(b => b.Capture).Distinct()];
        int sessions = (int)(hours * SessionsPerHour);
        for (int i = 0; i < sessions; i++)
        {
            string capture = captures[random.Next(captures.Length)];
            await Replay(http, capture, DateTime.UtcNow.AddHours(-hours * random.NextDouble()), Suffix(i), TimeSpan.Zero);
        }

        for (int i = sessions; ; i++)
        {
            await Replay(http, captures[random.Next(captures.Length)], null, Suffix(i), LiveInterval);
        }
    }

    // Looks like the beginning of an id, and differs from all others (the factor is odd).
    private static string Suffix(int number) => $"{(uint)number * 2654435761u >> 8:x6}";

    // A whole recording, shifted so that it ends then; or, live, each body as if it had been made now.
    private static async Task Replay(HttpClient http, string capture, DateTime? end, string suffix, TimeSpan between)
    {
        (string Capture, string Path, string Json)[] bodies = [.. RecordedBodies.All.Where(b => b.Capture == capture)];
        long last = bodies.Max(b => RecordedBodies.LastUnixNano(b.Json));
        foreach ((_, string path, string json) in bodies)
        {
            long shift = end is { } e ? UnixNano(e) - last : UnixNano(DateTime.UtcNow) - RecordedBodies.LastUnixNano(json);
            using var content = new ByteArrayContent(RecordedBodies.Utf8(RecordedBodies.Copy(json, shift, suffix)));
            content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            using HttpResponseMessage answer = await http.PostAsync(new Uri(path, UriKind.Relative), content);
            Console.WriteLine($"{path} {capture} {(int)answer.StatusCode}");
            await Task.Delay(between);
        }
    }

    private static long UnixNano(DateTime utc) => (utc - DateTime.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick;
}
