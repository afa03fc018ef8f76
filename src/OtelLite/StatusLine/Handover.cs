using System.Text.Json;
using System.Text.Json.Serialization;

namespace OtelLite.StatusLine;

/// <summary>What was told, on its way to a running OtelLite. Disposing waits a moment longer for it to be taken.</summary>
internal sealed class Handover : IDisposable
{
    private readonly PendingAnswer? _pending;
    private bool _isOver;

    private Handover(PendingAnswer? pending) => _pending = pending;

    /// <summary>Sends it, if there is anybody to take it. What is wrong with a setting nobody reads here: otellite doctor tells.</summary>
    public static Handover Of(ToldSession told, Func<Options> read)
    {
        try
        {
            Options options = read();
            string path = $"/api/sessions/{Uri.EscapeDataString(told.SessionId)}";
            string source = $"Claude Code's status line on {Environment.MachineName}";
            return new Handover(ServerAnswer.Post(options.Urls[0], path, options.Token ?? Token.Existing(options.DataDir), told.ToPost(source)));
        }
        catch (Exception e) when (e is UsageException or IOException or UnauthorizedAccessException or InvalidDataException)
        {
            return new Handover(null);
        }
    }

    /// <summary>What it answers; null when it does not in time.</summary>
    public AnsweredFigures? Figures(TimeSpan wait)
    {
        try
        {
            ServerAnswer? answer = _pending?.Wait(wait);
            _isOver = answer is not null;
            return answer is { Status: 200, Body: var body } ? JsonSerializer.Deserialize(body, AnsweredJson.Default.AnsweredFigures) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    public void Dispose()
    {
        if (!_isOver)
        {
            _pending?.Wait(Limits.HandoverWait);
        }

        _pending?.Dispose();
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(AnsweredFigures))]
internal sealed partial class AnsweredJson : JsonSerializerContext;
