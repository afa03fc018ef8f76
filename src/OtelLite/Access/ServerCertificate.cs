using System.Runtime.InteropServices;

namespace OtelLite.Access;

/// <summary>The certificate can't be used; the message is a sentence that says what to do.</summary>
internal sealed class CertificateException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>
/// The certificate for TLS, from PEM files that whoever renews it writes anew: each connection begins with what stands in them by then. A pair that does not
/// fit, as in the moment between writing the one and the other, leaves the one before in use.
/// </summary>
internal sealed class ServerCertificate
{
    // openssl/ssl.h and openssl/tls1.h
    private const int MinProtocol = 123, Tls12 = 0x0303, CacheMode = 44, CacheOff = 0, Mode = 33, ReleaseBuffers = 0x10, NoRenegotiation = 1 << 30, Pem = 1, Accepted = 0, NotAccepted = 3;

    // OpenSSL calls it for as long as the program runs.
    private static readonly Select SelectProtocol = SelectOf;

    private readonly string _certificatePath;
    private readonly string _keyPath;
    private readonly Action<string> _say;
    private readonly Lock _lock = new();

    // Guarded by _lock. OpenSSL counts who uses it: connections keep the one that they began with.
    private nint _context;
    private (DateTime Certificate, DateTime Key) _readAt;
    private (DateTime, DateTime) _toldAt;
    private long _lookedAt;
    private long _toldOfEndAt;

    /// <exception cref="CertificateException">The files hold no certificate and its key, or the system has no OpenSSL.</exception>
    public ServerCertificate(string certificatePath, string keyPath, Action<string> say)
    {
        (_certificatePath, _keyPath, _say) = (certificatePath, keyPath, say);
        // Before it is read: what changes meanwhile is then read once more.
        _readAt = WrittenAt();
        _context = Read();
        _lookedAt = Environment.TickCount64;
        TellOfEnd();
    }

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    private delegate int Select(nint ssl, nint chosen, nint chosenLength, nint offered, uint offeredLength, nint argument);

    /// <summary>Begins a connection with what stands in the files now: OpenSSL's own, to be freed with it.</summary>
    public nint Begin()
    {
        lock (_lock)
        {
            if (Environment.TickCount64 - _lookedAt >= Limits.CertificateLookInterval.TotalMilliseconds)
            {
                _lookedAt = Environment.TickCount64;
                ReadAgain();
                if (Environment.TickCount64 - _toldOfEndAt >= Limits.CertificateEndTold.TotalMilliseconds)
                {
                    TellOfEnd();
                }
            }

            return OpenSsl.SSL_new(_context);
        }
    }

    private void ReadAgain()
    {
        (DateTime, DateTime) writtenAt = WrittenAt();
        if (writtenAt == _readAt)
        {
            return;
        }

        try
        {
            nint context = Read();
            _readAt = writtenAt;
            OpenSsl.SSL_CTX_free(_context);
            _context = context;
            _say($"the certificate in {_certificatePath} was read anew.");
            TellOfEnd();
        }
        catch (CertificateException e)
        {
            // What hinders, such as whose file the key is, may be mended without its being written: it is looked at again, and told of once.
            if (_toldAt == writtenAt)
            {
                return;
            }

            _toldAt = writtenAt;
            _say($"{e.Message} The one before stays in use.");
        }
    }

    // Who exports with one that has ended hears nothing of it, and nothing arrives.
    private void TellOfEnd()
    {
        _toldOfEndAt = Environment.TickCount64;
        nint end = OpenSsl.X509_get0_notAfter(OpenSsl.SSL_CTX_get0_certificate(_context));
        if (OpenSsl.ASN1_TIME_diff(out int days, out int seconds, 0, end) != 1 || new TimeSpan(days, 0, 0, seconds) is var left && left > Limits.CertificateEndNear)
        {
            return;
        }

        string when = left <= TimeSpan.Zero ? "has ended: clients refuse it" : days == 0 ? "ends within a day: clients refuse it then" : $"ends in {days} day{(days == 1 ? "" : "s")}: clients refuse it then";
        _say($"the certificate in {_certificatePath} {when}. Renew it; what is written to these files is read without a restart.");
    }

    private (DateTime Certificate, DateTime Key) WrittenAt() => (LastWritten.Of(_certificatePath, _readAt.Certificate), LastWritten.Of(_keyPath, _readAt.Key));

    private nint Read()
    {
        try
        {
            _ = File.ReadAllText(_certificatePath);
            if (File.ReadAllText(_keyPath).Contains("ENCRYPTED", StringComparison.Ordinal))
            {
                // OpenSSL would ask for it on the terminal.
                throw new CertificateException($"the key in {_keyPath} wants a password, which nobody could give a server that restarts by itself. Write it without: openssl pkey -in {_keyPath} -out FILE.");
            }

            return NewContext();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CertificateException($"the certificate can't be read: {e.Message.TrimEnd('.')}. Correct --tls-cert and --tls-key.", e);
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            throw new CertificateException(
                "TLS needs OpenSSL (libssl 3 or 1.1), and this machine has none that can be loaded: install it, or put a TLS proxy before OtelLite and start it with --insecure in place of --tls-cert.", e);
        }
    }

    private nint NewContext()
    {
        nint context = OpenSsl.SSL_CTX_new(OpenSsl.TLS_server_method());
        OpenSsl.SSL_CTX_ctrl(context, MinProtocol, Tls12, 0);
        OpenSsl.SSL_CTX_ctrl(context, Mode, ReleaseBuffers, 0);
        // A client that comes again shows a ticket; what it would be remembered by otherwise is memory that strangers fill.
        OpenSsl.SSL_CTX_ctrl(context, CacheMode, CacheOff, 0);
        OpenSsl.SSL_CTX_set_options(context, NoRenegotiation);
        OpenSsl.SSL_CTX_set_alpn_select_cb(context, Marshal.GetFunctionPointerForDelegate(SelectProtocol), 0);
        OpenSsl.ERR_clear_error();
        string? wrong = OpenSsl.SSL_CTX_use_certificate_chain_file(context, FileKind.Name(_certificatePath)) != 1 ? $"{_certificatePath} holds no certificate ({OpenSsl.Reason()}). Name two files in PEM's form with --tls-cert and --tls-key."
            : OpenSsl.SSL_CTX_use_PrivateKey_file(context, FileKind.Name(_keyPath), Pem) != 1 || OpenSsl.SSL_CTX_check_private_key(context) != 1
                ? $"{_keyPath} does not hold the key of the certificate in {_certificatePath} ({OpenSsl.Reason()}). Name two files in PEM's form with --tls-cert and --tls-key."
            : null;
        if (wrong is null)
        {
            return context;
        }

        OpenSsl.SSL_CTX_free(context);
        throw new CertificateException(wrong);
    }

    // HTTP/2 first, which gRPC needs and demands by this name (RFC 9113, 3.2). The names come one behind the other, each behind its length (RFC 7301).
    private static int SelectOf(nint ssl, nint chosen, nint chosenLength, nint offered, uint offeredLength, nint argument)
    {
        byte[] names = new byte[offeredLength];
        Marshal.Copy(offered, names, 0, names.Length);
        foreach (byte[] wanted in (byte[][])[[.. "h2"u8], [.. "http/1.1"u8]])
        {
            for (int at = 0; at < names.Length; at += 1 + names[at])
            {
                if (names[at] == wanted.Length && at + 1 + wanted.Length <= names.Length && names.AsSpan(at + 1, wanted.Length).SequenceEqual(wanted))
                {
                    Marshal.WriteIntPtr(chosen, offered + at + 1);
                    Marshal.WriteByte(chosenLength, names[at]);
                    return Accepted;
                }
            }
        }

        return NotAccepted;
    }
}
