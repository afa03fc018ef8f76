using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Text;
using Microsoft.Extensions.Configuration;
using OtelLite.Privacy;
using OtelLite.Storage;

namespace OtelLite;

/// <summary>A wrong flag, variable or key; the message is a sentence that says what to do.</summary>
/// <param name="command">Whose help tells how it is meant; null: that of otellite itself.</param>
internal sealed class UsageException(string message, string? command = null) : Exception(message)
{
    public string? Command => command;
}

/// <summary>Where a listener goes: an address and a port, or every loopback address of the machine under the name localhost.</summary>
internal readonly record struct ListenUrl(string Host, IReadOnlyList<IPAddress> Addresses, int Port)
{
    public bool IsLoopback => Addresses.All(IPAddress.IsLoopback);

    /// <summary>True for 0.0.0.0 and [::]: it listens at every address of the machine, and this is none of them.</summary>
    public bool IsEverywhere => Addresses.Any(a => a.Equals(IPAddress.Any) || a.Equals(IPAddress.IPv6Any));

    /// <summary>True where https was asked for.</summary>
    public bool IsTls { get; init; }
}

/// <summary>Everything that can be set, read once: flag, then environment, then file, then default.</summary>
internal sealed record Options
{
    public const string FileName = "otellite.json";

    public required string DataDir { get; init; }

    public required IReadOnlyList<ListenUrl> Urls { get; init; }

    /// <summary>0 is off.</summary>
    public required int OtlpHttpPort { get; init; }

    /// <summary>0 is off.</summary>
    public required int OtlpGrpcPort { get; init; }

    /// <summary>Null: the data folder's own.</summary>
    public required string? Token { get; init; }

    public required Durability Durability { get; init; }

    public required int BodyBytesMax { get; init; }

    /// <summary>Further names under which browsers reach it.</summary>
    public required IReadOnlyList<string> Hosts { get; init; }

    /// <summary>Null where there is no TLS; then so is <see cref="TlsKey"/>.</summary>
    public required string? TlsCert { get; init; }

    public required string? TlsKey { get; init; }

    /// <summary>Other machines may come in without TLS.</summary>
    public required bool Insecure { get; init; }

    /// <summary>What is not to be stored as it comes; null: all is.</summary>
    public required RedactRules? Redact { get; init; }

    /// <summary>How long raw records are kept; null: for ever.</summary>
    public required TimeSpan? Retention { get; init; }

    /// <summary>How large the database may grow before the oldest raw records go; null: no cap.</summary>
    public required long? DbBytesMax { get; init; }

    /// <param name="arguments">A command line of settings alone.</param>
    /// <exception cref="UsageException">Something set is unknown or has no valid value.</exception>
    public static Options Read(IReadOnlyList<string> arguments, Func<string, string?> environment)
    {
        var flags = new SettingFlags();
        var command = new Command("otellite");
        flags.AddTo(command);
        ParseResult parsed = CommandWords.Read(command, arguments);
        CommandWords.Check(parsed);
        return Read(parsed, flags, environment);
    }

    /// <exception cref="UsageException">Something set is unknown or has no valid value.</exception>
    public static Options Read(ParseResult parsed, SettingFlags settings, Func<string, string?> environment)
    {
        try
        {
            return Together(parsed, settings, environment);
        }
        catch (UsageException e) when (e.Command is null)
        {
            // Its help is what lists the settings.
            throw new UsageException(e.Message, "serve");
        }
    }

    private static Options Together(ParseResult parsed, SettingFlags settings, Func<string, string?> environment)
    {
        Dictionary<string, string?> flags = settings.Given(parsed);
        string? configFile = settings.ConfigFile(parsed);
        Dictionary<string, string?> variables = [];
        foreach (Setting setting in Setting.All)
        {
            if (environment(setting.Variable) is { Length: > 0 } value)
            {
                variables[setting.Key] = value;
            }
        }

        IConfigurationRoot all = new ConfigurationBuilder()
            .AddConfiguration(FromFile(configFile ?? Blank(environment(Setting.ConfigVariable)), environment))
            .AddInMemoryCollection(variables)
            .AddInMemoryCollection(flags)
            .Build();
        string Value(string key) => all[key] is { Length: > 0 } value ? value : Setting.All.First(s => s.Key == key).Default;
        string? Path(string key) => Blank(Value(key)) is { } path ? System.IO.Path.GetFullPath(Folders.Expand(path, environment)) : null;
        if (Path("tlsCert") is null != Path("tlsKey") is null)
        {
            throw new UsageException(Path("tlsKey") is null ? "tlsCert: a certificate is of use with its key only: name that too, as tlsKey." : "tlsKey: a key is of use with its certificate only: name that too, as tlsCert.");
        }

        return new Options
        {
            DataDir = Value("dataDir") is { Length: > 0 } dir ? System.IO.Path.GetFullPath(Folders.Expand(dir, environment)) : Folders.Data(environment),
            Urls = [.. Value("urls").Trim(';').Split(';', StringSplitOptions.TrimEntries).Select(Url)],
            OtlpHttpPort = Number("otlpHttpPort", Value("otlpHttpPort"), 0, 65535),
            OtlpGrpcPort = Number("otlpGrpcPort", Value("otlpGrpcPort"), 0, 65535),
            Token = Blank(Value("token")) is not { } token ? null
                : OtelLite.Token.IsValid(token) ? token
                : throw new UsageException("token: use 1 to 512 letters, digits and -._~+/= only, which pass through shells and headers unharmed."),
            Durability = Value("durability") switch
            {
                "full" => Durability.Full,
                "normal" => Durability.Normal,
                string other => throw new UsageException($"durability: '{other}' is not one of full, normal."),
            },
            BodyBytesMax = Number("maxBody", Value("maxBody"), 1024, Limits.BodyBytesMaxMax),
            Hosts = [.. Value("hosts").Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(Host)],
            TlsCert = Path("tlsCert"),
            TlsKey = Path("tlsKey"),
            Insecure = Value("insecure") is { Length: > 0 } insecure && Switch("insecure", insecure),
            Redact = RedactRules.Read(Value("redact")),
            Retention = Value("retention") is "0" ? null : GivenValues.Duration("retention", Value("retention")),
            DbBytesMax = Value("maxDbSize") is { Length: > 0 } size ? GivenValues.Bytes("maxDbSize", size) : null,
        };
    }

    /// <summary>The settings file that is read when none is named; null when there is none.</summary>
    public static string? FileOf(Func<string, string?> environment) =>
        Folders.Config(environment) is { } folder && Path.Combine(folder, FileName) is var path && File.Exists(path) ? path : null;

    // A file that was named must exist; the one in the user's folder may. Never one of the working folder, which may be anybody's.
    private static IConfigurationRoot FromFile(string? named, Func<string, string?> environment)
    {
        string? path = named ?? FileOf(environment);
        if (path is null || !File.Exists(path))
        {
            return named is null
                ? new ConfigurationBuilder().Build()
                : throw new UsageException($"there is no configuration file {path}. Correct --config (or {Setting.ConfigVariable}), or leave it out.");
        }

        IConfigurationRoot file;
        try
        {
            // As a stream: the library's own way to open files does not see those whose name begins with a dot.
            using var stream = new MemoryStream(JsonText.Mended(File.ReadAllBytes(path)).ToArray());
            file = new ConfigurationBuilder().AddJsonStream(stream).Build();
        }
        catch (Exception e) when (e is InvalidDataException or FormatException or System.Text.Json.JsonException)
        {
            throw new UsageException($"{path} is not valid JSON: {(e.InnerException ?? e).Message}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"{path} can't be read: {e.Message}");
        }

        foreach (IConfigurationSection section in file.GetChildren())
        {
            if (!Setting.All.Any(s => s.Key.Equals(section.Key, StringComparison.OrdinalIgnoreCase)))
            {
                throw new UsageException($"{path}: {CommandWords.Unknown("key", section.Key, [.. Setting.All.Select(s => s.Key)])}");
            }

            if (section.Value is null)
            {
                throw new UsageException($"{path}: {section.Key} must be a string or a number, not a list or an object.");
            }

            if (section.Value.Any(c => char.IsControl(c) || c == Rune.ReplacementChar.Value))
            {
                throw new UsageException($"{path}: {section.Key} holds a character that no setting has: a control character, or half of one. Write it anew.");
            }
        }

        return file;
    }

    /// <summary>A setting that is on or off, as the environment or a file says it.</summary>
    /// <exception cref="UsageException">It says neither.</exception>
    public static bool Switch(string key, string text) => text.ToUpperInvariant() switch
    {
        "1" or "TRUE" or "YES" or "ON" => true,
        "0" or "FALSE" or "NO" or "OFF" => false,
        _ => throw new UsageException($"{key}: '{text}' is neither true nor false."),
    };

    private static int Number(string key, string text, int min, int max) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value >= min && value <= max
            ? value
            : throw new UsageException($"{key}: '{text}' is not a whole number from {min} to {max}.");

    /// <exception cref="UsageException">It is no address to listen on.</exception>
    public static ListenUrl Url(string text)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out Uri? uri) || uri.Scheme is not ("http" or "https") || uri.PathAndQuery != "/")
        {
            throw new UsageException($"urls: '{text}' is not of the form http://HOST:PORT, such as http://localhost:8080.");
        }

        string host = uri.IdnHost;
        IReadOnlyList<IPAddress> addresses = host == "localhost" ? [IPAddress.Loopback, IPAddress.IPv6Loopback]
            : IPAddress.TryParse(host, out IPAddress? address) ? [address]
            : throw new UsageException($"urls: '{host}' is neither localhost nor an IP address; use 0.0.0.0 or [::] for every address of this machine.");
        return new ListenUrl(uri.Host, addresses, uri.Port) { IsTls = uri.Scheme == "https" };
    }

    private static string Host(string name) => Uri.CheckHostName(name) is UriHostNameType.Dns ? name
        : throw new UsageException($"hosts: '{name}' is not the name of a machine, such as usage.example.com.");

    private static string? Blank(string? text) => string.IsNullOrWhiteSpace(text) ? null : text;
}
