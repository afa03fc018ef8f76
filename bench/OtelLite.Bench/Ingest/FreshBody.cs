using System.Buffers.Text;
using System.Text;
using System.Text.RegularExpressions;

namespace OtelLite.Bench.Ingest;

/// <summary>
/// A body of which each copy is a new one at the cost of some copied digits: times, ids and sequence numbers stand at places that are known. One thread uses it.
/// </summary>
internal sealed partial class FreshBody
{
    // A session sends so many bodies, then another one begins.
    private const int BodiesOfSession = 20;

    private readonly byte[] _utf8;
    private readonly (int At, Slot Slot, long Offset)[] _slots;

    private FreshBody(byte[] utf8, (int, Slot, long)[] slots, int records) => (_utf8, _slots, Records) = (utf8, slots, records);

    private enum Slot
    {
        UnixNano,
        SessionId,
        OtherId,
        Sequence,
    }

    // The same in every body, so that those of one session have its id, whichever recording they come from.
    private static ReadOnlySpan<byte> RestOfSessionId => "-0000-4000-8000-000000000000"u8;

    public int Records { get; }

    public int Length => _utf8.Length;

    /// <param name="json">A recorded body, or one put together of recorded parts.</param>
    /// <param name="records">Data points or log records in it.</param>
    public static FreshBody From(string json, int records)
    {
        // Eight places, so that every number fits where the least stood; JSON allows blanks before a number.
        json = Sequences().Replace(json, m => m.Groups[1].Value + m.Groups[2].Value.PadLeft(8));
        byte[] utf8 = Encoding.UTF8.GetBytes(json);
        string bytes = Encoding.Latin1.GetString(utf8);
        long last = RecordedBodies.LastUnixNano(json);
        List<(int, Slot, long)> slots = [];
        slots.AddRange(Times().Matches(bytes).Select(m => (m.Groups[1].Index, Slot.UnixNano, long.Parse(m.Groups[1].ValueSpan) - last)));
        slots.AddRange(SessionIds().Matches(bytes).Select(m => (m.Groups[1].Index, Slot.SessionId, 0L)));
        slots.AddRange(OtherIds().Matches(bytes).Select(m => (m.Groups[1].Index + m.Groups[1].Length - 8, Slot.OtherId, 0L)));
        int n = 0;
        slots.AddRange(Sequences().Matches(bytes).Select(m => (m.Groups[2].Index, Slot.Sequence, (long)n++)));
        return new(utf8, [.. slots], records);
    }

    /// <summary>Another thread's own.</summary>
    public FreshBody Copy() => new([.. _utf8], _slots, Records);

    /// <summary>The body as if it had just been made; valid until the next.</summary>
    /// <param name="client">Who sends it: a number of its own.</param>
    /// <param name="number">Which of the client's bodies it is, from 0 on.</param>
    public ReadOnlyMemory<byte> Next(int client, int number)
    {
        long now = (DateTime.UtcNow - DateTime.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick;
        uint body = ((uint)client << 24) + (uint)number;
        foreach ((int at, Slot slot, long offset) in _slots)
        {
            Span<byte> place = _utf8.AsSpan(at);
            switch (slot)
            {
                case Slot.UnixNano:
                    Utf8Formatter.TryFormat(now + offset, place, out _);
                    break;
                case Slot.SessionId:
                    Utf8Formatter.TryFormat(((uint)client << 24) + (uint)(number / BodiesOfSession), place, out _, new('x', 8));
                    RestOfSessionId.CopyTo(place[8..]);
                    break;
                case Slot.OtherId:
                    Utf8Formatter.TryFormat(body, place, out _, new('x', 8));
                    break;
                case Slot.Sequence:
                    Write(place[..8], number % BodiesOfSession * Records + offset);
                    break;
            }
        }

        return _utf8;
    }

    private static void Write(Span<byte> place, long number)
    {
        place.Fill((byte)' ');
        for (int i = place.Length - 1; i == place.Length - 1 || number > 0; i--)
        {
            place[i] = (byte)('0' + number % 10);
            number /= 10;
        }
    }

    [GeneratedRegex("""(?:t|T|startT|observedT)imeUnixNano":"(\d{19})""")]
    private static partial Regex Times();

    [GeneratedRegex("""session\.id","value":\{"stringValue":"([0-9a-f]{8})""")]
    private static partial Regex SessionIds();

    // Of requests, prompts, uses of tools and hooks.
    [GeneratedRegex("""(?:request_id|prompt\.id|tool_use_id|message\.id|query_id)","value":\{"stringValue":"([A-Za-z0-9_-]{12,})""")]
    private static partial Regex OtherIds();

    [GeneratedRegex("""(event\.sequence","value":\{"intValue":)( *\d+)""")]
    private static partial Regex Sequences();
}
