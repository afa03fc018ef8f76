using System.Buffers;
using System.IO.Pipelines;

namespace OtelLite.Receiver;

/// <summary>
/// A request's body, whole and decoded, in one contiguous pooled buffer (JSON readers give useless spans over segments). Both
/// framings are read: Claude Code sends chunked up to 2.1.197 and a length since 2.1.212.
/// </summary>
internal sealed class RequestBody : IDisposable
{
    private byte[] _bytes;
    private int _length;

    private RequestBody(byte[] bytes) => _bytes = bytes;

    public ReadOnlySpan<byte> Bytes => _bytes.AsSpan(0, _length);

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = [];
        _length = 0;
    }

    /// <summary>
    /// Reads and, if it is compressed, inflates the body; the limit holds before and after. On refusal the body is null and the
    /// refusal says why; what the client still sends is read and dropped, so that it can read the answer.
    /// </summary>
    public static async Task<(RequestBody? Body, OtlpRefusal? Refusal)> Read(HttpRequest request, int max)
    {
        string encoding = request.Headers.ContentEncoding.ToString().Trim();
        bool gzip = encoding.Equals("gzip", StringComparison.OrdinalIgnoreCase) || encoding.Equals("x-gzip", StringComparison.OrdinalIgnoreCase);
        if (!gzip && encoding.Length > 0 && !encoding.Equals("identity", StringComparison.OrdinalIgnoreCase))
        {
            await Drain(request.BodyReader).ConfigureAwait(false);
            return (null, OtlpRefusal.UnsupportedEncoding(encoding));
        }

        var body = new RequestBody(ArrayPool<byte>.Shared.Rent(FirstSize(request.ContentLength ?? 0, max)));
        if (!await body.Fill(request.BodyReader, max).ConfigureAwait(false))
        {
            body.Dispose();
            await Drain(request.BodyReader).ConfigureAwait(false);
            return (null, OtlpRefusal.TooLarge(max));
        }

        if (!gzip)
        {
            return (body, null);
        }

        using (body)
        {
            return body.Inflate(max);
        }
    }

    private static int FirstSize(long expected, int max) => (int)Math.Min(max, Math.Max(4096, expected));

    private async Task<bool> Fill(PipeReader reader, int max)
    {
        while (true)
        {
            ReadResult read = await reader.ReadAsync().ConfigureAwait(false);
            long length = _length + read.Buffer.Length;
            if (length > max)
            {
                reader.AdvanceTo(read.Buffer.End);
                return false;
            }

            if (length > _bytes.Length)
            {
                Pooled.Grow(ref _bytes, _length, Math.Max(length, Math.Min(max, _bytes.Length * 2L)));
            }

            read.Buffer.CopyTo(_bytes.AsSpan(_length));
            _length = (int)length;
            reader.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
            {
                return true;
            }
        }
    }

    private (RequestBody? Body, OtlpRefusal? Refusal) Inflate(int max)
    {
        var inflated = new RequestBody(ArrayPool<byte>.Shared.Rent(FirstSize(_length * 8L, max)));
        GzipResult result = Gzip.Inflate(_bytes, _length, max, ref inflated._bytes, out inflated._length);
        if (result == GzipResult.Done)
        {
            return (inflated, null);
        }

        inflated.Dispose();
        return (null, result == GzipResult.TooLarge
            ? OtlpRefusal.TooLarge(max)
            : OtlpRefusal.BadData("the body is announced as gzip but is not, or is cut short or damaged"));
    }

    // An unread body would make the server reset the connection under a client that is still sending, which the client takes
    // for a broken connection and not for the answer.
    private static async Task Drain(PipeReader reader)
    {
        long drained = 0;
        while (drained < Limits.DrainBytesMax)
        {
            ReadResult read = await reader.ReadAsync().ConfigureAwait(false);
            drained += read.Buffer.Length;
            reader.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
            {
                return;
            }
        }
    }
}
