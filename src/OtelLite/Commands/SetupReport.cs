using System.Text.Json;
using OtelLite.ClaudeSettings;

namespace OtelLite.Commands;

/// <summary>What <c>otellite setup</c> says of what it did.</summary>
internal static class SetupReport
{
    /// <param name="start">The line that starts what is set up for; null: it runs.</param>
    public static void Applied(string path, string endpoint, string? start, SetupOutcome outcome)
    {
        if (outcome.Changes.Count == 0)
        {
            Console.Out.WriteLine($"nothing to change: {path} sends to {endpoint} already");
        }
        else
        {
            List(path, outcome);
            Console.Out.WriteLine($"""

                Sessions that run already must be started again. {(start is null ? "" : $"Run {start} and open the address that it prints. ")}If nothing arrives, otellite doctor says why.
                otellite setup --undo takes this back.
                """);
        }

        Notes(outcome);
    }

    /// <param name="outcome">Null: setup has changed nothing, as far as it remembers.</param>
    /// <param name="ours">The names in the file that it may have put there all the same.</param>
    /// <returns>The exit code.</returns>
    public static int Undone(string path, SetupOutcome? outcome, IReadOnlyList<string> ours)
    {
        if (outcome is null)
        {
            Console.Out.WriteLine(ours.Count == 0 ? $"nothing to undo: nothing that otellite setup wrote is in {path}"
                : $"nothing to undo: otellite setup does not remember to have written to {path}. If you want these gone, take them out by hand: {string.Join(", ", ours)}.");
            return ExitCode.Done;
        }

        List(path, outcome);
        if (outcome.IsWhole)
        {
            Console.Out.WriteLine(File.Exists(path) ? "The file is as it was before." : "There was no such file before, and there is none again.");
        }

        if (SettingsFile.Backups(path) is { Length: > 0 } copies)
        {
            Console.Out.WriteLine($"Copies that setup made are still there, some with the token in them: {string.Join(", ", copies)}.");
        }

        Console.Out.WriteLine("Sessions that run already go on sending until they end.");
        Notes(outcome);
        return ExitCode.Done;
    }

    /// <summary>What wins over the user's settings, or leads astray beside them, each as a sentence.</summary>
    public static IEnumerable<string> OfOthers(
        IReadOnlyList<SettingsLevel> levels, IReadOnlyList<(string Name, string Value)> variables, Func<string, string?> environment)
    {
        foreach (SettingsLevel level in levels.Where(l => l.IsManaged))
        {
            string[] winning =
            [
                .. variables.Where(v => level.Variable(v.Name) is { } value && value != v.Value).Select(v => v.Name),
                .. level.Variables.Where(ExportVariables.Diverts),
            ];
            if (winning.Length > 0)
            {
                yield return $"{level.Path} sets {string.Join(", ", winning)} and wins over your settings. Ask whoever administers this machine.";
            }
        }

        string[] diverting = [.. ExportVariables.Diverting.Where(name => environment(name) is { Length: > 0 })];
        if (diverting.Length > 0)
        {
            yield return $"this shell has {string.Join(", ", diverting)}, which leads a session started from it elsewhere. Take it out of the shell's start-up file.";
        }
    }

    private static void List(string path, SetupOutcome outcome)
    {
        Console.Out.WriteLine($"{path}:");
        foreach (SettingsChange change in outcome.Changes)
        {
            Console.Out.WriteLine($"  {Sentence(change)}");
        }

        if (outcome.Backup is { } backup)
        {
            Console.Out.WriteLine($"The file as it was is {backup}.");
        }
    }

    private static string Sentence(SettingsChange change)
    {
        string name = string.Join('.', change.Path[0] == "env" ? change.Path.Skip(1) : change.Path);
        // Headers hold tokens, this program's own among them.
        bool isSecret = name.EndsWith("_HEADERS", StringComparison.Ordinal);
        string to = isSecret ? "" : $" to {Shown(change.Now)}";
        string was = change.Was is null ? "" : isSecret ? " (it had another value)" : $" (was {Shown(change.Was)})";
        return change switch
        {
            { IsLeft: true, Now: null } => $"{name} was taken out by somebody else already",
            { IsLeft: true } => $"{name} was changed by somebody else since, so it stays",
            { Now: null } => $"{name} taken out{(isSecret ? "" : was)}",
            _ => $"{name} set{to}{was}",
        };
    }

    private static string Shown(string? json)
    {
        using JsonDocument document = JsonText.Document(json ?? "null");
        return TerminalText.OneLine(document.RootElement.ValueKind == JsonValueKind.String ? document.RootElement.GetString()! : json ?? "");
    }

    private static void Notes(SetupOutcome outcome)
    {
        foreach (string note in outcome.Notes)
        {
            Console.Error.WriteLine($"otellite: {note}");
        }
    }
}
