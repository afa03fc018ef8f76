namespace OtelLite;

/// <summary>
/// A place where <see cref="IngestLog"/> keeps a refusal, in memory that the next one to be kept there takes over. As objects of their own they lived long enough to be
/// moved among those that the collector rarely looks at: ten thousand bad exports left up to 35 MB of them lying.
/// </summary>
internal sealed class KeptRefusal
{
    private const char More = '…';
    private const int LengthMax = 3 * (Limits.RefusalCharactersMax + 1);

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
        && IsOf(_text.AsSpan(0, _path), path)
        && IsOf(_text.AsSpan(_path, _reason), reason)
        && IsOf(_text.AsSpan(_path + _reason, _client), client);

    public void Again(DateTimeOffset at) => (_at, _times) = (at, _times + 1);

    /// <summary>Keeps this one in place of what was kept.</summary>
    public void Keep(DateTimeOffset at, string path, int status, string reason, string client)
    {
        int length = path.Length + reason.Length + client.Length;
        if (_text.Length < Math.Min(length, LengthMax))
        {
            _text = new char[Math.Min(LengthMax, Math.Max(length, 2 * _text.Length))];
        }

        _path = Write(path, _text);
        _reason = Write(reason, _text.AsSpan(_path));
        _client = Write(client, _text.AsSpan(_path + _reason));
        (_status, _at, _times) = (status, at, 1);
    }

    public Refusal Read() =>
        new(_at, _text.AsSpan(0, _path).ToString(), _status, _text.AsSpan(_path, _reason).ToString(), _text.AsSpan(_path + _reason, _client).ToString(), _times);

    private static int Write(string text, Span<char> to)
    {
        ReadOnlySpan<char> kept = Kept(text);
        kept.CopyTo(to);
        if (kept.Length == text.Length)
        {
            return kept.Length;
        }

        to[kept.Length] = More;
        return kept.Length + 1;
    }

    private static bool IsOf(ReadOnlySpan<char> written, string text)
    {
        ReadOnlySpan<char> kept = Kept(text);
        return kept.Length == text.Length ? written.SequenceEqual(text) : written.Length == kept.Length + 1 && written[^1] == More && written.StartsWith(kept);
    }

    // Never a half of a character of two.
    private static ReadOnlySpan<char> Kept(string text) =>
        text.Length <= Limits.RefusalCharactersMax ? text
        : text.AsSpan(0, Limits.RefusalCharactersMax - (char.IsHighSurrogate(text[Limits.RefusalCharactersMax - 1]) ? 1 : 0));
}
