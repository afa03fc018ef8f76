using System.Globalization;
using Microsoft.AspNetCore.Connections.Features;

namespace OtelLite.Access;

/// <summary>Who may come in: the one place where a token that somebody sent is looked at.</summary>
/// <param name="own">The data folder's own, which is good for all.</param>
/// <param name="named">Null: there are none beside it.</param>
internal sealed class Gate(Token own, NamedTokens? named = null)
{
    private readonly Caller _own = new(own.Value, null, TokenScope.All, CancellationToken.None);
    private readonly WrongTokens _wrong = new(() => Environment.TickCount64);

    /// <summary>Who brings a token in the header; null where it is none of ours.</summary>
    public Caller? ByHeader(HttpRequest request) => Of(Token.BearerIn(request));

    /// <summary>Whose token this is, or null.</summary>
    public Caller? Of(string? candidate) =>
        candidate is null ? null
        : own.Is(candidate) ? _own
        : named?.Of(candidate);

    /// <summary>Lets whoever tries tokens wait, and connect anew for the next one.</summary>
    public static void AskToWait(HttpResponse response)
    {
        response.Headers.RetryAfter = Limits.RetryAfterSeconds.ToString(CultureInfo.InvariantCulture);
        EndConnection(response);
    }

    /// <summary>Ends the connection behind the answer.</summary>
    public static void EndConnection(HttpResponse response)
    {
        if (!HttpProtocol.IsHttp2(response.HttpContext.Request.Protocol))
        {
            response.Headers.Connection = "close";
        }
        else if (response.HttpContext.Features.Get<IConnectionLifetimeNotificationFeature>() is { } connection)
        {
            // HTTP/2 has no word for it in an answer. Without this a thousand tokens a second could be tried on one connection.
            connection.RequestClose();
        }
    }

    /// <summary>
    /// For a request that brought none that is good: true when its address has tried too many. Asking without any is no try. The right one is looked for first, so
    /// that nobody who has it is ever slowed down by another at the same address.
    /// </summary>
    /// <param name="candidate">What it brought.</param>
    public bool IsTooMany(HttpContext context, string? candidate) => candidate is { Length: > 0 } && _wrong.IsTooMany(context.Connection.RemoteIpAddress);
}
