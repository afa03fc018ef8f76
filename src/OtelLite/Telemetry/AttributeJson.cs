namespace OtelLite.Telemetry;

/// <summary>
/// Writes a set of attributes as the one flat JSON object that is stored. Keys and values are parts of it from then on: what has to be escaped, and so does not stand there as it is, is
/// kept beside it only where something is counted by it. A large body would else be in memory a third time.
/// </summary>
internal static class AttributeJson
{
    /// <summary>Writes the object of <paramref name="set"/> at the end of the batch's text.</summary>
    /// <param name="isNew">Its attributes were just read, and nothing but them refers to their text.</param>
    /// <param name="alike">So many of them, at its beginning, are those of <paramref name="last"/>, and their texts are that one's.</param>
    public static void Write(TelemetryBatch batch, ref AttributeSet set, bool isNew, int alike = 0, in AttributeSet last = default)
    {
        Utf8Text text = batch.Text;
        Span<Attribute> attributes = batch.Attributes.Rows.Slice(set.First, set.Count);
        var read = new ReadText(text.Length);
        bool isBeside = false;
        if (alike == 0)
        {
            text.Append((byte)'{');
        }
        else
        {
            CopyAlike(batch, attributes[..alike], last);
        }

        for (int i = alike; i < attributes.Length; i++)
        {
            if (i > 0)
            {
                text.Append((byte)',');
            }

            ref Attribute attribute = ref attributes[i];
            if (!HasText(attribute))
            {
                // A text that another member of the same value came after is none of it.
                attribute.Text = default;
            }

            read.Note(attribute.Key);
            text.AppendJsonString(ref attribute.Key);
            text.Append((byte)':');
            read.Note(attribute.Text);
            AppendValue(text, ref attribute, read.End);
            isBeside |= read.Holds(attribute.Key) || read.Holds(attribute.Text);
        }

        text.Append((byte)'}');
        set.Json = text.Since(read.End);
        if (isBeside && isNew)
        {
            KeepBeside(text, attributes, read);
        }

        if (isNew && read.IsOnlyThis)
        {
            CloseGap(text, ref set, attributes, read);
        }
    }

    /// <summary>How many of a set's first attributes can be copied from its JSON as they are: each of their keys and texts stands there, and so does what comes behind the last of them. None with values
    /// within it, which are counted one by one (<see cref="Limits.NestedValuesMax"/>).</summary>
    public static int InOnePiece(TelemetryBatch batch, in AttributeSet set, int count)
    {
        ReadOnlySpan<Attribute> attributes = batch.AttributesOf(set);
        int whole = 0;
        while (whole < count && attributes[whole].Kind != ValueKind.Json && IsWithin(set.Json, attributes[whole].Key) && (!HasText(attributes[whole]) || IsWithin(set.Json, attributes[whole].Text)))
        {
            whole++;
        }

        return whole == attributes.Length || IsWithin(set.Json, attributes[whole].Key) ? whole : Math.Max(0, whole - 1);
    }

    /// <summary>Gives those attributes of a set whose texts are the last one's texts of their own, as if they were just read.</summary>
    public static void Detach(TelemetryBatch batch, in AttributeSet set, in AttributeSet last)
    {
        foreach (ref Attribute attribute in batch.Attributes.Rows.Slice(set.First, set.Count))
        {
            if (IsWithin(last.Json, attribute.Key))
            {
                attribute.Key = batch.Text.AppendCopy(attribute.Key);
            }

            // Not always with its key: of a key that came twice the last value stays.
            if (HasText(attribute) && IsWithin(last.Json, attribute.Text))
            {
                attribute.Text = batch.Text.AppendCopy(attribute.Text);
            }
        }
    }

    // The beginning of the last object, up to the key behind them or its end.
    private static void CopyAlike(TelemetryBatch batch, Span<Attribute> alike, in AttributeSet last)
    {
        int end = alike.Length == last.Count ? last.Json.Start + last.Json.Length - 1 : batch.Attributes[last.First + alike.Length].Key.Start - ",\"".Length;
        int by = batch.Text.Length - last.Json.Start;
        batch.Text.AppendCopy(new TextRange(last.Json.Start, end - last.Json.Start));
        foreach (ref Attribute attribute in alike)
        {
            attribute.Key = new TextRange(attribute.Key.Start + by, attribute.Key.Length);
            attribute.Text = HasText(attribute) ? new TextRange(attribute.Text.Start + by, attribute.Text.Length) : attribute.Text;
        }
    }

    private static bool HasText(in Attribute attribute) => attribute.Kind is ValueKind.String or ValueKind.Json or ValueKind.QuotedString;

    private static bool IsWithin(TextRange json, TextRange part) => part.Start > json.Start && part.Start + part.Length < json.Start + json.Length;

    /// <summary>A value as the text that it is: a string, and bytes, without quotes, anything else as its JSON. It may be appended, and then lasts until the text is rewound.</summary>
    public static TextRange PlainOf(Utf8Text text, in Attribute attribute)
    {
        switch (attribute.Kind)
        {
            case ValueKind.String:
                return attribute.Text;
            case ValueKind.Json when text[attribute.Text][0] != '"':
                return attribute.Text;
            case ValueKind.Json or ValueKind.QuotedString:
                return text.AppendUnescaped(text[attribute.Text][1..^1]);
            default:
                int start = text.Length;
                Attribute copy = attribute;
                AppendValue(text, ref copy, start);
                return text.Since(start);
        }
    }

    private static void AppendValue(Utf8Text text, ref Attribute attribute, int end)
    {
        switch (attribute.Kind)
        {
            case ValueKind.String:
                int start = text.Length;
                text.AppendJsonString(ref attribute.Text);
                if (attribute.Text.Start < end && attribute.Text.Length > 0 && !IsCountedBy(attribute))
                {
                    (attribute.Kind, attribute.Text) = (ValueKind.QuotedString, text.Since(start));
                }

                break;
            case ValueKind.Bool: text.AppendJson(attribute.Int != 0); break;
            case ValueKind.Int: text.AppendJson(attribute.Int); break;
            case ValueKind.Double: text.AppendJson(attribute.Double); break;
            case ValueKind.Json or ValueKind.QuotedString: attribute.Text = text.AppendCopy(attribute.Text); break;
            default: text.Append("null"u8); break;
        }
    }

    private static bool IsCountedBy(in Attribute attribute) => attribute.Name != AttributeName.Other && attribute.Text.Length <= Limits.NameBytesMax;

    // A copy behind the object of what does not stand in it as it is: the body goes, and so may what was read.
    private static void KeepBeside(Utf8Text text, Span<Attribute> attributes, in ReadText read)
    {
        foreach (ref Attribute attribute in attributes)
        {
            attribute.Key = read.Holds(attribute.Key) ? text.AppendCopy(attribute.Key) : attribute.Key;
            attribute.Text = read.Holds(attribute.Text) ? text.AppendCopy(attribute.Text) : attribute.Text;
        }
    }

    // What was read for this object and copied into it is not needed any more.
    private static void CloseGap(Utf8Text text, ref AttributeSet set, Span<Attribute> attributes, in ReadText read)
    {
        int gap = read.End - read.Start;
        text.Remove(read.Start, gap);
        set.Json = Moved(set.Json, read.End, gap);
        foreach (ref Attribute attribute in attributes)
        {
            attribute.Key = Moved(attribute.Key, read.End, gap);
            attribute.Text = Moved(attribute.Text, read.End, gap);
        }
    }

    private static TextRange Moved(TextRange range, int from, int by) => range.Start >= from ? new TextRange(range.Start - by, range.Length) : range;

    /// <summary>Where the text is that was read for a set before its object is written; some of it may be the body's.</summary>
    private ref struct ReadText(int end)
    {
        private int _bytes;

        public int Start = end;

        /// <summary>Where the object begins.</summary>
        public readonly int End = end;

        /// <summary>Whether there is such text, and nothing else in between.</summary>
        public readonly bool IsOnlyThis => _bytes > 0 && _bytes == End - Start;

        public readonly bool Holds(TextRange range) => range.Length > 0 && range.Start < End;

        public void Note(TextRange range)
        {
            if (range is { Length: > 0, Start: >= 0 })
            {
                Start = Math.Min(Start, range.Start);
                _bytes += range.Length;
            }
        }
    }
}
