using System.Text.Json;
using System.Text.Json.Serialization;

namespace OtelLite.StatusLine;

/// <summary>Hands what was told to a running OtelLite.</summary>
internal static class Handover
{
    /// <summary>Null when it does not answer in time, or not at all; what is sent by then it has.</summary>
    public static AnsweredFigures? Give(ToldSession told, Func<Options> read, TimeSpan wait)
    {
        try
        {
            Options options = read();
            string? token = options.Token ?? Token.Existing(options.DataDir);
            string path = $"/api/sessions/{Uri.EscapeDataString(told.SessionId)}";
            string source = $"Claude Code's status line on {Environment.MachineName}";
            ListenUrl url = options.Urls[0];
            return ServerAnswer.Post(url, path, token, told.ToPost(source), wait) is { Status: 200 } answer
                ? JsonSerializer.Deserialize(answer.Body, AnsweredJson.Default.AnsweredFigures)
                : null;
        }
        catch (Exception e) when (e is UsageException or JsonException or IOException or UnauthorizedAccessException or InvalidDataException)
        {
            // Here nobody reads what is wrong with a setting: otellite doctor tells.
            return null;
        }
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(AnsweredFigures))]
internal sealed partial class AnsweredJson : JsonSerializerContext;
