using System.IO.Hashing;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace OtelLite.ClaudeSettings;

/// <summary>One value that setup changed.</summary>
/// <param name="Path">Names from the top.</param>
/// <param name="Put">As JSON; null: it was taken out.</param>
/// <param name="Was">As the file had it; null: nothing.</param>
/// <param name="IsElement">Put at the end of the array at that path.</param>
internal sealed record SetupChange(string[] Path, string? Put, string? Was, bool IsElement = false);

/// <summary>What setup did to one settings file, so that it can be undone.</summary>
internal sealed record SetupRecord
{
    /// <summary>The copy of the file as it was before the first setup; null when there was no file.</summary>
    public string? Backup { get; init; }

    /// <summary>There was no file before.</summary>
    public bool MadeFile { get; init; }

    /// <summary>Nobody else has changed the file between two setups: what was before the first is what the user had last.</summary>
    public bool IsUnbroken { get; init; }

    /// <summary>The hash of the file as setup left it: while it is the same, nobody else has changed it.</summary>
    public string Left { get; init; } = "";

    public IReadOnlyList<SetupChange> Changes { get; init; } = [];

    /// <summary>The objects and arrays that setup made, from the outer to the inner.</summary>
    public IReadOnlyList<string[]> Made { get; init; } = [];

    public bool IsLeftAlone(byte[] bytes) => Left == Hash(bytes);

    // Not against malice: the folder is its owner's.
    public static string Hash(byte[] bytes) => Convert.ToHexStringLower(XxHash128.Hash(bytes));
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault)]
[JsonSerializable(typeof(SetupRecord))]
internal sealed partial class SetupJson : JsonSerializerContext;

/// <summary>
/// The memory of what setup did to a settings file. It stands beside that file and not with our data: a setup for another data folder, or after that folder is
/// gone, goes on from what was before the first.
/// </summary>
internal sealed class SetupMemory(string settings)
{
    public const string Suffix = ".otellite-setup";

    private readonly string _path = settings + Suffix;

    /// <exception cref="SettingsException">It can't be read.</exception>
    public SetupRecord? Record => Read(out _);

    /// <param name="record">Null forgets.</param>
    /// <exception cref="SettingsException">It can't be read or written.</exception>
    public void Keep(SetupRecord? record)
    {
        SetupRecord? known = Read(out byte[]? before);
        if (record is not null)
        {
            SettingsFile.Write(_path, JsonSerializer.SerializeToUtf8Bytes(record, SetupJson.Default.SetupRecord), before);
        }
        else if (known is not null)
        {
            SettingsFile.Remove(_path);
        }
    }

    private SetupRecord? Read(out byte[]? bytes)
    {
        bytes = null;
        try
        {
            bytes = File.Exists(_path) ? File.ReadAllBytes(_path) : null;
            return bytes is null ? null : JsonSerializer.Deserialize(bytes, SetupJson.Default.SetupRecord);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new SettingsException($"{_path}, which remembers what setup changed, can't be read: {e.Message.TrimEnd('.')}. Without it nothing can be undone; delete it to go on.", e);
        }
    }
}
