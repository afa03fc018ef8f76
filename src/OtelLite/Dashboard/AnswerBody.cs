using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace OtelLite.Dashboard;

/// <summary>
/// An answer as it is written. A long one lies in memory that is not the collector's: the serializer's own buffers are the next power of two above it, and .NET's pool
/// keeps one of each for every thread. 20 answers of 4 MiB took up to 241 MiB with those.
/// </summary>
internal sealed class AnswerBody : IBufferWriter<byte>, IDisposable
{
    private const int FirstBytes = 4096;

    private Memory<byte> _bytes = Pooled.Rent(FirstBytes);
    private int _length;

    private AnswerBody()
    {
    }

    public ReadOnlyMemory<byte> Bytes => _bytes[.._length];

    public static AnswerBody Of<T>(T answer, JsonTypeInfo<T> type)
    {
        var body = new AnswerBody();
        try
        {
            // What the serializer writes is valid, and it asks for the room that it needs.
            using var writer = new Utf8JsonWriter(body, new JsonWriterOptions { Encoder = type.Options.Encoder, SkipValidation = true });
            JsonSerializer.Serialize(writer, answer, type);
            return body;
        }
        catch
        {
            body.Dispose();
            throw;
        }
    }

    public void Advance(int count) => _length += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        int needed = _length + Math.Max(sizeHint, 1);
        if (needed > _bytes.Length)
        {
            // One that is long already is nearly all there: what is one text is asked for at once.
            Pooled.Grow(ref _bytes, _length, needed > Limits.LongAnswerBytes ? needed + (needed / 4) : 2L * needed);
        }

        return _bytes[_length..];
    }

    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    /// <summary>Gives the memory back; nobody may send it any more.</summary>
    public void Dispose()
    {
        Pooled.Return(_bytes);
        (_bytes, _length) = (default, 0);
    }
}
