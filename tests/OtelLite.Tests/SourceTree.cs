using System.Text.RegularExpressions;

namespace OtelLite.Tests;

/// <summary>One file of the repository; <see cref="Code"/> is its text without its comments, line for line.</summary>
internal sealed record SourceFile(string Path, string[] Lines)
{
    /// <summary>The folder below <c>src/OtelLite</c>; empty for the root.</summary>
    public string Folder => Path.Split('/') is ["src", "OtelLite", var folder, .., _] ? folder : "";

    public IEnumerable<(int Number, string Text)> Code => Lines.Select((line, i) => (i + 1, SourceTree.WithoutComment(line)));
}

/// <summary>The repository's own files, for the rules about them.</summary>
internal static partial class SourceTree
{
    private static readonly string[] NotOurs = ["node_modules", "obj", "bin", "recorded", "artifacts", "dist", ".git"];

    /// <summary>The files below a folder that end in one of these ways.</summary>
    public static IReadOnlyList<SourceFile> Files(string folder, params string[] extensions)
    {
        string root = Path.Combine(Recorded.Repository, folder);
        return !Directory.Exists(root) ? [] :
        [
            .. Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories)
                .Select(path => Path.GetRelativePath(Recorded.Repository, path).Replace('\\', '/'))
                .Where(path => extensions.Contains(Path.GetExtension(path)) && !path.Split('/').Any(NotOurs.Contains))
                .Order(StringComparer.Ordinal)
                .Select(path => new SourceFile(path, File.ReadAllLines(Path.Combine(Recorded.Repository, path)))),
        ];
    }

    /// <summary>The program's C# files.</summary>
    public static IReadOnlyList<SourceFile> Program { get; } = Files("src", ".cs");

    /// <summary>Every place in the code that matches, as "file:line: text".</summary>
    public static IEnumerable<string> Places(IEnumerable<SourceFile> files, string pattern)
    {
        var regex = new Regex(pattern, RegexOptions.CultureInvariant);
        return files.SelectMany(f => f.Code.Where(l => regex.IsMatch(l.Text)).Select(l => $"{f.Path}:{l.Number}: {l.Text.Trim()}"));
    }

    // An address in a string (http://) has no blank before its slashes.
    public static string WithoutComment(string line) => Comment().Replace(line, "");

    [GeneratedRegex(@"(^|\s)//.*$")]
    private static partial Regex Comment();
}
