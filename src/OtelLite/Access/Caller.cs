using System.Text;

namespace OtelLite.Access;

/// <summary>What a token is good for.</summary>
internal enum TokenScope
{
    All,

    /// <summary>Sends exports and sees nothing.</summary>
    Ingest,

    /// <summary>Sees everything and changes nothing.</summary>
    Read,
}

/// <summary>Who asks, as the token tells.</summary>
internal sealed class Caller(string token, string? name, TokenScope scope, CancellationToken revoked)
{
    /// <summary>As it was sent.</summary>
    public string Token => token;

    /// <summary>The token's, which is kept with each record that it brings; null for the data folder's own, which has none.</summary>
    public string? Name => name;

    /// <summary>Ends what is under way with a token that is taken back.</summary>
    public CancellationToken Revoked => revoked;

    /// <summary>Empty where there is none.</summary>
    public ReadOnlySpan<byte> NameUtf8 => name is null ? [] : Encoding.ASCII.GetBytes(name);

    public bool MayExport => scope != TokenScope.Read;

    public bool MayRead => scope != TokenScope.Ingest;

    public bool MayChange => scope == TokenScope.All;
}
