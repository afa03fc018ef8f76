using System.Text.Json.Nodes;
using OtelLite.ClaudeSettings;
using OtelLite.Doctor;
using OtelLite.Tests.ClaudeSettings;

namespace OtelLite.Tests.Doctor;

/// <summary>A home with settings that work for one server, to be broken and looked at.</summary>
internal sealed class Patient : IDisposable
{
    private readonly TemporaryHome _home = new();
    private readonly Options _options;
    private readonly Dictionary<string, string> _shell = [];

    private Patient(string url, int grpcPort)
    {
        Url = url;
        Env = new JsonObject(ExportVariables.For(url, ServerClient.TestToken).Select(v => KeyValuePair.Create(v.Name, (JsonNode?)v.Value)));
        _options = Options.Read(["--data-dir", _home.DataDir, "--urls", url, "--otlp-http-port", "0", "--otlp-grpc-port", $"{grpcPort}", "--token", ServerClient.TestToken], _ => null);
    }

    public string Url { get; }

    /// <summary>Of the user's settings; written before each look.</summary>
    public JsonObject Env { get; }

    /// <summary>Written instead of <see cref="Env"/>, when it is not null.</summary>
    public string? Text { get; set; }

    public string Path => _home.Path;

    public string Settings => _home.Settings;

    public string DataDir => _home.DataDir;

    public static Patient Of(RunningServer server) => new(server.Url, server.GrpcUrl.Length > 0 ? new Uri(server.GrpcUrl).Port : 0);

    /// <summary>Of a server that is not there.</summary>
    public static Patient At(string url) => new(url, 0);

    public Patient With(string name, string? value)
    {
        Env.Remove(name);
        if (value is not null)
        {
            Env[name] = value;
        }

        return this;
    }

    public Patient InShell(string name, string value)
    {
        _shell[name] = value;
        return this;
    }

    public Patient Manage(string json) => Put("managed/managed-settings.json", json);

    public Patient Put(string file, string text)
    {
        string path = System.IO.Path.Combine(Path, file);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        return this;
    }

    public void WriteSettings() => _home.Write(Text ?? new JsonObject { ["env"] = Env.DeepClone() }.ToJsonString());

    public void Dispose() => _home.Dispose();

    /// <summary>Looks along the chain, in this process: with these files, this shell, and the server as it is.</summary>
    public Diagnosis Look(string? given = null, string? sources = null, Options? options = null)
    {
        WriteSettings();
        var origins = Origins.Read(new ClaudeFolders(_home.Claude, System.IO.Path.Combine(Path, "managed")), given, sources, System.IO.Path.Combine(Path, "project"), Environment);
        return Diagnosis.Make(options ?? _options, origins, "otellite setup", "otellite", Environment);
    }

    private string? Environment(string name) => _shell.GetValueOrDefault(name);
}
