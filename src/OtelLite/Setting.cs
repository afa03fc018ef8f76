namespace OtelLite;

/// <summary>One knob: how it is spelled on the command line, in the environment and in the file, and what it does.</summary>
internal sealed record Setting(string Flag, string Placeholder, string Variable, string Key, string Default, string Does)
{
    /// <summary>True for one that is named or not, and has no value.</summary>
    public bool IsSwitch => Placeholder.Length == 0;

    /// <summary>True for the name of a file or folder, which means another one elsewhere.</summary>
    public bool IsPath => Placeholder is "DIR" or "FILE";

    /// <summary>All there are. <c>--help</c> is made from this list, and a test holds the README against it.</summary>
    public static readonly IReadOnlyList<Setting> All =
    [
        new("--data-dir", "DIR", "OTELLITE_DATA_DIR", "dataDir", "", "folder of the database and the token"),
        new("--urls", "URLS", "OTELLITE_URLS", "urls", "http://localhost:8080", "where dashboard, API and OTLP/HTTP listen; several with ';'"),
        new("--otlp-http-port", "N", "OTELLITE_OTLP_HTTP_PORT", "otlpHttpPort", "4318", "OTLP's standard HTTP port, on loopback too; 0 is off"),
        new("--otlp-grpc-port", "N", "OTELLITE_OTLP_GRPC_PORT", "otlpGrpcPort", "4317", "OTLP's standard gRPC port, on loopback; 0 is off"),
        new("--token", "TOKEN", "OTELLITE_TOKEN", "token", "", "what clients must send; made at the first start"),
        new("--durability", "full|normal", "OTELLITE_DURABILITY", "durability", "full", "full: an acknowledged export survives power loss"),
        new("--max-body", "BYTES", "OTELLITE_MAX_BODY", "maxBody", "67108864", "largest export, before and after decompression"),
        new("--hosts", "NAMES", "OTELLITE_HOSTS", "hosts", "", "further names under which browsers reach it, behind a proxy; several with ';'"),
        new("--tls-cert", "FILE", "OTELLITE_TLS_CERT", "tlsCert", "", "certificate in PEM's form, with those that vouch for it: TLS on every port"),
        new("--tls-key", "FILE", "OTELLITE_TLS_KEY", "tlsKey", "", "its private key, likewise"),
        new("--insecure", "", "OTELLITE_INSECURE", "insecure", "", "listens beyond this machine without TLS: the token can be read on the way"),
        new("--redact", "RULES", "OTELLITE_REDACT", "redact", "", "what is dropped or hashed before it is stored: drop:prompt,hash:user.*"),
        new("--retention", "90d", "OTELLITE_RETENTION", "retention", "90d", "how long raw records are kept; what they add up to stays for ever; 0 keeps all"),
        new("--max-db-size", "4GB", "OTELLITE_MAX_DB_SIZE", "maxDbSize", "", "how large the database may grow before the oldest raw records go; no cap"),
    ];

    public const string ConfigFlag = "--config";
    public const string ConfigVariable = "OTELLITE_CONFIG";
}
