namespace OtelLite.Telemetry;

/// <summary>Finds which of a few known names a UTF-8 text is: by length first, so that an unknown one costs next to nothing.</summary>
internal sealed class Utf8Names<T>
    where T : struct, Enum
{
    private readonly (byte[] Utf8, T Name)[][] _byLength;

    public Utf8Names(params (string Text, T Name)[] names)
    {
        _byLength = new (byte[], T)[names.Max(n => n.Text.Length) + 1][];
        for (int length = 0; length < _byLength.Length; length++)
        {
            _byLength[length] = [.. names.Where(n => n.Text.Length == length)
                .Select(n => (System.Text.Encoding.ASCII.GetBytes(n.Text), n.Name))];
        }
    }

    /// <summary>How a name is spelled; the first spelling of one that has several.</summary>
    public ReadOnlySpan<byte> Spell(T name)
    {
        foreach ((byte[] known, T of) in _byLength.SelectMany(n => n))
        {
            if (EqualityComparer<T>.Default.Equals(of, name))
            {
                return known;
            }
        }

        throw new ArgumentOutOfRangeException(nameof(name), name, "no text is this name");
    }

    /// <summary>The name, or the enum's zero for one that is not known.</summary>
    public T Find(ReadOnlySpan<byte> utf8)
    {
        if (utf8.Length < _byLength.Length)
        {
            foreach ((byte[] known, T name) in _byLength[utf8.Length])
            {
                if (utf8.SequenceEqual(known))
                {
                    return name;
                }
            }
        }

        return default;
    }
}
