using System.IO.Hashing;

namespace OtelLite.Telemetry;

/// <summary>
/// Of a key that came twice the last value stays (protobuf's rule for repeated keys of a map). A sender's set of 25 costs less to compare each with each than to hash; a thousand keys in
/// each of thousands of records would take minutes.
/// </summary>
internal sealed class DistinctKeys
{
    private const int AttributesComparedMax = 64;

    // Half empty at the most, so that a key is found after a step or two.
    private readonly short[] _slots = new short[2 * Limits.AttributesPerRecordMax];

    /// <summary>Keeps of those from <paramref name="first"/> on one of each key, with its last value, and as many as a record may have; how many were past that.</summary>
    public uint Keep(Column<Attribute> attributes, Utf8Text text, int first)
    {
        Span<Attribute> given = attributes.Rows[first..];
        bool hashed = given.Length > AttributesComparedMax;
        if (hashed)
        {
            _slots.AsSpan().Clear();
        }

        int kept = 0;
        uint dropped = 0;
        for (int read = 0; read < given.Length; read++)
        {
            ReadOnlySpan<byte> key = text[given[read].Key];
            int same = hashed ? IndexOfHashed(given[..kept], text, key) : IndexOfKey(given[..kept], text, key);
            if (same == Limits.AttributesPerRecordMax)
            {
                dropped++;
                continue;
            }

            if (same != read)
            {
                given[same] = given[read];
            }

            kept += same == kept ? 1 : 0;
        }

        attributes.Truncate(first + kept);
        return dropped;
    }

    // The same through a table of the indexes, plus one, by hash; a key that is new gets its slot.
    private int IndexOfHashed(ReadOnlySpan<Attribute> attributes, Utf8Text text, ReadOnlySpan<byte> key)
    {
        int slot = (int)(XxHash3.HashToUInt64(key) % (uint)_slots.Length);
        while (_slots[slot] != 0)
        {
            if (text[attributes[_slots[slot] - 1].Key].SequenceEqual(key))
            {
                return _slots[slot] - 1;
            }

            slot = (slot + 1) % _slots.Length;
        }

        if (attributes.Length < Limits.AttributesPerRecordMax)
        {
            _slots[slot] = (short)(attributes.Length + 1);
        }

        return attributes.Length;
    }

    // Where the key is, or where it would be added.
    private static int IndexOfKey(ReadOnlySpan<Attribute> attributes, Utf8Text text, ReadOnlySpan<byte> key)
    {
        int i = 0;
        while (i < attributes.Length && !(attributes[i].Key.Length == key.Length && text[attributes[i].Key].SequenceEqual(key)))
        {
            i++;
        }

        return i;
    }
}
