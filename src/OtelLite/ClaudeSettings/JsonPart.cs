using System.Text.Json;

namespace OtelLite.ClaudeSettings;

/// <summary>A value within a text of JSON: where it stands, in bytes, and what is in it.</summary>
/// <param name="Members">Of an object or an array, in order.</param>
internal sealed record JsonPart(JsonTokenType Kind, int Start, int End, IReadOnlyList<JsonMember> Members)
{
    public bool IsObject => Kind == JsonTokenType.StartObject;

    public bool IsArray => Kind == JsonTokenType.StartArray;

    /// <summary>The member of that name, or null; of a name that comes twice the last one counts, as it does for Claude Code.</summary>
    public JsonPart? Member(string name) => Index(name) is >= 0 and var i ? Members[i].Value : null;

    /// <summary>-1 where there is none.</summary>
    public int Index(string name)
    {
        int i = Members.Count - 1;
        while (i >= 0 && Members[i].Name != name)
        {
            i--;
        }

        return i;
    }

    /// <summary>Reads the value that the reader stands on, to its end.</summary>
    /// <exception cref="JsonException">The text is no JSON.</exception>
    public static JsonPart Read(ref Utf8JsonReader reader)
    {
        int start = (int)reader.TokenStartIndex;
        JsonTokenType kind = reader.TokenType;
        List<JsonMember> members = [];
        if (kind is JsonTokenType.StartObject or JsonTokenType.StartArray)
        {
            while (reader.Read() && reader.TokenType is not (JsonTokenType.EndObject or JsonTokenType.EndArray))
            {
                int memberStart = (int)reader.TokenStartIndex;
                string? name = null;
                if (reader.TokenType == JsonTokenType.PropertyName)
                {
                    name = reader.GetString();
                    reader.Read();
                }

                members.Add(new JsonMember(name, memberStart, Read(ref reader)));
            }
        }

        return new JsonPart(kind, start, (int)reader.BytesConsumed, members);
    }
}

/// <param name="Name">Null in an array.</param>
/// <param name="Start">Of its name, or in an array of its value.</param>
internal readonly record struct JsonMember(string? Name, int Start, JsonPart Value);
