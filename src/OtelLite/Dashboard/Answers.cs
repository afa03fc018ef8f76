using System.Globalization;
using System.Text.Json.Serialization.Metadata;
using OtelLite.Telemetry;

namespace OtelLite.Dashboard;

/// <summary>How the API answers: JSON that nobody keeps, and problems in RFC 9457's form.</summary>
internal static class Answers
{
    // What is answered is not kept while its client takes it: the method that waits knows the bytes alone.
    public static Task Write<T>(HttpContext context, T answer, JsonTypeInfo<T> type, int status = StatusCodes.Status200OK, string contentType = "application/json") =>
        Write(context, AnswerBody.Of(answer, type), status, contentType);

    private static async Task Write(HttpContext context, AnswerBody answer, int status, string contentType)
    {
        using AnswerBody body = answer;
        if (context.Features.Get<AnswerTurn>() is not { } turn)
        {
            await Write(context, body.Bytes, status, contentType).ConfigureAwait(false);
        }
        else if (await turn.Ready(body.Bytes.Length).ConfigureAwait(false))
        {
            await WriteInTime(context, Write(context, body.Bytes, status, contentType)).ConfigureAwait(false);
        }
        else
        {
            body.Dispose();
            await WriteProblem(context, StatusCodes.Status503ServiceUnavailable, "other long answers wait for their clients to take them: ask again").ConfigureAwait(false);
        }
    }

    private static async Task WriteInTime(HttpContext context, Task written)
    {
        try
        {
            await written.WaitAsync(Limits.LongAnswerTaken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            context.Abort();
            // It has its bytes until it ends, which it does now.
            await written.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task Write(HttpContext context, ReadOnlyMemory<byte> body, int status, string contentType)
    {
        HttpResponse response = context.Response;
        response.StatusCode = status;
        response.ContentType = contentType;
        response.ContentLength = body.Length;
        response.Headers.CacheControl = "no-store";
        if (status == StatusCodes.Status503ServiceUnavailable)
        {
            response.Headers.RetryAfter = Limits.RetryAfterSeconds.ToString(CultureInfo.InvariantCulture);
        }

        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await response.Body.WriteAsync(body).ConfigureAwait(false);
        }
    }

    /// <summary>What was posted could not be stored: 503 while the world is in the way, 500 for a defect.</summary>
    public static Task WriteNotStored(HttpContext context, string what, WriteResult result) => WriteProblem(
        context, result.Outcome == WriteOutcome.Failed ? StatusCodes.Status500InternalServerError : StatusCodes.Status503ServiceUnavailable,
        $"{what} could not be stored: {result.Reason}");

    public static Task WriteProblem(HttpContext context, int status, string detail) => Write(
        context,
        new Problem("about:blank", Microsoft.AspNetCore.WebUtilities.ReasonPhrases.GetReasonPhrase(status), status, detail),
        ApiJson.Default.Problem, status, "application/problem+json");
}
