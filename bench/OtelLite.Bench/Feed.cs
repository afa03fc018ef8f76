using System.Net.Http.Headers;

namespace OtelLite.Bench;

/// <summary>
/// Something to look at while working on the page: the recordings, again and again under new session ids, spread over the last hours at
/// once and then as they would come in live, until stopped.
/// </summary>
internal static class Feed
{
    private const int SessionsPerHour = 5;
    private const int SessionsNow = 4;
    private static readonly TimeSpan LiveInterval = TimeSpan.FromSeconds(1.5);
    private static readonly string[] Captures = [.. RecordedBodies.All.Select(b => b.Capture).Distinct()];

    public static async Task<int> Run(string url, string token, double hours)
    {
        using var http = new HttpClient { BaseAddress = new Uri(url) };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        Random random = await Past(http, hours);
        for (int i = Sessions(hours); ; i++)
        {
            await Replay(http, Any(random), null, Suffix(i), LiveInterval);
        }
    }

    /// <summary>The past alone: sessions that end at some time in the last hours, some of them just now.</summary>
    /// <param name="http">With the server's address and token.</param>
    /// <returns>Where the dice stand, for those who go on.</returns>
    public static async Task<Random> Past(HttpClient http, double hours)
    {
        // The same days every time, so that two pictures can be compared.
        var random = new Random(1);
        for (int i = 0; i < Sessions(hours); i++)
        {
            string capture = Any(random);
            double ago = hours * random.NextDouble();
            await Replay(http, capture, DateTime.UtcNow.AddHours(i < SessionsNow ? -ago / 60 : -ago), Suffix(i), TimeSpan.Zero);
        }

        return random;
    }

    private static int Sessions(double hours) => (int)(hours * SessionsPerHour);

    private static string Any(Random random) => Captures[random.Next(Captures.Length)];

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
