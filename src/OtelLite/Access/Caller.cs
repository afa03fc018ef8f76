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
/// <param name="Token">As it was sent.</param>
/// <param name="Name">The token's, which is kept with each record that it brings; null for the data folder's own, which has none.</param>
/// <param name="Revoked">Ends what is under way with a token that is taken back.</param>
internal sealed record Caller(string Token, string? Name, TokenScope Scope, CancellationToken Revoked)
{
    /// <summary>Empty where there is none.</summary>
    public ReadOnlySpan<byte> NameUtf8 => Name is null ? [] : Encoding.ASCII.GetBytes(Name);

    public bool MayExport => Scope != TokenScope.Read;

    public bool MayRead => Scope != TokenScope.Ingest;

    public bool MayChange => Scope == TokenScope.All;
}
