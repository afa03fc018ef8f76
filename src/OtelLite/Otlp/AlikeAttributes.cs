using System.Text.Json;
using OtelLite.Telemetry;

namespace OtelLite.Otlp;

/// <summary>
/// The attributes of a record nearly always begin as those of the record before it do, byte for byte: who and where the client is stands first. As many as are the same are not read again, but taken
/// over with what was made of them. One for each thread that decodes; it knows the body that is being read.
/// </summary>
internal sealed class AlikeAttributes
{
    // Claude Code's records have five to ten in common.
    private const int Most = 32;

    [ThreadStatic]
    private static AlikeAttributes? _own;

    // Behind each of those read last, counted from where the first may begin.
    private readonly int[] _ends = new int[Most];
    private int _count;

    // Where that is in the body, which of the batch's attributes is the first, and how deep in the body they are.
    private int _place;
    private int _first;
    private int _depth;

    // The reader's behind any of them. The same at one depth, for all records of a request stand within the same kinds of messages.
    private JsonReaderState _behind;
    private bool _isBehindKnown;

    public static AlikeAttributes Own => _own ??= new();

    /// <summary>Another body is about to be read.</summary>
    public void Forget() => (_count, _isBehindKnown) = (0, false);

    /// <summary>Adds to the batch those which the attributes that <paramref name="reader"/> has come to the beginning of have in common with the last ones. The reader goes on behind them.</summary>
    public void Take(ref Utf8JsonReader reader, TelemetryBatch batch)
    {
        int place = batch.Text.PlaceBehind(reader.ValueSpan);
        int same = place >= 0 && _isBehindKnown && _depth == reader.CurrentDepth ? batch.TakeAlike(_first, Same(batch.Text, place)) : 0;
        if (_depth != reader.CurrentDepth)
        {
            (_depth, _isBehindKnown) = (reader.CurrentDepth, false);
        }

        // As far as they are the same they end at the same places.
        (_place, _first, _count) = (place, batch.Attributes.Count - same, same);
        if (same > 0)
        {
            reader = new Utf8JsonReader(batch.Text.BodyFrom(place + _ends[same - 1]), isFinalBlock: true, _behind);
        }
    }

    /// <summary>The next attribute ends before this place of the body.</summary>
    /// <param name="reader">It has come to the end of one of them, this or an earlier one.</param>
    public void End(int place, ref Utf8JsonReader reader)
    {
        if (_count < Most)
        {
            _ends[_count++] = place - _place;
        }

        if (!_isBehindKnown)
        {
            (_behind, _isBehindKnown) = (reader.CurrentState, true);
        }
    }

    private int Same(Utf8Text text, int place)
    {
        int same = 0;
        if (_count > 0)
        {
            int bytes = text.BodyFrom(place).CommonPrefixLength(text.BodyFrom(_place)[.._ends[_count - 1]]);
            while (same < _count && _ends[same] <= bytes)
            {
                same++;
            }
        }

        return same;
    }
}
