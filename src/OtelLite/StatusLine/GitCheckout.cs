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

    /// <summary>
    /// The last two parts of a remote's address: git@host:owner/name.git, https://host/owner/name, ssh://host/owner/name; the host stands for an owner where there is
    /// none. Who signs in there, and with what, is in no name.
    /// </summary>
    internal static string? NameOf(string url)
    {
        (string host, string path) = Split(url);
        path = path.TrimEnd('/');
        path = path.EndsWith(".git", StringComparison.Ordinal) ? path[..^4] : path;
        string[] parts = [.. path.Split('/').Where(p => p.Length > 0)];
        return host.Length == 0 ? parts is [.., _, var folder, var below] ? $"{folder}/{below}" : null
            : parts is [.., var owner, var name] ? $"{owner}/{name}"
            : parts is [var only] ? $"{host}/{only}"
            : null;
    }

    // As git tells them apart: a scheme, or a colon before any slash. A path of this machine has no host.
    private static (string Host, string Path) Split(string url)
    {
        if (url.IndexOf("://", StringComparison.Ordinal) is >= 0 and var scheme)
        {
            // What asks or points behind the path may be a secret too.
            string rest = BehindUser(url[(scheme + 3)..].Split('?', '#')[0]);
            int slash = rest.IndexOf('/', StringComparison.Ordinal);
            return slash < 0 ? ("", "") : (WithoutPort(rest[..slash]), rest[slash..]);
        }

        int end = url.IndexOf('/', StringComparison.Ordinal) is >= 0 and var at ? at : url.Length;
        string place = BehindUser(url[..end]);
        // One letter is a drive of Windows.
        return place.IndexOf(':', StringComparison.Ordinal) is > 1 and var colon ? (place[..colon], place[(colon + 1)..] + url[end..]) : ("", url);
    }

    private static string WithoutPort(string host) => host.LastIndexOf(':') is > 0 and var colon && !host.EndsWith(']') ? host[..colon] : host;

    // A password may have slashes and such signs in it unescaped. One that begins a part of the path is no end of a password.
    private static string BehindUser(string address)
    {
        int sign = address.LastIndexOf('@');
        while (sign > 0 && address[sign - 1] == '/')
        {
            sign = address.LastIndexOf('@', sign - 1);
        }

        return address[(sign + 1)..];
    }

    private static string? FirstLine(string file) => Lines(file).FirstOrDefault();

    // A file that is longer than any of git's is none of them.
    private static string[] Lines(string file)
    {
        var info = new FileInfo(file);
        return info.Exists && info.Length <= Limits.GitFileBytesMax ? [.. File.ReadLines(file).Select(l => l.Trim())] : [];
    }
}
