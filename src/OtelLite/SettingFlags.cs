using System.CommandLine;

namespace OtelLite;

/// <summary>The settings as flags, valid before and behind the name of every command.</summary>
internal sealed class SettingFlags
{
    private readonly (Setting Setting, Option<string?> Flag)[] _all = [.. Setting.All.Select(s => (s, Flag(s.Flag, s.Placeholder, s.Does)))];

    private readonly Option<string?> _config = Flag(Setting.ConfigFlag, "FILE", "read these as JSON from FILE");

    public void AddTo(Command command)
    {
        foreach (Option flag in _all.Select(f => (Option)f.Flag).Append(_config))
        {
            command.Options.Add(flag);
        }
    }

    /// <summary>What was given on the command line, by the setting's key.</summary>
    public Dictionary<string, string?> Given(ParseResult parsed) =>
        _all.Where(f => parsed.GetResult(f.Flag) is not null).ToDictionary(f => f.Setting.Key, f => parsed.GetValue(f.Flag) is { } value ? value : f.Setting.IsSwitch ? "true" : null);

    /// <summary>The file that was named, or null.</summary>
    public string? ConfigFile(ParseResult parsed) => parsed.GetValue(_config);

    // Of a flag that is given twice the last counts, so that a script may add to what an alias says.
    private static Option<string?> Flag(string name, string placeholder, string does)
    {
        var flag = new Option<string?>(name)
        {
            Description = does,
            HelpName = placeholder,
            Recursive = true,
            Arity = placeholder.Length == 0 ? ArgumentArity.ZeroOrOne : ArgumentArity.OneOrMore,
            AllowMultipleArgumentsPerToken = false,
            CustomParser = result => result.Tokens.Count > 0 ? result.Tokens[^1].Value : null,
        };
        if (placeholder.Contains('|', StringComparison.Ordinal))
        {
            flag.CompletionSources.Add(placeholder.Split('|'));
        }

        return flag;
    }
}
