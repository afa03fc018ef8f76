using System.CommandLine;
using System.CommandLine.Completions;
using System.CommandLine.Parsing;

namespace OtelLite;

/// <summary>How the words of a command line are read, and what is said about one that can't be meant.</summary>
internal static class CommandWords
{
    // Hold with every command.
    public const string HelpFlag = "--help";
    public const string VersionFlag = "--version";

    // No word stands for a file of further words, and -abc is not -a -b -c: a token may begin with any of its letters.
    private static readonly ParserConfiguration Parser = new() { EnablePosixBundling = false, ResponseFileTokenReplacer = null };

    /// <summary>Reads a command line. What is wrong with it is in the result, for <see cref="Check"/>.</summary>
    public static ParseResult Read(Command command, IEnumerable<string> words) =>
        // The library takes "--flag=" for a flag that misses its value; here it is one with an empty value, as a script writes it.
        command.Parse([.. words.SelectMany(w => w.StartsWith("--", StringComparison.Ordinal) && w.EndsWith('=') ? (string[])[w[..^1], ""] : [w])], Parser);

    /// <exception cref="UsageException">A word is unknown, missing or too many.</exception>
    public static void Check(ParseResult parsed)
    {
        if (Problem(parsed) is { } problem)
        {
            throw new UsageException(problem, parsed.CommandResult is { Parent: not null, Command.Name: var name } ? name : null);
        }
    }

    /// <summary>An argument that is a path: it may not be empty, as an unset variable of a script makes it.</summary>
    public static Argument<T> OfPath<T>(Argument<T> argument)
    {
        argument.Validators.Add(result => RefuseEmpty(result, argument.HelpName!));
        return argument;
    }

    /// <inheritdoc cref="OfPath{T}(Argument{T})"/>
    public static Option<T> OfPath<T>(Option<T> option)
    {
        option.Validators.Add(result => RefuseEmpty(result, option.HelpName!));
        return option;
    }

    private static void RefuseEmpty(SymbolResult result, string what)
    {
        if (result.Tokens.Any(t => t.Value.Length == 0))
        {
            result.AddError($"{(result is OptionResult option ? option.Option.Name : ((ArgumentResult)result).Parent is CommandResult command ? command.Command.Name : what)}: an empty word is no {what.TrimEnd('.').Replace("|", " and no ", StringComparison.Ordinal)}. Name one.");
        }
    }

    private static string? Problem(ParseResult parsed)
    {
        Command command = parsed.CommandResult.Command;
        // An argument takes any word, a mistyped flag too. A file of such a name is ./--name, or behind --.
        IEnumerable<string> taken = parsed.Tokens.TakeWhile(t => t.Type != TokenType.DoubleDash).Where(t => t.Type == TokenType.Argument && t.Value.StartsWith("--", StringComparison.Ordinal)).Select(t => t.Value);
        if (parsed.UnmatchedTokens.Concat(taken).OrderByDescending(w => w.StartsWith('-')).FirstOrDefault() is { } word)
        {
            return word.StartsWith('-') ? Unknown("option", word.Split('=')[0], [.. Options(parsed.CommandResult)])
                : command.Subcommands.Count > 0 ? Unknown("command", word, [.. command.Subcommands.Where(c => !c.Hidden).Select(c => c.Name)])
                : command.Arguments.Count > 0 ? $"{command.Name} can't take {word} too: put words that belong together in quotes."
                : $"{command.Name} takes no further word, and there is {word}.";
        }

        return parsed.Errors is [var error, ..] ? error.SymbolResult switch
        {
            OptionResult { Tokens.Count: 0, Option: var option } => $"{option.Name} needs a value: {option.Name} {option.HelpName}.",
            OptionResult { Tokens: [var token, ..], Option: var option } when Choices(option.CompletionSources) is { Length: > 0 } choices => Unknown(option.Name, token.Value, choices),
            ArgumentResult { Tokens.Count: 0, Argument: var argument } => $"{command.Name} needs {argument.HelpName ?? argument.Name}: {argument.Description}.",
            ArgumentResult { Tokens: [var token, ..], Argument: var argument } when Choices(argument.CompletionSources) is { Length: > 0 } choices =>
                Unknown(command.Name, token.Value, choices),
            _ => string.Join(' ', error.Message.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)).TrimEnd('.') + ".",
        } : null;
    }

    // What alone is accepted, where there is such a list.
    private static string[] Choices(IEnumerable<Func<CompletionContext, IEnumerable<CompletionItem>>> sources) =>
        [.. sources.SelectMany(s => s(CompletionContext.Empty)).Select(c => c.Label)];

    /// <summary>A sentence about a name that is not known, with the nearest one that is.</summary>
    public static string Unknown(string kind, string name, IReadOnlyList<string> known)
    {
        string nearest = known.MinBy(k => Distance(name, k))!;
        return Distance(name, nearest) <= Math.Max(2, name.Length / 3)
            ? $"there is no {kind} {name}; did you mean {nearest}?"
            : $"there is no {kind} {name}; known are {string.Join(", ", known)}.";
    }

    // Its own, and of those above it the ones that hold below.
    private static IEnumerable<string> Options(CommandResult result) => result.Command.Options.Where(o => !o.Hidden).Select(o => o.Name)
        .Concat(result.Parent is CommandResult parent ? parent.Command.Options.Where(o => o.Recursive).Select(o => o.Name) : [])
        .Union([HelpFlag, VersionFlag]);

    // Levenshtein's, over two rows. The library's own suggestions are no part of its errors.
    private static int Distance(string a, string b)
    {
        int[] row = [.. Enumerable.Range(0, b.Length + 1)];
        for (int i = 1; i <= a.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int above = row[j];
                row[j] = Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1));
                diagonal = above;
            }
        }

        return row[b.Length];
    }
}
