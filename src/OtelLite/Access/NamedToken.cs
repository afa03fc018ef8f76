using System.Globalization;
using System.Text;

namespace OtelLite.Access;

/// <summary>A token that has a name, as it is kept: without the token.</summary>
/// <param name="Hash">SHA-256 of the token, in lower-case hex.</param>
/// <param name="MadeAt">RFC 3339, to the second.</param>
internal sealed record NamedToken(string Name, TokenScope Scope, string Hash, string MadeAt)
{
    /// <summary>A token that is made now.</summary>
    public static NamedToken Of(string token, string name, TokenScope scope)
    {
        byte[] hash = new byte[Sha256.Bytes];
        Sha256.Hash(Encoding.UTF8.GetBytes(token), hash);
        return new(name, scope, Convert.ToHexStringLower(hash), DateTimeOffset.UtcNow.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
    }

    /// <summary>A name that reads the same in a shell, a table and an attribute.</summary>
    public static bool IsName(string name)
    {
        foreach (char c in name)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('-' or '.' or '_' or '@'))
            {
                return false;
            }
        }

        return name.Length is > 0 and <= Limits.TokenNameCharactersMax;
    }

    /// <summary>How it stands in the file: four words.</summary>
    public override string ToString() => $"{Name} {Word(Scope)} {Hash} {MadeAt}";

    /// <summary>One that stands there; null where it is none.</summary>
    public static NamedToken? Parse(string line) =>
        line.Split(' ') is [{ } name, { } scope, { Length: 2 * Sha256.Bytes } hash, { } madeAt] && IsName(name) && ScopeOf(scope) is { } of && Array.TrueForAll(hash.ToCharArray(), char.IsAsciiHexDigitLower)
            ? new(name, of, hash, madeAt)
            : null;

    /// <summary>What a scope is called, there and on the command line.</summary>
    public static string Word(TokenScope scope) => scope switch { TokenScope.Ingest => "ingest", TokenScope.Read => "read", _ => "all" };

    /// <summary>The scope of that name, or null.</summary>
    public static TokenScope? ScopeOf(string word) => word switch { "ingest" => TokenScope.Ingest, "read" => TokenScope.Read, "all" => TokenScope.All, _ => null };
}
