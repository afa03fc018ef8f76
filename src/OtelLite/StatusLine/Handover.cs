using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace OtelLite.StatusLine;

/// <summary>What was told, on its way to a running OtelLite. Disposing waits a moment longer for it to be taken.</summary>
internal sealed class Handover : IDisposable
{
    private readonly Task<PendingAnswer?> _sent;
    private bool _isOver;

    private Handover(Task<PendingAnswer?> sent) => _sent = sent;

    /// <summary>Begins to send it, if there is anybody to take it. What is wrong with a setting nobody reads here: otellite doctor tells.</summary>
    public static Handover Of(ToldSession told, Func<Options> read) => new(Task.Run(() =>
    {
        try
        {
            Options options = read();
            string path = $"/api/sessions/{Uri.EscapeDataString(told.SessionId)}";
            string source = $"Claude Code's status line on {Environment.MachineName}";
            return ServerAnswer.Post(options.Urls[0], path, options.Token ?? Token.Existing(options.DataDir), told.ToPost(source));
        }
        catch (Exception)
        {
            // Nobody who looks at a status line can do anything about it, and a hook that fails changes what Claude Code does.
            return null;
        }
    }));

    /// <summary>What it answers; null when it does not in time, or cannot even be reached.</summary>
    public AnsweredFigures? Figures(TimeSpan wait)
    {
        try
        {
            ServerAnswer? answer = Answer(wait);
            _isOver = answer is not null;
            return answer is { Status: 200, Body: var body } ? JsonSerializer.Deserialize(body, AnsweredJson.Default.AnsweredFigures) : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Something else answers there.
            return null;
        }
    }

    public void Dispose()
    {
        if (!_isOver)
        {
            Answer(Limits.HandoverWait);
        }

        if (_sent.IsCompletedSuccessfully)
        {
            _sent.Result?.Dispose();
        }
    }

    private ServerAnswer? Answer(TimeSpan wait)
    {
        var clock = Stopwatch.StartNew();
        return _sent.Wait(wait) ? _sent.Result?.Wait(wait - clock.Elapsed) : null;
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(AnsweredFigures))]
internal sealed partial class AnsweredJson : JsonSerializerContext;
