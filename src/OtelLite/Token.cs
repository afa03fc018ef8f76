using System.Security.Cryptography;
using System.Text;

namespace OtelLite;

/// <summary>
/// The data folder's own secret. Clients send it as <c>Authorization: Bearer TOKEN</c>; the dashboard gets it once in its address and keeps it in
/// a cookie.
/// </summary>
internal sealed class Token(string value)
{
    public const string FileName = "token";

    private const string Scheme = "Bearer";

    private readonly byte[] _utf8 = Encoding.UTF8.GetBytes(value);

    public string Value => value;

    /// <summary>Characters that pass through a shell, a header and OpenTelemetry's list of headers unharmed.</summary>
    public static bool IsValid(string token) =>
        token.Length is > 0 and <= 512 && token.All(c => char.IsAsciiLetterOrDigit(c) || "-._~+/=".Contains(c, StringComparison.Ordinal));

    /// <summary>The token of a data folder, made at random when there is none yet.</summary>
    /// <exception cref="IOException">The file can't be read or written.</exception>
    /// <exception cref="InvalidDataException">The file holds no token; the message is a sentence that says what to do.</exception>
    public static Token OfDataDir(string dataDir, out bool made)
    {
        string path = Path.Combine(dataDir, FileName);
        made = !File.Exists(path) && TryMake(path);
        string token = File.ReadAllText(path).Trim();
        return IsValid(token) ? new Token(token) : throw new InvalidDataException(
            $"{path} holds no usable token: delete it and a new one is made, or name one with --token TOKEN.");
    }

    /// <summary>Takes the file from everybody but its owner, where others could read it: it was copied there, or a backup brought it. False where there was nothing to take.</summary>
    public static bool TakeFromOthers(string dataDir)
    {
        const UnixFileMode owner = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        string path = Path.Combine(dataDir, FileName);
        if (OperatingSystem.IsWindows() || !File.Exists(path) || (File.GetUnixFileMode(path) & ~owner) == 0)
        {
            return false;
        }

        File.SetUnixFileMode(path, File.GetUnixFileMode(path) & owner);
        return true;
    }

    /// <summary>The token of a data folder that has one, or null; none is made.</summary>
    /// <inheritdoc cref="OfDataDir"/>
    public static string? Existing(string dataDir) => File.Exists(Path.Combine(dataDir, FileName)) ? OfDataDir(dataDir, out _).Value : null;

    public bool Is(string? candidate) =>
        candidate is not null && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(candidate), _utf8);

    /// <summary>
    /// The token that a request carries in its Authorization header, whosever it is, or null. Claude Code sends header values as they are written, so
    /// a percent-encoded blank, as OpenTelemetry's own variable asks for, arrives as <c>Bearer%20TOKEN</c>.
    /// </summary>
    public static string? BearerIn(HttpRequest request)
    {
        string header = request.Headers.Authorization.ToString();
        if (!header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        ReadOnlySpan<char> rest = header.AsSpan(Scheme.Length);
        return rest.StartsWith("%20", StringComparison.Ordinal) ? rest[3..].Trim().ToString() : rest.StartsWith(' ') ? rest.Trim().ToString() : null;
    }

    /// <summary>Writes one that nobody can guess into a new file, for its owner alone. False when there is one already: of two first starts each would hand out a token of its
    /// own, for .NET looks whether a name is free before it moves a file there, which is no guard.</summary>
    /// <exception cref="IOException">It can't be written.</exception>
    public static bool TryMake(string path)
    {
        using FileLock alone = FileLock.Take(path);
        return new SmallFile(Path.GetFileName(path), Encoding.ASCII.GetBytes($"{Random()}\n")).WriteIfMissing(Path.GetDirectoryName(path)!);
    }

    /// <summary>The file that holds it.</summary>
    public SmallFile AsFile() => new(FileName, Encoding.ASCII.GetBytes($"{value}\n"));

    /// <summary>One that nobody can guess. Guid's random bits come from the operating system's generator. .NET's RandomNumberGenerator would load OpenSSL on
    /// Linux, which the one file must not need.</summary>
    public static string Random() => $"{Guid.NewGuid():N}{Guid.NewGuid():N}";
}
