using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics;
using System.IO.Pipelines;

namespace OtelLite.Receiver;

/// <summary>
/// A request's body, whole and decoded, in one contiguous pooled buffer (JSON readers give useless spans over segments). Both
/// framings are read: Claude Code sends chunked up to 2.1.197 and a length since 2.1.212.
/// </summary>
internal sealed class RequestBody : IDisposable
{
    // gRPC, "Length-Prefixed-Message": one byte for whether it is compressed, four for its length.
    private const int FrameHeaderBytes = 5;

    // Held by the one large body that is inflated and decoded, and then by what was read of it.
    private static readonly SemaphoreSlim LargeBodies = new(1, 1);

    private const int BytesMin = 4096;

    // Runs while the client waits: for room, and from when its body is here.
    private readonly Stopwatch _waited;
    private Memory<byte> _bytes;
    private bool _holdsLarge;
    private BodyRoom? _room;
    private long _taken;
    private int _start;
    private int _length;

    private RequestBody(Memory<byte> bytes, Stopwatch waited) => (_bytes, _waited) = (bytes, waited);

    public ReadOnlyMemory<byte> Bytes => _bytes.Slice(_start, _length);

    /// <summary>How long the client has waited, save for what it took to send.</summary>
    public TimeSpan Waited => _waited.Elapsed;

    // What is left of the time for which it waits for others.
    private TimeSpan Patience => Waited < Limits.LargeBodyWait ? Limits.LargeBodyWait - Waited : TimeSpan.Zero;

    public void Dispose()
    {
        Pooled.Return(_bytes);
        _bytes = default;
        _length = 0;
        _room?.GiveBack(_taken);
        (_room, _taken) = (null, 0);
        if (_holdsLarge)
        {
            _holdsLarge = false;
            LargeBodies.Release();
        }
    }

    /// <summary>Of a large body, what ends its turn, to be called once what was read of it is let go: the next one would be as much memory again. Null for others.</summary>
    public Action? TakeTurn()
    {
        bool held = _holdsLarge;
        _holdsLarge = false;
        return held ? static () => LargeBodies.Release() : null;
    }

    /// <summary>
    /// Reads and, if it is compressed, inflates the body; the limit holds before and after. On refusal the body is null and the
    /// refusal says why; what the client still sends is read and dropped, so that it can read the answer.
    /// </summary>
    public static async ValueTask<(RequestBody? Body, OtlpRefusal? Refusal)> Read(HttpRequest request, int max)
    {
        string encoding = request.Headers.ContentEncoding.ToString().Trim();
        bool gzip = encoding.Equals("gzip", StringComparison.OrdinalIgnoreCase) || encoding.Equals("x-gzip", StringComparison.OrdinalIgnoreCase);
        if (!gzip && encoding.Length > 0 && !encoding.Equals("identity", StringComparison.OrdinalIgnoreCase))
        {
            await Drain(request.BodyReader).ConfigureAwait(false);
            return (null, OtlpRefusal.UnsupportedEncoding(encoding));
        }

        if (request.ContentLength > max && request.Headers.Expect.Count > 0)
        {
            // It asked before sending, and so hears the answer.
            return (null, OtlpRefusal.TooLarge(max));
        }

        var body = new RequestBody(default, new Stopwatch());
        OtlpRefusal? refusal = request.ContentLength > max
            ? OtlpRefusal.TooLarge(max)
            : await body.Fill(request.BodyReader, request.ContentLength ?? 0, max).ConfigureAwait(false);
        if (refusal is not null)
        {
            body.Dispose();
            if (refusal != OtlpRefusal.TooSlow)
            {
                await Drain(request.BodyReader).ConfigureAwait(false);
            }

            return (null, refusal);
        }

        return await body.Finish(gzip, max).ConfigureAwait(false);
    }

    /// <summary>The one message of a unary gRPC call, inflated if it is compressed; the limit holds before and after.</summary>
    public static async ValueTask<(RequestBody? Body, OtlpRefusal? Refusal)> ReadMessage(HttpRequest request, int max)
    {
        string encoding = request.Headers["grpc-encoding"].ToString();
        bool gzip = encoding.Equals("gzip", StringComparison.Ordinal);
        if (!gzip && encoding is not ("" or "identity"))
        {
            return (null, OtlpRefusal.UnsupportedGrpcEncoding(encoding));
        }

        var body = new RequestBody(default, new Stopwatch());
        bool compressed = false;
        OtlpRefusal? refusal = await body.Fill(request.BodyReader, 0, max + FrameHeaderBytes).ConfigureAwait(false);
        refusal = refusal is null ? body.Unframe(gzip, out compressed)
            : refusal.HttpStatus == StatusCodes.Status413PayloadTooLarge ? OtlpRefusal.TooLarge(max) : refusal;
        if (refusal is not null)
        {
            body.Dispose();
            return (null, refusal);
        }

        return await body.Finish(compressed, max).ConfigureAwait(false);
    }

    private OtlpRefusal? Unframe(bool gzip, out bool compressed)
    {
        compressed = _length > 0 && _bytes.Span[0] == 1;
        if (_length < FrameHeaderBytes)
        {
            return OtlpRefusal.BadFrame("the call ends before its message");
        }

        if (_bytes.Span[0] > 1 || (compressed && !gzip))
        {
            return OtlpRefusal.BadFrame("the message is marked as compressed, and no grpc-encoding says how");
        }

        uint length = BinaryPrimitives.ReadUInt32BigEndian(_bytes.Span[1..]);
        if (length != _length - FrameHeaderBytes)
        {
            return OtlpRefusal.BadFrame(length > _length - FrameHeaderBytes ? "the call ends within its message" : "there is more than one message in the call");
        }

        _start = FrameHeaderBytes;
        _length = (int)length;
        return null;
    }

    /// <param name="announced">How long it says it is; 0 where it doesn't. It is believed as far as a part of it has come: room that is kept for what may never come is kept
    /// from others.</param>
    private async ValueTask<OtlpRefusal?> Fill(PipeReader reader, long announced, int max)
    {
        CancellationTokenSource? late = null;
        try
        {
            while (true)
            {
                ReadResult read = await reader.ReadAsync(late?.Token ?? default).ConfigureAwait(false);
                long length = _length + read.Buffer.Length;
                if (length > max)
                {
                    reader.AdvanceTo(read.Buffer.End);
                    return OtlpRefusal.TooLarge(max);
                }

                if (length > _bytes.Length)
                {
                    long larger = Math.Max(length, announced > 0 ? Believed(announced, length) : Math.Min(max, Math.Max(BytesMin, 2 * length)));
                    _waited.Start();
                    if (!await TakeRoom(larger, announced).ConfigureAwait(false))
                    {
                        reader.AdvanceTo(read.Buffer.End);
                        return OtlpRefusal.Unavailable("the bodies of this size that are being read have all the room that there is for them");
                    }

                    _waited.Stop();
                    Pooled.Grow(ref _bytes, _length, larger);
                }

                read.Buffer.CopyTo(_bytes.Span[_length..]);
                _length = (int)length;
                reader.AdvanceTo(read.Buffer.End);
                if (read.IsCompleted)
                {
                    _waited.Start();
                    return null;
                }

                late ??= new CancellationTokenSource(Limits.BodyTime);
            }
        }
        catch (OperationCanceledException) when (late is { IsCancellationRequested: true })
        {
            return OtlpRefusal.TooSlow;
        }
        catch
        {
            // The client is gone, and its room is free.
            Dispose();
            throw;
        }
        finally
        {
            late?.Dispose();
        }
    }

    // Large ones take no arrays of the pool's on their way, which it would keep.
    private static long Believed(long announced, long came) =>
        announced <= Limits.LargeBodyBytes ? Math.Min(announced, Limits.AnnouncedTimes * came)
        : came <= Limits.SmallBodyBytes ? Limits.SmallBodyBytes
        : Math.Min(announced, Math.Max(Limits.LargeBodyBytes + 1, Limits.AnnouncedTimes * came));

    // So much in all, where a body of that size, or of the one that it announced, has its room.
    private async ValueTask<bool> TakeRoom(long bytes, long announced)
    {
        BodyRoom room = BodyRoom.Of(Math.Max(bytes, announced));
        long has = room == _room ? _taken : 0;
        if (bytes > has && !await room.Take(bytes - has, has, Patience).ConfigureAwait(false))
        {
            return false;
        }

        if (room != _room)
        {
            _room?.GiveBack(_taken);
        }

        (_room, _taken) = (room, Math.Max(bytes, has));
        return true;
    }

    // What goes wrong on the way, memory that is not there above all, must keep neither its room nor its turn: no large body would ever be taken again.
    private async ValueTask<(RequestBody? Body, OtlpRefusal? Refusal)> Finish(bool compressed, int max)
    {
        RequestBody? ready = null;
        try
        {
            (ready, OtlpRefusal? refusal) = await MakeReady(compressed, max).ConfigureAwait(false);
            return (ready, refusal);
        }
        finally
        {
            if (ready != this)
            {
                Dispose();
            }
        }
    }

    // Inflates a body that was read, and waits its turn with one that is large: what it inflates to is many times that as text, and several of them
    // at once would be gigabytes. A body may lie about its length, so one that passes for small is inflated no further than that.
    private async ValueTask<(RequestBody? Body, OtlpRefusal? Refusal)> MakeReady(bool compressed, int max)
    {
        int told = compressed ? (int)Math.Min(max, Gzip.LengthTold(Bytes.Span)) : 0;
        if (Math.Max(_length, told) <= Limits.LargeBodyBytes)
        {
            if (!compressed)
            {
                return (this, null);
            }

            (RequestBody? small, OtlpRefusal? refusal) = await Inflate(told, told).ConfigureAwait(false);
            if (refusal is not { HttpStatus: StatusCodes.Status413PayloadTooLarge } || told == max)
            {
                return (small, refusal);
            }
        }

        if (!await LargeBodies.WaitAsync(Patience).ConfigureAwait(false))
        {
            return (null, OtlpRefusal.Unavailable("other exports of this size are being read or written"));
        }

        _holdsLarge = true;
        return compressed ? await Inflate(told, max).ConfigureAwait(false) : (this, null);
    }

    // What it inflates to takes room too, and gives it back with this body's own; the turn, where it has one, goes on to it.
    private async ValueTask<(RequestBody? Body, OtlpRefusal? Refusal)> Inflate(int told, int max)
    {
        int size = Math.Max(BytesMin, told);
        if (!await TakeRoom(_bytes.Length + size, 0).ConfigureAwait(false))
        {
            return (null, OtlpRefusal.Unavailable("other exports are being read"));
        }

        var inflated = new RequestBody(Pooled.Rent(size), _waited);
        GzipResult result;
        try
        {
            result = Gzip.Inflate(Bytes, max, ref inflated._bytes, out inflated._length);
        }
        catch
        {
            inflated.Dispose();
            throw;
        }

        if (result != GzipResult.Done)
        {
            inflated.Dispose();
            return (null, result == GzipResult.TooLarge
                ? OtlpRefusal.TooLarge(max)
                : OtlpRefusal.BadData("the body is announced as gzip but is not, or is cut short or damaged"));
        }

        (inflated._holdsLarge, inflated._room, inflated._taken) = (_holdsLarge, _room, _taken);
        (_holdsLarge, _room, _taken) = (false, null, 0);
        return (inflated, null);
    }

    // An unread body would make the server reset the connection under a client that is still sending, which the client takes
    // for a broken connection and not for the answer.
    private static async Task Drain(PipeReader reader)
    {
        long drained = 0;
        using var quiet = new CancellationTokenSource();
        try
        {
            while (drained < Limits.DrainBytesMax)
            {
                quiet.CancelAfter(Limits.DrainQuiet);
                ReadResult read = await reader.ReadAsync(quiet.Token).ConfigureAwait(false);
                drained += read.Buffer.Length;
                reader.AdvanceTo(read.Buffer.End);
                if (read.IsCompleted)
                {
                    return;
                }
            }
        }
        catch (OperationCanceledException) when (quiet.IsCancellationRequested)
        {
            // It sends nothing, and so hears the answer.
        }
    }
}
