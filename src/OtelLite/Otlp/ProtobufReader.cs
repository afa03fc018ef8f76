using System.Buffers.Binary;

namespace OtelLite.Otlp;

/// <summary>The bytes are no protobuf message, or not this one. Stays within this folder: a bad body is an answer, not an exception.</summary>
internal sealed class ProtobufException(string message) : Exception(message);

/// <summary>How a field's value is written (protobuf, "Message Structure").</summary>
internal enum WireType
{
    Varint = 0,
    Fixed64 = 1,
    Bytes = 2,
    StartGroup = 3,
    EndGroup = 4,
    Fixed32 = 5,
}

/// <summary>
/// Walks over one protobuf message where it lies, a part of the body: nothing is copied and no object is made. A field that we know must have
/// its own wire type, one that we do not know is skipped.
/// </summary>
internal ref struct ProtobufReader
{
    private readonly ReadOnlySpan<byte> _body;
    private readonly int _end;
    private int _at;

    public ProtobufReader(ReadOnlySpan<byte> body)
        : this(body, 0, body.Length)
    {
    }

    private ProtobufReader(ReadOnlySpan<byte> body, int start, int end)
    {
        _body = body;
        _at = start;
        _end = end;
    }

    /// <summary>The number of the field that the reader stands on.</summary>
    public int Field { get; private set; }

    public WireType Type { get; private set; }

    /// <summary>On to the next field; its value must then be read or skipped. False at the message's end.</summary>
    public bool Next()
    {
        if (_at == _end)
        {
            return false;
        }

        ulong tag = Varint();
        Field = (int)(tag >> 3);
        Type = (WireType)(tag & 7);
        if (tag > uint.MaxValue || Field == 0)
        {
            throw Wrong("a field has a number that no field may have");
        }

        return Type is not WireType.EndGroup and <= WireType.Fixed32 ? true : throw Wrong($"field {Field} has wire type {(int)Type}, which is none");
    }

    public ulong ReadVarint()
    {
        Expect(WireType.Varint);
        return Varint();
    }

    public bool ReadBool() => ReadVarint() != 0;

    /// <summary>An int32 or enum; what is longer is cut to its low bits, as protobuf says.</summary>
    public int ReadInt32() => (int)ReadVarint();

    public uint ReadUInt32() => (uint)ReadVarint();

    /// <summary>A sint32: small negative numbers are short.</summary>
    public int ReadSInt32()
    {
        uint zigzag = (uint)ReadVarint();
        return (int)(zigzag >> 1) ^ -(int)(zigzag & 1);
    }

    public ulong ReadFixed64()
    {
        Expect(WireType.Fixed64);
        return Fixed64();
    }

    public double ReadDouble() => BitConverter.UInt64BitsToDouble(ReadFixed64());

    public uint ReadFixed32()
    {
        Expect(WireType.Fixed32);
        return BinaryPrimitives.ReadUInt32LittleEndian(Take(sizeof(uint)));
    }

    public ReadOnlySpan<byte> ReadBytes()
    {
        Expect(WireType.Bytes);
        return Take(Length());
    }

    /// <summary>The message that is the field's value, to be read by a reader of its own.</summary>
    public ProtobufReader ReadMessage()
    {
        Expect(WireType.Bytes);
        int length = Length();
        int start = _at;
        _ = Take(length);
        return new ProtobufReader(_body, start, _at);
    }

    /// <summary>Repeated numbers of eight bytes come packed or one by one, and both in one message: the bytes of a whole run, or of the one that stands alone.</summary>
    public ReadOnlySpan<byte> ReadPackedFixed64()
    {
        if (Type == WireType.Fixed64)
        {
            return Take(sizeof(ulong));
        }

        ReadOnlySpan<byte> packed = ReadBytes();
        return packed.Length % sizeof(ulong) == 0 ? packed : throw Wrong($"field {Field} is no whole number of eight bytes each");
    }

    /// <summary>The same for repeated varints: a reader over them, for <see cref="NextVarint"/>.</summary>
    public ProtobufReader ReadPackedVarints()
    {
        if (Type != WireType.Varint)
        {
            return ReadMessage();
        }

        int start = _at;
        _ = Varint();
        return new ProtobufReader(_body, start, _at);
    }

    /// <summary>False at the end of a run of varints.</summary>
    public bool NextVarint(out ulong value)
    {
        bool more = _at < _end;
        value = more ? Varint() : 0;
        return more;
    }

    public void Skip() => Skip(Type, Field, 0);

    private void Skip(WireType type, int field, int depth)
    {
        switch (type)
        {
            case WireType.Varint:
                _ = Varint();
                break;
            case WireType.Fixed64:
                _ = Take(sizeof(ulong));
                break;
            case WireType.Fixed32:
                _ = Take(sizeof(uint));
                break;
            case WireType.Bytes:
                _ = Take(Length());
                break;
            default:
                SkipGroup(field, depth);
                break;
        }
    }

    // Groups are protobuf's oldest way to nest; a message of the future may not have them, but a parser must get over them.
    private void SkipGroup(int group, int depth)
    {
        if (depth == Limits.GroupDepthMax)
        {
            throw Wrong($"more than {Limits.GroupDepthMax} groups are nested");
        }

        while (true)
        {
            ulong tag = Varint();
            int field = (int)(tag >> 3);
            var type = (WireType)(tag & 7);
            if (tag > uint.MaxValue || field == 0 || type > WireType.Fixed32)
            {
                throw Wrong("a group holds what is no field");
            }

            if (type == WireType.EndGroup)
            {
                if (field != group)
                {
                    throw Wrong($"group {group} is ended as {field}");
                }

                return;
            }

            Skip(type, field, depth + 1);
        }
    }

    private void Expect(WireType type)
    {
        if (Type != type)
        {
            throw Wrong($"field {Field} has wire type {(int)Type} instead of {(int)type}");
        }
    }

    private int Length()
    {
        ulong length = Varint();
        return length <= (ulong)(_end - _at) ? (int)length : throw Wrong($"field {Field} is longer than its message");
    }

    private ulong Fixed64() => BinaryPrimitives.ReadUInt64LittleEndian(Take(sizeof(ulong)));

    private ReadOnlySpan<byte> Take(int count)
    {
        if (_end - _at < count)
        {
            throw Wrong("the message ends within a field");
        }

        ReadOnlySpan<byte> taken = _body.Slice(_at, count);
        _at += count;
        return taken;
    }

    private ulong Varint()
    {
        // One byte is what most tags, lengths and flags take.
        if (_at < _end && _body[_at] < 0x80)
        {
            return _body[_at++];
        }

        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            if (_at == _end)
            {
                throw Wrong("the message ends within a number");
            }

            byte next = _body[_at++];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }

        throw Wrong("a number is longer than ten bytes");
    }

    private readonly ProtobufException Wrong(string what) => new($"at byte {_at}: {what}");
}
