namespace OtelLite;

/// <summary>
/// A place where <see cref="IngestLog"/> keeps a refusal, in memory that the next one to be kept there takes over. As objects of their own they lived long enough to be
/// moved among those that the collector rarely looks at: ten thousand bad exports left up to 35 MB of them lying.
/// </summary>
internal sealed class KeptRefusal
{
    private char[] _text = [];
    private int _path;
    private int _reason;
    private int _client;
    private int _status;
    private DateTimeOffset _at;
    private long _times;

    /// <summary>Whether it is the same, whenever that was.</summary>
    public bool Is(string path, int status, string reason, string client) =>
        status == _status
        && _text.AsSpan(0, _path).SequenceEqual(Kept(path))
        && _text.AsSpan(_path, _reason).SequenceEqual(Kept(reason))
        && _text.AsSpan(_path + _reason, _client).SequenceEqual(Kept(client));

    public void Again(DateTimeOffset at) => (_at, _times) = (at, _times + 1);

    /// <summary>Keeps this one in place of what was kept.</summary>
    public void Keep(DateTimeOffset at, string path, int status, string reason, string client)
    {
        ReadOnlySpan<char> keptPath = Kept(path), keptReason = Kept(reason), keptClient = Kept(client);
        (_path, _reason, _client) = (keptPath.Length, keptReason.Length, keptClient.Length);
        int length = _path + _reason + _client;
        if (_text.Length < length)
        {
            _text = new char[Math.Max(length, 2 * _text.Length)];
        }

        keptPath.CopyTo(_text);
        keptReason.CopyTo(_text.AsSpan(_path));
        keptClient.CopyTo(_text.AsSpan(_path + _reason));
        (_status, _at, _times) = (status, at, 1);
    }

    public Refusal Read() =>
        new(_at, Told(_text.AsSpan(0, _path)), _status, Told(_text.AsSpan(_path, _reason)), Told(_text.AsSpan(_path + _reason, _client)), _times);

    // One character more than is told, which says that there is more.
    private static ReadOnlySpan<char> Kept(string text) => text.AsSpan(0, Math.Min(text.Length, Limits.RefusalCharactersMax + 1));

    private static string Told(ReadOnlySpan<char> kept) => kept.Length <= Limits.RefusalCharactersMax ? kept.ToString() : $"{kept[..Limits.RefusalCharactersMax]}…";
}
