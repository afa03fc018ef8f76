using System.Security.Cryptography;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace OtelLite.Bench;

/// <summary>
/// What is in the published file, beside it: a CycloneDX list of every package whose code ships, from the lock files that the build was held to, and the SHA-256 of both. No time and no path stands in
/// it: the same source gives the same list.
/// </summary>
internal static partial class ReleaseContents
{
    // Of the lock file: what builds the program, and the native library that the linked amalgamation takes the place of.
    private static readonly string[] NotShipped = ["Microsoft.DotNet.ILCompiler", "Microsoft.NET.ILLink.Tasks", "SQLite"];

    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <param name="executable">dist/RID/otellite; the lists are written to dist/.</param>
    public static int Write(string executable, string rid)
    {
        string root = Repository.Root, dist = Path.Combine(root, "dist");
        JsonObject[] components = [.. OfNuGet(root, rid).Concat(OfRuntime(root, rid)).Concat(OfNpm(root)).OrderBy(c => (string)c["name"]!, StringComparer.OrdinalIgnoreCase)];
        var list = new JsonObject
        {
            ["bomFormat"] = "CycloneDX",
            ["specVersion"] = "1.6",
            ["version"] = 1,
            ["metadata"] = new JsonObject { ["component"] = new JsonObject { ["type"] = "application", ["name"] = "otellite", ["hashes"] = Hashes("SHA-256", Sha256(executable)) } },
            ["components"] = new JsonArray([.. components]),
        };
        string path = Path.Combine(dist, $"otellite-{rid}.cdx.json");
        File.WriteAllText(path, $"{list.ToJsonString(Readable)}\n");
        string relative = $"{rid}/{Path.GetFileName(executable)}";
        File.WriteAllText(Path.Combine(dist, $"otellite-{rid}.sha256"), $"{Sha256(executable)}  {relative}\n{Sha256(path)}  {Path.GetFileName(path)}\n");
        Console.WriteLine($"packages in it: {components.Length}, listed in dist/{Path.GetFileName(path)}; sums in dist/otellite-{rid}.sha256");
        return 0;
    }

    private static IEnumerable<JsonObject> OfNuGet(string root, string rid)
    {
        JsonNode locked = Read(Path.Combine(root, "artifacts", $"packages.{rid}.lock.json"))["dependencies"]!;
        return locked.AsObject().SelectMany(framework => framework.Value!.AsObject()).DistinctBy(p => p.Key)
            .Where(p => !NotShipped.Contains(p.Key) && !p.Key.StartsWith("runtime.", StringComparison.Ordinal))
            .Select(p => Component(p.Key, (string)p.Value!["resolved"]!, $"pkg:nuget/{p.Key}@{(string)p.Value["resolved"]!}", (string?)p.Value["contentHash"]));
    }

    // The packs that the SDK brings stand in no lock file, but in what the native compiler was told to read.
    private static IEnumerable<JsonObject> OfRuntime(string root, string rid) =>
        RuntimePack().Matches(File.ReadAllText(Path.Combine(root, "artifacts", "obj", "OtelLite", $"release_{rid}", "native", "otellite.ilc.rsp")))
            .Select(m => (Name: m.Groups[1].Value.ToLowerInvariant(), Version: m.Groups[2].Value)).Distinct()
            .Select(p => Component(p.Name, p.Version, $"pkg:nuget/{p.Name}@{p.Version}", null));

    private static IEnumerable<JsonObject> OfNpm(string root)
    {
        string source = Path.Combine(root, "src", "OtelLite");
        JsonNode uplot = Read(Path.Combine(source, "package-lock.json"))["packages"]!["node_modules/uplot"]!;
        yield return Component("uplot", (string)uplot["version"]!, $"pkg:npm/uplot@{(string)uplot["version"]!}", ((string)uplot["integrity"]!)["sha512-".Length..]);

        // The amalgamation, which another package brings.
        string header = File.ReadAllText(Path.Combine(source, "node_modules", "better-sqlite3", "deps", "sqlite3", "sqlite3.h"));
        int at = header.IndexOf("#define SQLITE_VERSION ", StringComparison.Ordinal);
        string version = header[at..].Split('"')[1];
        yield return Component("sqlite", version, $"pkg:generic/sqlite@{version}", null);
    }

    private static JsonObject Component(string name, string version, string address, string? sha512)
    {
        var component = new JsonObject { ["type"] = "library", ["name"] = name, ["version"] = version, ["purl"] = address };
        if (sha512 is not null)
        {
            component["hashes"] = Hashes("SHA-512", Convert.ToHexStringLower(Convert.FromBase64String(sha512)));
        }

        return component;
    }

    private static JsonArray Hashes(string algorithm, string hex) => [new JsonObject { ["alg"] = algorithm, ["content"] = hex }];

    private static string Sha256(string path) => Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path)));

    [GeneratedRegex(@"(microsoft\.[a-z.]*runtime[^/\\]*)[/\\](\d+\.[0-9a-z.-]+)", RegexOptions.IgnoreCase)]
    private static partial Regex RuntimePack();

    private static JsonNode Read(string path) => JsonNode.Parse(File.ReadAllText(path))!;
}
