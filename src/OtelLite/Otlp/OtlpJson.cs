using System.IO.Hashing;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Unicode;
using OtelLite.Telemetry;

namespace OtelLite.Otlp;

/// <summary>
/// Any OTLP/JSON export request. Which signals it holds is read from its own keys (<c>resourceMetrics</c>, <c>resourceLogs</c>, <c>resourceSpans</c>)
/// and not from the path it was sent to: real clients post one signal to another's path, or to <c>/</c>.
/// </summary>
[JsonConverter(typeof(ExportRequestConverter))]
internal readonly record struct ExportRequest(TelemetryBatch? Batch);

/// <summary>The one serializer context of the receiving side: its single type is read by hand into a pooled batch.</summary>
[JsonSourceGenerationOptions(MaxDepth = Limits.JsonDepthMax)]
[JsonSerializable(typeof(ExportRequest))]
internal sealed partial class OtlpJsonContext : JsonSerializerContext;

/// <summary>Bytes of an OTLP/JSON body in, a batch out. Knows no HTTP and no SQL; throws nothing for a bad body.</summary>
internal static class OtlpJson
{
    private static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    /// <summary>
    /// Reads a whole body. False when it is not an OTLP/JSON request; then nothing of it is kept and <paramref name="error"/>
    /// says in a sentence what is wrong and where. The caller returns the batch.
    /// </summary>
    /// <param name="memory">Where the body lies, if it stays there as it is until it is read: then less of it is copied.</param>
    public static bool TryRead(ReadOnlySpan<byte> body, out TelemetryBatch batch, out string error, ReadOnlyMemory<byte> memory = default)
    {
        // One vectorized pass: .NET's reader does not check it while reading, and throws only when the text is asked for.
        bool isToCheck = !Utf8.IsValid(body);
        if (!isToCheck && !memory.IsEmpty)
        {
            try
            {
                return TryRead(body, new BodyToRead(memory, isToCheck: false, isReadInOneGo: true), out batch, out error);
            }
            catch (JsonException) when (AlikeAttributes.OfThisThread.IsPlaceLost)
            {
                // Once more, step by step, for the place that the error is at: a reader that was led past some of the body does not know it. A wrong body so costs twice what a right one does.
            }
            catch (JsonException e)
            {
                return Refuse(e, out batch, out error);
            }
        }

        try
        {
            return TryRead(body, new BodyToRead(memory, isToCheck, isReadInOneGo: false), out batch, out error);
        }
        catch (JsonException e)
        {
            return Refuse(e, out batch, out error);
        }
    }

    private static bool Refuse(JsonException e, out TelemetryBatch batch, out string error)
    {
        batch = null!;
        error = e.LineNumber is { } line
            ? $"the body is not valid OTLP/JSON at line {line + 1}, byte {e.BytePositionInLine}: {FirstSentence(e.Message)}"
            : $"the body is not valid OTLP/JSON: {FirstSentence(e.Message)}";
        return false;
    }

    // Throws JsonException for a body that is not such a request.
    private static bool TryRead(ReadOnlySpan<byte> body, in BodyToRead toRead, out TelemetryBatch batch, out string error)
    {
        batch = null!;
        error = "";
        ExportRequestConverter.Body = toRead;
        try
        {
            batch = JsonSerializer.Deserialize(body.StartsWith(ByteOrderMark) ? body[3..] : body, OtlpJsonContext.Default.ExportRequest).Batch!;
            if (batch is not null)
            {
                batch.BodyHash = XxHash128.HashToUInt128(body);
                ExportRequestConverter.Last = null;
                return true;
            }

            error = "the body is null where an OTLP export request was expected";
        }
        catch (BatchFullException e)
        {
            error = e.Message;
        }
        finally
        {
            ExportRequestConverter.Body = default;

            // The request was read to its end, and then something stood behind it.
            ExportRequestConverter.Last?.Return();
            ExportRequestConverter.Last = null;
        }

        return false;
    }

    // Reader messages end with "Path: ... | LineNumber: ..."; the place is said in our own words.
    private static string FirstSentence(string message)
    {
        int end = message.IndexOf(" Path:", StringComparison.Ordinal);
        end = end < 0 ? message.IndexOf(" LineNumber:", StringComparison.Ordinal) : end;
        return end < 0 ? message : message[..end];
    }
}

/// <summary>A body, and how it may be read.</summary>
/// <param name="memory">Where it lies, if it stays there as it is until it is read.</param>
/// <param name="isToCheck">It is not UTF-8 somewhere.</param>
/// <param name="isReadInOneGo">What is written in the usual way may be read in one go (<see cref="PlainAttributesJson"/>).</param>
internal readonly struct BodyToRead(ReadOnlyMemory<byte> memory, bool isToCheck, bool isReadInOneGo)
{
    public ReadOnlyMemory<byte> Memory { get; } = memory;

    public bool IsToCheck { get; } = isToCheck;

    public bool IsReadInOneGo { get; } = isReadInOneGo;
}

/// <summary>The root of a request: an object with at least one of the signals' keys, or none.</summary>
internal sealed class ExportRequestConverter : JsonConverter<ExportRequest>
{
    /// <summary>The body that this thread reads. A converter is given nothing but the reader.</summary>
    [field: ThreadStatic]
    public static BodyToRead Body { get; set; }

    /// <summary>What this thread has read and nobody has taken over.</summary>
    [field: ThreadStatic]
    public static TelemetryBatch? Last { get; set; }

    public override ExportRequest Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        TelemetryBatch batch = TelemetryBatch.Rent();
        batch.Text.ReadFrom(Body.Memory, Body.IsToCheck, Body.IsReadInOneGo);
        AlikeAttributes.OfThisThread.Forget();
        try
        {
            Json.ExpectObject(ref reader, "the request");
            while (Json.NextMember(ref reader, out ReadOnlySpan<byte> name))
            {
                if (SignalJson.Find(name) is { } signal)
                {
                    signal.Read(ref reader, batch);
                }
                else
                {
                    reader.Skip();
                }
            }

            // Here, and by Return: one that is given back is another's at once.
            batch.Text.ReadFrom(default);
            Last = batch;
            return new ExportRequest(batch);
        }
        catch
        {
            batch.Return();
            throw;
        }
    }

    public override void Write(Utf8JsonWriter writer, ExportRequest value, JsonSerializerOptions options) =>
        throw new NotSupportedException("OtelLite receives exports and sends none.");
}
