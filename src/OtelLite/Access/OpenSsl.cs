using System.Reflection;
using System.Runtime.InteropServices;

namespace OtelLite.Access;

/// <summary>
/// The machine's own OpenSSL, by the few functions that a server needs of it, and loaded when TLS is asked for. What .NET brings for TLS would make the one file 2.8 MB
/// larger for everybody, and loads the same library.
/// </summary>
internal static class OpenSsl
{
    public const int ErrorWantRead = 2, ErrorZeroReturn = 6;

    private const string Ssl = "otellite-ssl", Crypto = "otellite-crypto";

    // Of each system, the newest first.
    private static readonly string[] SslNames = OperatingSystem.IsWindows() ? ["libssl-3-x64.dll", "libssl-3-arm64.dll", "libssl-3.dll"]
        : OperatingSystem.IsMacOS() ? ["/opt/homebrew/opt/openssl@3/lib/libssl.3.dylib", "/usr/local/opt/openssl@3/lib/libssl.3.dylib", "/opt/local/lib/libssl.3.dylib"]
        : ["libssl.so.3", "libssl.so.1.1"];

    static OpenSsl() => NativeLibrary.SetDllImportResolver(typeof(OpenSsl).Assembly, Load);

    /// <summary>Why the last call on this thread failed, in OpenSSL's words.</summary>
    public static string Reason()
    {
        nint reason = ERR_reason_error_string(ERR_get_error());
        ERR_clear_error();
        return reason == 0 ? "no reason is given" : Marshal.PtrToStringUTF8(reason)!;
    }

    private static nint Load(string name, Assembly assembly, DllImportSearchPath? path)
    {
        if (name is Ssl or Crypto)
        {
            foreach (string of in SslNames)
            {
                if (NativeLibrary.TryLoad(name == Ssl ? of : of.Replace("libssl", "libcrypto", StringComparison.Ordinal), out nint library))
                {
                    return library;
                }
            }
        }

        return 0;
    }

    [DllImport(Ssl), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static extern nint TLS_server_method();

    [DllImport(Ssl), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static extern nint SSL_CTX_new(nint method);

    [DllImport(Ssl), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static extern void SSL_CTX_free(nint context);

    [DllImport(Ssl), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static extern nint SSL_CTX_get0_certificate(nint context);

    [DllImport(Crypto), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static extern nint X509_get0_notAfter(nint certificate);

    [DllImport(Crypto), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static extern int ASN1_TIME_diff(out int days, out int seconds, nint from, nint to);

    [DllImport(Ssl), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static extern nint SSL_CTX_ctrl(nint context, int command, nint number, nint pointer);

    [DllImport(Ssl), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static extern nint SSL_CTX_set_options(nint context, nint options);

    [DllImport(Ssl), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static extern int SSL_CTX_use_certificate_chain_file(nint context, byte[] path);

    [DllImport(Ssl), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static extern int SSL_CTX_use_PrivateKey_file(nint context, byte[] path, int type);

    [DllImport(Ssl), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static extern int SSL_CTX_check_private_key(nint context);

    [DllImport(Ssl), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static extern void SSL_CTX_set_alpn_select_cb(nint context, nint callback, nint argument);

    [DllImport(Ssl), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static extern nint SSL_new(nint context);

    [DllImport(Ssl), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static extern void SSL_free(nint ssl);

    [DllImport(Ssl), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static extern void SSL_set_bio(nint ssl, nint read, nint write);

    [DllImport(Ssl), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static extern void SSL_set_accept_state(nint ssl);

    [DllImport(Ssl), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static extern int SSL_do_handshake(nint ssl);

    [DllImport(Ssl), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static extern int SSL_read(nint ssl, ref byte to, int count);

    [DllImport(Ssl), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static extern int SSL_write(nint ssl, ref byte from, int count);

    [DllImport(Ssl), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static extern int SSL_shutdown(nint ssl);

    [DllImport(Ssl), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static extern int SSL_get_error(nint ssl, int result);

    [DllImport(Ssl), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static extern void SSL_get0_alpn_selected(nint ssl, out nint name, out uint length);

    [DllImport(Crypto), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static extern nint BIO_s_mem();

    [DllImport(Crypto), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static extern nint BIO_new(nint type);

    [DllImport(Crypto), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static extern nint BIO_ctrl_pending(nint bio);

    [DllImport(Crypto), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static extern int BIO_read(nint bio, ref byte to, int count);

    [DllImport(Crypto), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static extern int BIO_write(nint bio, ref byte from, int count);

    [DllImport(Crypto), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static extern void ERR_clear_error();

    // Of C's type unsigned long, which is 32 bits on Windows; the number of an error fits either.
    [DllImport(Crypto), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nuint ERR_get_error();

    [DllImport(Crypto), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint ERR_reason_error_string(nuint error);
}
