using Microsoft.Data.Sqlite;
using OtelLite.Query;
using OtelLite.Storage;

namespace OtelLite.Doctor;

/// <summary>The client is of no version that is known to be bad.</summary>
internal static class ClientLink
{
    /// <param name="installed">The version that a shell would start; null where it can't be told.</param>
    public static Link Of(Scene scene, string? installed)
    {
        List<Finding> findings = [];
        if (installed is not null)
        {
            Judge(findings, $"Claude Code {installed} is installed", installed);
        }

        foreach (SeenClient client in Seen(scene.Options.DataDir))
        {
            if (client.Name.StartsWith("claude", StringComparison.Ordinal))
            {
                Judge(findings, $"{client.Name} {client.Version} sent last", client.Version);
            }
            else
            {
                findings.Add(Finding.Ok($"{client.Name} {client.Version} sent last"));
            }
        }

        return new Link("client", findings.Count > 0 ? findings : [Finding.Unknown("which version of Claude Code sends is not known yet")]);
    }

    private static void Judge(List<Finding> findings, string says, string version)
    {
        IReadOnlyList<string> known = KnownVersions.Of(version);
        findings.Add(known.Count == 0 ? Finding.Ok(says) : Finding.Odd($"{says}, and {string.Join("; ", known)}", new Remedy("Bring Claude Code up to date", "claude update")));
    }

    private static IReadOnlyList<SeenClient> Seen(string dataDir)
    {
        try
        {
            using SqliteConnection connection = StoredFile.Open(dataDir);
            return SeenClientsQuery.Newest(connection);
        }
        catch (Exception e) when (e is StorageException or SqliteException)
        {
            // The links before have told.
            return [];
        }
    }
}
