using System.Buffers;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Unicode;

namespace OtelLite.Telemetry;

/// <summary>A piece of a <see cref="Utf8Text"/>. <see cref="None"/> is an absent text, which differs from an empty one.</summary>
internal readonly record struct TextRange(int Start, int Length)
{
    public static readonly TextRange None = new(0, -1);

    public bool IsNone => Length < 0;
}

/// <summary>
/// All the text of one batch in one growing UTF-8 buffer: what a record says is a range of it, so reading an export makes no
/// string. JSON is written into it too, in one canonical form, so that the same record gives the same bytes whichever
/// encoding it came in.
/// </summary>
internal sealed class Utf8Text : IDisposable
{
    // They never move, so that SQLite can be told where a text lies; and what was outgrown stays until the batch is done, for it may have been told of that.
    private readonly List<SystemMemory> _outgrown = [];
    private SystemMemory _bytes = First();
    private ReadOnlyMemory<byte> _body;
    private bool _isReadInOneGo;
    private int _nested;

    // How much there may be beside the body that is being read, and the part of that which there is memory for.
    private int _max = Limits.BatchTextBytesMax;
    private int _room;

    public Utf8Text() => _room = _bytes.Length;

    public int Length { get; private set; }

    /// <summary>What it keeps from one batch to the next, once it is cleared.</summary>
    public int KeptBytes => _bytes.Length;

    /// <summary>Whether the texts that are read may not be UTF-8, and each has to be looked at: bytes that are not become U+FFFD, rather than costing the batch.</summary>
    public bool IsToCheck { get; private set; }

    public ReadOnlySpan<byte> this[TextRange range] =>
        range.IsNone ? default
        : range.Start >= 0 ? _bytes.Bytes.Slice(range.Start, range.Length)
        : _body.Span.Slice(~range.Start, range.Length);

    /// <summary>The body that is being read, for <see cref="Refer"/>; empty before and after that.</summary>
    /// <param name="isToCheck">Its texts may not be UTF-8.</param>
    /// <param name="isReadInOneGo">It is JSON and UTF-8: what is referred to of it has nothing that a JSON string would have to escape, and <see cref="PlaceBehind"/> tells of it.</param>
    public void ReadFrom(ReadOnlyMemory<byte> body, bool isToCheck = false, bool isReadInOneGo = false)
    {
        (_body, IsToCheck, _isReadInOneGo) = (body, isToCheck, isReadInOneGo);
        // Half of the body's own where --max-body allows one that leaves less.
        _max = Math.Min(Limits.BatchTextBytesMax, Math.Max(Limits.BatchBytesMax - body.Length, body.Length / 2));
        _room = Math.Min(_bytes.Length, _max);
    }

    /// <summary>A text of the body that is being read, for as long as it is: it is not copied. One from elsewhere is appended. Its start is below 0, the complement of its place in
    /// the body.</summary>
    public TextRange Refer(ReadOnlySpan<byte> utf8)
    {
        if (utf8.IsEmpty || _body.IsEmpty)
        {
            return Append(utf8);
        }

        int at = PlaceOf(utf8);
        return at >= 0 ? new TextRange(~at, utf8.Length) : Append(utf8);
    }

    /// <summary>The place in the body that is behind a part of it; -1 where the part is from elsewhere, or the body is not to be read in one go.</summary>
    public int PlaceBehind(scoped ReadOnlySpan<byte> part) => _isReadInOneGo && PlaceOf(part) is >= 0 and var at ? at + part.Length : -1;

    /// <summary>The body from one of its places on.</summary>
    public ReadOnlySpan<byte> BodyFrom(int place) => _body.Span[place..];

    // In the body, or -1.
    private int PlaceOf(scoped ReadOnlySpan<byte> part)
    {
        long at = Unsafe.ByteOffset(ref MemoryMarshal.GetReference(_body.Span), ref MemoryMarshal.GetReference(part));
        return at >= 0 && at + part.Length <= _body.Length ? (int)at : -1;
    }

    /// <summary>The same of a text that should be UTF-8; bytes that are not become U+FFFD.</summary>
    public TextRange ReferChecked(ReadOnlySpan<byte> utf8) => Utf8.IsValid(utf8) ? Refer(utf8) : AppendChecked(utf8);

    public void Clear()
    {
        Length = 0;
        _nested = 0;
        foreach (SystemMemory outgrown in _outgrown)
        {
            outgrown.Dispose();
        }

        _outgrown.Clear();
        if (_bytes.Length > Limits.PooledTextBytesMax)
        {
            _bytes.Dispose();
            _bytes = First();
        }

        _room = Math.Min(_bytes.Length, _max);
    }

    /// <summary>Gives back its memory.</summary>
    public void Dispose()
    {
        Clear();
        _bytes.Dispose();
    }

    /// <summary>A range to change in place; never one that something else points into.</summary>
    public Span<byte> Writable(TextRange range) => _bytes.Bytes.Slice(range.Start, range.Length);

    /// <summary>Says that a value within an array or map is about to be appended.</summary>
    /// <exception cref="BatchFullException">There are too many in this request.</exception>
    public void BeginNested()
    {
        if (++_nested > Limits.NestedValuesMax)
        {
            throw new BatchFullException($"one request may hold at most {Limits.NestedValuesMax} values within arrays and maps; send smaller batches");
        }
    }

    /// <summary>Forgets everything from <paramref name="length"/> on.</summary>
    public void Rewind(int length) => Length = length;

    /// <summary>Everything appended since the text was <paramref name="start"/> long.</summary>
    public TextRange Since(int start) => new(start, Length - start);

    public TextRange Append(ReadOnlySpan<byte> utf8)
    {
        utf8.CopyTo(Reserve(utf8.Length));
        return Advance(utf8.Length);
    }

    /// <summary>A JSON string's content without its escapes. It may be a part of this text, which stays where it is even if the text outgrows its memory.</summary>
    public TextRange AppendUnescaped(ReadOnlySpan<byte> escaped) => Advance(JsonString.Unescape(escaped, Reserve(escaped.Length)));

    public void Append(byte utf8)
    {
        Reserve(1)[0] = utf8;
        Length++;
    }

    /// <summary>At least <paramref name="count"/> writable bytes; <see cref="Advance"/> keeps what was written.</summary>
    public Span<byte> Reserve(int count)
    {
        if (_room - Length < count)
        {
            if ((long)Length + count > _max)
            {
                throw new BatchFullException($"the text of one request takes more than {_max} bytes as it is stored; send smaller batches");
            }

            Grow((long)Length + count);
        }

        return _bytes.Bytes[Length..];
    }

    // A long one to all that it may ever have, when the body is gone.
    private void Grow(long least)
    {
        SystemMemory larger = least <= Limits.PooledTextBytesMax
            ? new SystemMemory((int)BitOperations.RoundUpToPowerOf2((ulong)least))
            : SystemMemory.Room(Math.Min(Limits.BatchTextBytesMax, 8 * Math.Max(_body.Length, least)), least);
        _bytes.Bytes[..Length].CopyTo(larger.Bytes);
        _outgrown.Add(_bytes);
        _bytes = larger;
        _room = Math.Min(_bytes.Length, _max);
    }

    private static SystemMemory First() => new(16 << 10);

    public TextRange Advance(int count)
    {
        var range = new TextRange(Length, count);
        Length += count;
        return range;
    }

    /// <summary>A text that should be UTF-8; bytes that are not become U+FFFD, rather than costing the batch.</summary>
    public TextRange AppendChecked(ReadOnlySpan<byte> utf8)
    {
        if (Utf8.IsValid(utf8))
        {
            return Append(utf8);
        }

        RefuseLong(utf8.Length);
        int start = Length;
        while (!utf8.IsEmpty)
        {
            int valid = ValidBytes(utf8);
            Append(utf8[..valid]);
            utf8 = utf8[valid..];
            if (!utf8.IsEmpty && Rune.DecodeFromUtf8(utf8, out _, out int wrong) != OperationStatus.Done)
            {
                Append("\uFFFD"u8);
                utf8 = utf8[wrong..];
            }
        }

        return Since(start);
    }

    /// <summary>Mends what was appended since the text was <paramref name="start"/> long, where that is needed.</summary>
    public TextRange CheckSince(int start)
    {
        TextRange range = Since(start);
        if (!Utf8.IsValid(this[range]))
        {
            RefuseLong(range.Length);
            Memory<byte> copy = Pooled.Rent(range.Length);
            try
            {
                this[range].CopyTo(copy.Span);
                Rewind(start);
                _ = AppendChecked(copy.Span[..range.Length]);
            }
            finally
            {
                Pooled.Return(copy);
            }
        }

        return Since(start);
    }

    private static void RefuseLong(int wrong)
    {
        if (wrong > Limits.WrongTextBytesMax)
        {
            throw new BatchFullException($"a text of more than {Limits.WrongTextBytesMax} bytes is not UTF-8; send it as bytesValue, or smaller batches");
        }
    }

    // How many are valid at its beginning.
    private static int ValidBytes(ReadOnlySpan<byte> utf8)
    {
        int valid = 0;
        while (Rune.DecodeFromUtf8(utf8[valid..], out _, out int bytes) == OperationStatus.Done)
        {
            valid += bytes;
        }

        return valid;
    }

    /// <summary>An id as lower-case hex.</summary>
    public TextRange AppendHex(ReadOnlySpan<byte> id)
    {
        Convert.TryToHexStringLower(id, Reserve(id.Length * 2), out int written);
        return Advance(written);
    }

    public void AppendJson(ulong value)
    {
        value.TryFormat(Reserve(20), out int written);
        Length += written;
    }

    public void AppendJson(long value)
    {
        value.TryFormat(Reserve(20), out int written);
        Length += written;
    }

    /// <summary>The shortest text that reads back as the same number; always with a point or exponent, so that it stays a real.
    /// JSON has no NaN and no infinity: these become the strings that ProtoJSON uses.</summary>
    public void AppendJson(double value)
    {
        if (!double.IsFinite(value))
        {
            Append(double.IsNaN(value) ? "\"NaN\""u8 : value > 0 ? "\"Infinity\""u8 : "\"-Infinity\""u8);
            return;
        }

        Span<byte> place = Reserve(32);
        value.TryFormat(place, out int written);
        Length += written;
        if (place[..written].IndexOfAny((byte)'.', (byte)'E') < 0)
        {
            Append(".0"u8);
        }
    }

    public void AppendJson(bool value) => Append(value ? "true"u8 : "false"u8);

    /// <summary>A JSON string of a text that is already in this buffer, or is the body's. Where nothing had to be escaped, <paramref name="text"/> is what stands between its
    /// quotes from then on.</summary>
    public void AppendJsonString(ref TextRange text)
    {
        // The buffer may move when it grows: first the room, then the span.
        int plain = text.Start < 0 && _isReadInOneGo ? -1 : this[text].IndexOfAny(JsonString.Escaped);
        Span<byte> to = Reserve(JsonString.BytesOf(this[text], plain));
        int start = Length;
        Length += JsonString.Write(this[text], plain, to);
        if (plain < 0 && !text.IsNone)
        {
            text = new TextRange(start + 1, text.Length);
        }
    }

    /// <summary>A JSON string of a text from elsewhere.</summary>
    public void AppendJsonString(ReadOnlySpan<byte> utf8)
    {
        int plain = utf8.IndexOfAny(JsonString.Escaped);
        Length += JsonString.Write(utf8, plain, Reserve(JsonString.BytesOf(utf8, plain)));
    }

    /// <summary>Makes all that was appended since the text was <paramref name="start"/> long the JSON string of it.</summary>
    public void QuoteSince(int start)
    {
        int length = Length - start;
        ReadOnlySpan<byte> plain = _bytes.Bytes.Slice(start, length);
        int escaped = plain.IndexOfAny(JsonString.Escaped);
        int bytes = JsonString.BytesOf(plain, escaped);
        _ = Reserve(bytes - length);

        // Moved behind the room that its quotes and escapes take: what is written never comes by what is still to be read.
        Span<byte> all = _bytes.Bytes.Slice(start, bytes);
        all[..length].CopyTo(all[(bytes - length)..]);
        Length = start + JsonString.Write(all[(bytes - length)..], escaped, all);
    }

    /// <summary>Takes out a part; what is behind it moves up.</summary>
    public void Remove(int start, int count)
    {
        _bytes.Bytes[(start + count)..Length].CopyTo(_bytes.Bytes[start..]);
        Length -= count;
    }

    /// <summary>Swaps two neighbours in place: what is before <paramref name="middle"/> comes behind what is after it.</summary>
    /// <exception cref="BatchFullException">They are longer than a record may be: of values within values each level would move them once more.</exception>
    public void Rotate(int start, int middle)
    {
        if (Length - start > Limits.RecordBytesMax)
        {
            throw new BatchFullException($"a value takes more than {Limits.RecordBytesMax} bytes as it is stored; send less of it");
        }

        Span<byte> bytes = _bytes.Bytes[..Length];
        bytes[start..middle].Reverse();
        bytes[middle..].Reverse();
        bytes[start..].Reverse();
    }

    /// <summary>A second copy of a text that is already in this buffer, or is the body's.</summary>
    public TextRange AppendCopy(TextRange text)
    {
        Span<byte> to = Reserve(text.Length);
        this[text].CopyTo(to);
        return Advance(text.Length);
    }
}
