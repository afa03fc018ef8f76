namespace OtelLite.Telemetry;

/// <summary>Finds which of a few known names a UTF-8 text is: by length first, so that an unknown one costs next to nothing.</summary>
internal sealed class Utf8Names<T>
    where T : struct, Enum
{
    private readonly (byte[] Utf8, T Name)[][] _byLength;

    public Utf8Names(params (string Text, T Name)[] names)
    {
        // In plain loops: LINQ would be compiled anew for each enum.
        int longest = 0;
        foreach ((string text, _) in names)
        {
            longest = Math.Max(longest, text.Length);
        }

        _byLength = new (byte[], T)[longest + 1][];
        Array.Fill(_byLength, []);
        foreach ((string text, T name) in names)
        {
            ref (byte[], T)[] known = ref _byLength[text.Length];
            Array.Resize(ref known, known.Length + 1);
            known[^1] = (System.Text.Encoding.ASCII.GetBytes(text), name);
        }
    }

    /// <summary>How a name is spelled; the first spelling of one that has several.</summary>
    public ReadOnlySpan<byte> Spell(T name)
    {
        foreach ((byte[], T)[] names in _byLength)
        {
            foreach ((byte[] known, T of) in names)
            {
                if (EqualityComparer<T>.Default.Equals(of, name))
                {
                    return known;
                }
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
