namespace OtelLite.StatusLine;

/// <summary>What git's own files say of a folder; no git is started, which would take longer than a status line may.</summary>
/// <param name="Branch">Null where none is checked out.</param>
/// <param name="Repository">As owner/name, of the remote called origin.</param>
internal readonly record struct GitCheckout(string? Branch, string? Repository)
{
    private const string Ref = "ref: refs/heads/";
    private const string GitDir = "gitdir: ";

    /// <summary>Nothing for a folder that is in no checkout, or one that can't be read.</summary>
    public static GitCheckout Of(string folder)
    {
        try
        {
            return Find(folder) is { } git ? new GitCheckout(BranchIn(git), RepositoryIn(git)) : default;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            return default;
        }
    }

    // Above the folder, as git looks for it. In a worktree it is a file that names the place.
    private static string? Find(string folder)
    {
        string? at = Path.IsPathFullyQualified(folder) ? folder : null;
        for (int level = 0; at is not null && level < Limits.FolderLevelsMax; level++, at = Path.GetDirectoryName(at))
        {
            string git = Path.Combine(at, ".git");
            if (Directory.Exists(git))
            {
                return git;
            }

            if (File.Exists(git))
            {
                return FirstLine(git) is { } line && line.StartsWith(GitDir, StringComparison.Ordinal) ? Path.GetFullPath(line[GitDir.Length..], at) : null;
            }
        }

        return null;
    }

    private static string? BranchIn(string git) => FirstLine(Path.Combine(git, "HEAD")) is { } head && head.StartsWith(Ref, StringComparison.Ordinal) ? head[Ref.Length..] : null;

    private static string? RepositoryIn(string git)
    {
        string common = Path.Combine(git, "commondir");
        string config = Path.Combine(File.Exists(common) ? Path.GetFullPath(FirstLine(common) ?? ".", git) : git, "config");
        bool isOrigin = false;
        foreach (string line in Lines(config))
        {
            if (line.StartsWith('['))
            {
                isOrigin = line == "[remote \"origin\"]";
            }
            else if (isOrigin && line.StartsWith("url", StringComparison.Ordinal) && line.IndexOf('=', StringComparison.Ordinal) is > 0 and var equals)
            {
                return NameOf(line[(equals + 1)..].Trim());
            }
        }

        return null;
    }

    /// <summary>The last two parts of a remote's address: git@host:owner/name.git, https://host/owner/name, ssh://host/owner/name.</summary>
    internal static string? NameOf(string url)
    {
        string path = url.TrimEnd('/');
        path = path.EndsWith(".git", StringComparison.Ordinal) ? path[..^4] : path;
        string[] parts = path.Split('/', ':').Where(p => p.Length > 0).ToArray();
        return parts is [.., _, var owner, var name] ? $"{owner}/{name}" : null;
    }

    private static string? FirstLine(string file) => Lines(file).FirstOrDefault();

    // A file that is longer than any of git's is none of them.
    private static string[] Lines(string file)
    {
        var info = new FileInfo(file);
        return info.Exists && info.Length <= Limits.GitFileBytesMax ? [.. File.ReadLines(file).Select(l => l.Trim())] : [];
    }
}
