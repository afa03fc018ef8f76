using OtelLite.Telemetry;

namespace OtelLite.Transcripts;

/// <summary>Finds transcripts: all of Claude Code's, or those of the files and folders that were named.</summary>
internal sealed class TranscriptFiles
{
    private static readonly EnumerationOptions Within = new() { RecurseSubdirectories = true, IgnoreInaccessible = true, AttributesToSkip = FileAttributes.ReparsePoint };

    private readonly Dictionary<string, TranscriptFile> _files = new(StringComparer.Ordinal);

    /// <summary>Those that were found, in the order of their names.</summary>
    public IEnumerable<TranscriptFile> All => _files.Values.OrderBy(f => f.Path, StringComparer.Ordinal);

    /// <summary>How many found no room any more.</summary>
    public long LeftOut { get; private set; }

    /// <summary>
    /// Looks, again too: what was known stays known. A session that was forked off another one stands beside it, so the neighbours of a file that was named are
    /// read too, to tell who paid, and not imported.
    /// </summary>
    /// <param name="paths">Files and folders.</param>
    public void Find(IReadOnlyList<string> paths)
    {
        LeftOut = 0;
        foreach (string path in paths.Where(Directory.Exists))
        {
            Add(Directory.EnumerateFiles(path, "*" + ClaudeTranscript.Extension, Within), isAsked: true);
        }

        // A folder that is not there yet may come.
        string[] files = [.. paths.Where(p => File.Exists(p) || _files.ContainsKey(p) || p.EndsWith(ClaudeTranscript.Extension, StringComparison.Ordinal)).Where(p => !Directory.Exists(p))];
        Add(files, isAsked: true);
        foreach (string folder in files.Select(f => Path.GetDirectoryName(f)!).Where(Directory.Exists).Distinct())
        {
            Add(Directory.EnumerateFiles(folder, "*" + ClaudeTranscript.Extension), isAsked: false);
        }
    }

    /// <summary>Adds what is not there yet.</summary>
    public void Add(IEnumerable<string> paths, bool isAsked)
    {
        foreach (string path in paths)
        {
            if (_files.ContainsKey(path))
            {
                continue;
            }

            if (_files.Count < Limits.TranscriptFilesMax)
            {
                _files.Add(path, new TranscriptFile(path, isAsked));
            }
            else
            {
                LeftOut++;
            }
        }
    }
}
