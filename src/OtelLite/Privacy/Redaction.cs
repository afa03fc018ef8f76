using System.Text;
using System.Text.Json;
using OtelLite.Telemetry;
using Attribute = OtelLite.Telemetry.Attribute;

namespace OtelLite.Privacy;

/// <summary>
/// Drops and hashes at the door: a batch that was read loses what is not to be stored before anybody else sees it. A hash is keyed with a secret of the data folder,
/// so that figures still split by what is hashed, and a list of likely addresses tells nobody who has only the database whose hash it is.
/// </summary>
internal sealed class Redaction(RedactRules rules, byte[] key)
{
    public const string KeyFileName = "redact.key";

    // Half of the hash is enough to tell any two apart, and is read more easily.
    private const int HashBytesKept = 16;
    private const int HexBytes = 2 * HashBytesKept;

    /// <summary>What a data folder's settings ask for; null where they ask for nothing.</summary>
    /// <exception cref="IOException">The key can't be read or made.</exception>
    /// <exception cref="InvalidDataException">The key's file holds none; the message is a sentence.</exception>
    public static Redaction? Of(RedactRules? rules, string dataDir) => rules is null ? null : new Redaction(rules, rules.Hashes ? KeyOf(dataDir) : []);

    /// <summary>The file that holds the key; null where none is needed.</summary>
    public SmallFile? AsFile() => key.Length > 0 ? new SmallFile(KeyFileName, [.. key, (byte)'\n']) : null;

    /// <summary>Takes out of a batch what the rules name.</summary>
    /// <exception cref="BatchFullException">There is no room for the hashes.</exception>
    public void Apply(TelemetryBatch batch)
    {
        foreach (ref Resource resource in batch.Resources.Rows)
        {
            Apply(batch, ref resource.Attributes);
        }

        foreach (ref InstrumentationScope scope in batch.Scopes.Rows)
        {
            Apply(batch, ref scope.Attributes);
        }

        foreach (ref DataPoint point in batch.DataPoints.Rows)
        {
            Apply(batch, ref point.Attributes);
            point.SessionId = batch.TextOf(point.Attributes, AttributeName.SessionId);
            point.Exemplars = Embedded(batch, point.Exemplars);
        }

        foreach (ref LogRecord record in batch.LogRecords.Rows)
        {
            Apply(batch, ref record.Attributes);
            record.SessionId = batch.TextOf(record.Attributes, AttributeName.SessionId);
            record.PromptId = batch.TextOf(record.Attributes, AttributeName.PromptId);
            ApplyToBody(batch, ref record);
        }

        foreach (ref Span span in batch.Spans.Rows)
        {
            Apply(batch, ref span.Attributes);
            span.SessionId = batch.TextOf(span.Attributes, AttributeName.SessionId);
            span.Events = Embedded(batch, span.Events);
            span.Links = Embedded(batch, span.Links);
        }
    }

    /// <summary>What is stored of a text that comes by another way than an export; null where it is not to be.</summary>
    /// <param name="name">The attribute that says the same.</param>
    public string? Of(string? text, ReadOnlySpan<byte> name)
    {
        switch (text is null ? RedactKind.Keep : rules.Of(name, ClaudeCode.Attributes.Find(name)))
        {
            case RedactKind.Drop:
                return null;
            case RedactKind.Hash:
                Span<byte> hex = stackalloc byte[HexBytes];
                Hash(Encoding.UTF8.GetBytes(text!), hex);
                return Encoding.ASCII.GetString(hex);
            default:
                return text;
        }
    }

    private void Apply(TelemetryBatch batch, ref AttributeSet set)
    {
        Span<Attribute> attributes = batch.Attributes.Rows.Slice(set.First, set.Count);
        int kept = 0;
        bool changed = false;
        foreach (ref Attribute attribute in attributes)
        {
            RedactKind kind = rules.Of(batch.Text[attribute.Key], attribute.Name);
            changed |= kind != RedactKind.Keep;
            if (kind == RedactKind.Hash)
            {
                attribute.Text = Hashed(batch.Text, attribute);
                attribute.Kind = ValueKind.String;
            }

            if (kind != RedactKind.Drop)
            {
                attributes[kept++] = attribute;
            }
        }

        if (changed)
        {
            set.Count = kept;
            AttributeJson.Write(batch, ref set, isNew: false);
        }
    }

    // The event's name was taken from it already, where it stands there.
    private void ApplyToBody(TelemetryBatch batch, ref LogRecord record)
    {
        RedactKind kind = record.Body.IsNone ? RedactKind.Keep : rules.Of(Encoding.UTF8.GetBytes(RedactRules.Body), AttributeName.Other);
        if (kind == RedactKind.Drop)
        {
            record.Body = TextRange.None;
        }
        else if (kind == RedactKind.Hash)
        {
            Span<byte> hex = stackalloc byte[HexBytes];
            Hash(batch.Text[record.Body], hex);
            int start = batch.Text.Length;
            batch.Text.AppendJsonString(hex);
            record.Body = batch.Text.Since(start);
        }
    }

    private TextRange Hashed(Utf8Text text, in Attribute attribute)
    {
        int end = text.Length;
        Span<byte> hex = stackalloc byte[HexBytes];
        Hash(text[AttributeJson.PlainOf(text, attribute)], hex);
        text.Rewind(end);
        return text.Append(hex);
    }

    private void Hash(ReadOnlySpan<byte> plain, Span<byte> hex)
    {
        Span<byte> hash = stackalloc byte[Sha256.Bytes];
        Sha256.Keyed(key, plain, hash);
        Convert.TryToHexStringLower(hash[..HashBytesKept], hex, out _);
    }

    // Events, links and exemplars are a JSON array already, in which each has its attributes as one object; where the rules name one of these it is copied but for that.
    private TextRange Embedded(TelemetryBatch batch, TextRange array)
    {
        Utf8Text text = batch.Text;
        if (array.IsNone || !IsNamedIn(text[array], text))
        {
            return array;
        }

        // Where it is it stays, even if the text outgrows its memory.
        ReadOnlySpan<byte> json = text[array];
        Utf8JsonReader reader = ReaderOf(json);
        int start = text.Length;
        int copied = 0;
        while (NextAttributes(ref reader))
        {
            text.Append(json[copied..(int)reader.TokenStartIndex]);
            AppendKept(ref reader, json, text);
            copied = (int)reader.BytesConsumed;
        }

        text.Append(json[copied..]);
        return text.Since(start);
    }

    private bool IsNamedIn(ReadOnlySpan<byte> json, Utf8Text text)
    {
        Utf8JsonReader reader = ReaderOf(json);
        while (NextAttributes(ref reader))
        {
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (KindOf(ref reader, text) != RedactKind.Keep)
                {
                    return true;
                }

                reader.Read();
                reader.Skip();
            }
        }

        return false;
    }

    private static Utf8JsonReader ReaderOf(ReadOnlySpan<byte> json) => new(json, new JsonReaderOptions { MaxDepth = Limits.JsonDepthMax });

    // On to the object that is "attributes" or "filteredAttributes" of one of the array's objects.
    private static bool NextAttributes(ref Utf8JsonReader reader)
    {
        while (reader.Read())
        {
            if (reader.TokenType == JsonTokenType.PropertyName && reader.CurrentDepth == 2 && (reader.ValueTextEquals("attributes"u8) || reader.ValueTextEquals("filteredAttributes"u8)))
            {
                reader.Read();
                return true;
            }
        }

        return false;
    }

    // Of an attribute on whose name the reader stands.
    private RedactKind KindOf(ref Utf8JsonReader reader, Utf8Text text)
    {
        int end = text.Length;
        ReadOnlySpan<byte> name = reader.ValueIsEscaped ? text[text.AppendUnescaped(reader.ValueSpan)] : reader.ValueSpan;
        RedactKind kind = rules.Of(name, ClaudeCode.Attributes.Find(name));
        text.Rewind(end);
        return kind;
    }

    private void AppendKept(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, Utf8Text text)
    {
        Span<byte> hex = stackalloc byte[HexBytes];
        text.Append((byte)'{');
        bool first = true;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            int memberAt = (int)reader.TokenStartIndex;
            RedactKind kind = KindOf(ref reader, text);
            reader.Read();
            int valueAt = (int)reader.TokenStartIndex;
            bool isText = reader.TokenType == JsonTokenType.String;
            reader.Skip();
            if (kind == RedactKind.Drop)
            {
                continue;
            }

            if (!first)
            {
                text.Append((byte)',');
            }

            first = false;
            ReadOnlySpan<byte> value = json[valueAt..(int)reader.BytesConsumed];
            text.Append(json[memberAt..valueAt]);
            if (kind == RedactKind.Hash)
            {
                // Of a string what it says, and of anything else its JSON.
                int end = text.Length;
                Hash(isText ? text[text.AppendUnescaped(value[1..^1])] : value, hex);
                text.Rewind(end);
                text.AppendJsonString(hex);
            }
            else
            {
                text.Append(value);
            }
        }

        text.Append((byte)'}');
    }

    // Made once, at random, for its owner alone. Without it what was hashed before and what is hashed from then on would be two people.
    private static byte[] KeyOf(string dataDir)
    {
        string path = Path.Combine(dataDir, KeyFileName);
        if (!File.Exists(path))
        {
            Token.TryMake(path);
        }

        byte[] key = Encoding.ASCII.GetBytes(File.ReadAllText(path).Trim());
        return key.Length is >= 32 and <= 64 ? key
            : throw new InvalidDataException($"{path} holds no key for redact's hashes: put back the one that was there, or delete it and a new one is made, which hashes all anew.");
    }
}
