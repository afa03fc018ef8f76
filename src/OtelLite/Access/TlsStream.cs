using System.Runtime.InteropServices;

namespace OtelLite.Access;

/// <summary>
/// The server's side of one TLS connection: OpenSSL between two buffers in memory, and the connection's bytes carried to and from these. One reads while another writes,
/// as the server does; OpenSSL itself is entered by one at a time.
/// </summary>
internal sealed class TlsStream : Stream
{
    // One record of TLS with what is around it.
    private const int RecordBytes = (16 << 10) + 512;

    // Handed to OpenSSL at once, so that what it makes of it is bounded too.
    private const int WriteBytes = 64 << 10;

    private readonly Stream _from;
    private readonly Stream _to;
    private readonly nint _read;
    private readonly nint _write;
    private readonly byte[] _received = new byte[RecordBytes];
    private readonly SemaphoreSlim _sending = new(1, 1);
    private readonly Lock _lock = new();

    // Guarded by _lock; 0 once it is freed.
    private nint _ssl;

    /// <param name="ssl">OpenSSL's own; freed with this.</param>
    /// <param name="from">What the other side sends.</param>
    /// <param name="to">What it is sent.</param>
    public TlsStream(nint ssl, Stream from, Stream to)
    {
        (_ssl, _from, _to) = (ssl, from, to);
        _read = OpenSsl.BIO_new(OpenSsl.BIO_s_mem());
        _write = OpenSsl.BIO_new(OpenSsl.BIO_s_mem());
        OpenSsl.SSL_set_bio(ssl, _read, _write);
        OpenSsl.SSL_set_accept_state(ssl);
    }

    private delegate int Call(nint ssl);

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>The protocol that both sides agreed to speak within; empty where the client named none.</summary>
    public byte[] Protocol
    {
        get
        {
            lock (_lock)
            {
                OpenSsl.SSL_get0_alpn_selected(_ssl, out nint name, out uint length);
                byte[] protocol = new byte[length];
                if (length > 0)
                {
                    Marshal.Copy(name, protocol, 0, protocol.Length);
                }

                return protocol;
            }
        }
    }

    /// <exception cref="IOException">The two could not agree; the message is OpenSSL's.</exception>
    public async Task ShakeHands(CancellationToken stop)
    {
        while (true)
        {
            int done = Enter(OpenSsl.SSL_do_handshake, out bool wantsMore, out string? failure);
            // Also what tells the other side why it failed.
            await SendMade(stop).ConfigureAwait(false);
            if (done == 1)
            {
                return;
            }

            if (failure is not null || !wantsMore || !await Receive(stop).ConfigureAwait(false))
            {
                throw new IOException(failure ?? "the client went away in the middle");
            }
        }
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.IsEmpty)
        {
            return 0;
        }

        while (true)
        {
            int read = Enter(ssl => OpenSsl.SSL_read(ssl, ref MemoryMarshal.GetReference(buffer.Span), buffer.Length), out bool wantsMore, out string? failure);
            await SendMade(cancellationToken).ConfigureAwait(false);
            if (read > 0)
            {
                return read;
            }

            if (failure is not null)
            {
                throw new IOException($"TLS: {failure}");
            }

            if (!wantsMore || !await Receive(cancellationToken).ConfigureAwait(false))
            {
                return 0;
            }
        }
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (!buffer.IsEmpty)
        {
            ReadOnlyMemory<byte> part = buffer[..Math.Min(buffer.Length, WriteBytes)];
            int written = Enter(ssl => OpenSsl.SSL_write(ssl, ref MemoryMarshal.GetReference(part.Span), part.Length), out _, out string? failure);
            if (written <= 0)
            {
                throw new IOException($"TLS: {failure ?? "the connection is closed"}");
            }

            await SendMade(cancellationToken).ConfigureAwait(false);
            buffer = buffer[written..];
        }
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => _to.FlushAsync(cancellationToken);

    public override async ValueTask DisposeAsync()
    {
        try
        {
            // That it ends here and is not cut off.
            Enter(OpenSsl.SSL_shutdown, out _, out _);
            await SendMade(CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or InvalidOperationException)
        {
            // Nobody is there to be told.
        }
        finally
        {
            lock (_lock)
            {
                // Its two buffers with it.
                OpenSsl.SSL_free(_ssl);
                _ssl = 0;
            }
        }

        await base.DisposeAsync().ConfigureAwait(false);
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush() => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    // What went wrong is kept by thread: it is asked for before anything else can happen on this one.
    private int Enter(Call call, out bool wantsMore, out string? failure)
    {
        lock (_lock)
        {
            (wantsMore, failure) = (false, null);
            if (_ssl == 0)
            {
                return 0;
            }

            OpenSsl.ERR_clear_error();
            int result = call(_ssl);
            if (result <= 0)
            {
                int error = OpenSsl.SSL_get_error(_ssl, result);
                wantsMore = error == OpenSsl.ErrorWantRead;
                failure = wantsMore || error == OpenSsl.ErrorZeroReturn ? null : OpenSsl.Reason();
            }

            return result;
        }
    }

    // What OpenSSL has made for the other side, in the order in which it made it.
    private async Task SendMade(CancellationToken stop)
    {
        await _sending.WaitAsync(stop).ConfigureAwait(false);
        try
        {
            byte[] made = Made();
            if (made.Length > 0)
            {
                await _to.WriteAsync(made, stop).ConfigureAwait(false);
                await _to.FlushAsync(stop).ConfigureAwait(false);
            }
        }
        finally
        {
            _sending.Release();
        }
    }

    private byte[] Made()
    {
        lock (_lock)
        {
            int length = _ssl == 0 ? 0 : (int)OpenSsl.BIO_ctrl_pending(_write);
            if (length == 0)
            {
                return [];
            }

            byte[] made = GC.AllocateUninitializedArray<byte>(length);
            int read = OpenSsl.BIO_read(_write, ref made[0], length);
            return read == length ? made : made[..Math.Max(0, read)];
        }
    }

    // False when the other side says nothing more.
    private async Task<bool> Receive(CancellationToken stop)
    {
        int count = await _from.ReadAsync(_received, stop).ConfigureAwait(false);
        lock (_lock)
        {
            return count > 0 && _ssl != 0 && OpenSsl.BIO_write(_read, ref _received[0], count) == count;
        }
    }
}
