using System.CommandLine;
using OtelLite.ClaudeSettings;

namespace OtelLite.Commands;

/// <summary>Settings as words for a command line that is started later, elsewhere: where the variables and the folder of now are not. A token stands in none.</summary>
internal static class ToldAlong
{
    /// <summary>Stands where a token belongs that is not told.</summary>
    public const string NoToken = "TOKEN";

    /// <param name="keys">Which settings.</param>
    public static List<string> Of(ParseResult parsed, SettingFlags settings, Func<string, string?> environment, Func<Setting, bool> keys)
    {
        Dictionary<string, string?> given = settings.Given(parsed);
        List<string> words = [];
        void Tell(string flag, string? value, bool isPath)
        {
            if (value is { Length: > 0 })
            {
                words.AddRange([flag, isPath ? Path.GetFullPath(Folders.Expand(value, environment)) : value]);
            }
        }

        // Folders of the XDG variables are this shell's too.
        bool IsMoved(string variable) => environment(variable) is { Length: > 0 };
        Tell(Setting.ConfigFlag, settings.ConfigFile(parsed) ?? environment(Setting.ConfigVariable) ?? (IsMoved("XDG_CONFIG_HOME") ? Options.FileOf(environment) : null), isPath: true);
        foreach (Setting setting in Setting.All.Where(s => s.Key != "token" && keys(s)))
        {
            string? moved = setting.Key == "dataDir" && IsMoved("XDG_DATA_HOME") ? Options.Read(parsed, settings, environment).DataDir : null;
            string? value = given.GetValueOrDefault(setting.Key) ?? environment(setting.Variable) ?? moved;
            if (!setting.IsSwitch)
            {
                Tell(setting.Flag, value, setting.IsPath);
            }
            else if (value is { Length: > 0 } && Options.Switch(setting.Key, value))
            {
                words.Add(setting.Flag);
            }
        }

        return words;
    }

    /// <summary>A line for a person to type in the same shell, where the environment says what it says now.</summary>
    /// <param name="words">The command, or otellite alone.</param>
    /// <param name="keys">Which settings.</param>
    public static string Typed(string words, ParseResult parsed, SettingFlags settings, Func<string, string?> environment, Func<Setting, bool> keys) => string.Join(' ', [
        words, .. Of(parsed, settings, name => name == "HOME" ? environment(name) : null, keys).Select(OwnCommand.Quoted),
        .. settings.Given(parsed).ContainsKey("token") ? (string[])["--token", NoToken] : []]);

    /// <summary>The line that starts OtelLite as it was spoken of.</summary>
    public static string Start(ParseResult parsed, SettingFlags settings, Func<string, string?> environment) => Typed("otellite", parsed, settings, environment, _ => true);

    /// <summary>The words that start this program. Started by .NET's own host, in development, it takes two.</summary>
    public static string[] Program()
    {
        string process = Environment.ProcessPath!;
        return Path.GetFileNameWithoutExtension(process) == "dotnet" ? [process, Path.Combine(AppContext.BaseDirectory, "otellite.dll")] : [process];
    }
}
