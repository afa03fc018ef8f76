using System.Text.Json;
using OtelLite.Telemetry;

namespace OtelLite.Otlp;

/// <summary>
/// The attributes of a record nearly always begin as those of the record before it do, byte for byte: who and where the client is stands first. As many as are the same are not read again, but taken
/// over with what was made of them. One for each thread that decodes, of the body that it reads.
/// </summary>
internal sealed class AlikeAttributes
{
    [ThreadStatic]
    private static AlikeAttributes? _ofThisThread;

    // Behind each of those read last, counted from where the first may begin.
    private readonly int[] _ends = new int[Limits.AlikeAttributesMax];
    private int _count;

    // Where that is in the body, which of the batch's attributes is the first, and how deep in the body they are.
    private int _place;
    private int _first;
    private int _depth;

    // The reader's state behind any of them. It is the same at one depth, for what has attributes stands within the same kinds of messages there: a resource 5 deep, a scope 7, a record or span 8, a
    // data point 11.
    private JsonReaderState _behind;
    private bool _isBehindKnown;

    public static AlikeAttributes OfThisThread => _ofThisThread ??= new();

    /// <summary>Whether the reader was led past some of the body, and so does not know its place in it.</summary>
    public bool IsPlaceLost { get; set; }

    /// <summary>Another body is about to be read.</summary>
    public void Forget() => (_count, _isBehindKnown, IsPlaceLost) = (0, false, false);

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
            IsPlaceLost = true;
        }
    }

    /// <summary>The next attribute ends before this place of the body.</summary>
    /// <param name="reader">It has come to the end of one of them, this or an earlier one.</param>
    public void NoteEnd(int place, ref Utf8JsonReader reader)
    {
        if (_count < Limits.AlikeAttributesMax)
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
