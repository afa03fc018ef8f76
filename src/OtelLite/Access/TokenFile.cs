using System.Text;

namespace OtelLite.Access;

/// <summary>The named tokens can't be read or changed; the message is a sentence that says what to do.</summary>
internal sealed class TokenException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>
/// The named tokens of a data folder. Only their hashes are in it: unlike the folder's own token, which setup and the commands must read, nobody needs one again once its
/// machine has it, and so a copy of the folder lets nobody in. Each is 240 random bits, which no list of likely words finds, so that a plain hash is enough.
/// </summary>
internal static class TokenFile
{
    public const string Name = "tokens.list";

    /// <summary>What stands in it; nothing where there is no such file.</summary>
    /// <exception cref="TokenException">It can't be read.</exception>
    public static IReadOnlyList<NamedToken> Read(string dataDir)
    {
        string path = Path.Combine(dataDir, Name);
        try
        {
            if (!FileKind.IsThere(path))
            {
                return [];
            }

            if (new FileInfo(path).Length > Limits.TokenFileBytesMax)
            {
                throw NoList(path, $"it has more than {Limits.TokenFileBytesMax} bytes");
            }

            List<NamedToken> tokens = [];
            foreach (string line in File.ReadAllLines(path))
            {
                tokens.Add(NamedToken.Parse(line) ?? throw NoList(path, $"line {tokens.Count + 1} is not a name, a scope, a hash and a time"));
            }

            return tokens;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new TokenException($"the tokens can't be read: {e.Message.TrimEnd('.')}.", e);
        }
    }

    /// <summary>The file that holds these.</summary>
    public static SmallFile Of(IEnumerable<NamedToken> tokens) => new(Name, Encoding.ASCII.GetBytes(string.Concat(tokens.Select(t => $"{t}\n"))));

    /// <summary>Makes a token of this name; the token itself, which is told here and nowhere again.</summary>
    /// <exception cref="TokenException">There is one of this name, there are too many, or the file can't be written.</exception>
    public static string Add(string dataDir, string name, TokenScope scope)
    {
        string token = Token.Random();
        Change(dataDir, tokens =>
        {
            if (tokens.Any(t => t.Name == name))
            {
                throw new TokenException($"there is a token {name} already: revoke it first, or choose another name.");
            }

            return tokens.Count >= Limits.NamedTokensMax
                ? throw new TokenException($"there are {Limits.NamedTokensMax} tokens already: revoke some that are used no more.")
                : [.. tokens, NamedToken.Of(token, name, scope)];
        });
        return token;
    }

    /// <summary>Takes a token back.</summary>
    /// <exception cref="TokenException">There is none of this name, or the file can't be written.</exception>
    public static void Revoke(string dataDir, string name) => Change(dataDir, tokens => tokens.Any(t => t.Name == name)
        ? [.. tokens.Where(t => t.Name != name)]
        : throw new TokenException($"there is no token {name}; otellite token list tells the names."));

    // One at a time, from reading to writing. The file is whole at every moment: a server may read it at any.
    private static void Change(string dataDir, Func<IReadOnlyList<NamedToken>, IReadOnlyList<NamedToken>> change)
    {
        try
        {
            Folders.Make(dataDir);
            using FileLock alone = FileLock.Take(Path.Combine(dataDir, Name));
            Of(change(Read(dataDir))).Write(dataDir);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new TokenException($"the tokens can't be changed: {e.Message.TrimEnd('.')}. Name a folder that you may write to with --data-dir DIR.", e);
        }
    }

    private static TokenException NoList(string path, string why) => new($"{path} is no list of tokens: {why}. Delete it, and add the tokens anew with otellite token add NAME.");
}
