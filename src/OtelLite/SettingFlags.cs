using System.CommandLine;

namespace OtelLite;

/// <summary>The settings as flags, valid before and behind the name of every command.</summary>
internal sealed class SettingFlags
{
    private readonly (Setting Setting, Option<string?> Flag)[] _all =
        [.. Setting.All.Select(s => (s, new Option<string?>(s.Flag) { Description = s.Does, HelpName = s.Placeholder, Recursive = true }))];

    private readonly Option<string?> _config =
        new(Setting.ConfigFlag) { Description = "read these as JSON from FILE", HelpName = "FILE", Recursive = true };

    public void AddTo(Command command)
    {
        foreach (Option flag in _all.Select(f => (Option)f.Flag).Append(_config))
        {
            command.Options.Add(flag);
        }
    }

    /// <summary>What was given on the command line, by the setting's key.</summary>
    public Dictionary<string, string?> Given(ParseResult parsed) =>
        _all.Where(f => parsed.GetResult(f.Flag) is not null).ToDictionary(f => f.Setting.Key, f => parsed.GetValue(f.Flag));

    /// <summary>The file that was named, or null.</summary>
    public string? ConfigFile(ParseResult parsed) => parsed.GetValue(_config);
}
