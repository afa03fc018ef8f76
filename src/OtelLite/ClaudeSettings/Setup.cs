namespace OtelLite.ClaudeSettings;

/// <summary>What a setup is to come to.</summary>
/// <param name="Variables">All that the client's environment must say.</param>
/// <param name="StatusLine">True: calls us; false: no longer; null: as it is.</param>
/// <param name="Hook">Likewise, at each start of a session.</param>
internal sealed record SetupWish(IReadOnlyList<(string Name, string Value)> Variables, bool? StatusLine, bool? Hook, OwnCommand Own);

/// <summary>What became of it.</summary>
/// <param name="Backup">The copy of what was there; null where none was made.</param>
/// <param name="Notes">Sentences about what stays as it is.</param>
/// <param name="IsWhole">The file is again, to the byte, what it was before the first setup, or gone if there was none.</param>
internal sealed record SetupOutcome(IReadOnlyList<SettingsChange> Changes, string? Backup, IReadOnlyList<string> Notes, bool IsWhole = false);

/// <summary>Sets Claude Code up to send here, in one file of settings, and takes that back.</summary>
/// <param name="path">The user's settings file, which need not exist.</param>
/// <param name="now">Names the copies.</param>
internal sealed class Setup(string path, SetupRecords records, DateTime now)
{
    private const string Hooks = "hooks";
    private const string Start = "SessionStart";
    private const string Line = "statusLine";
    private const string Command = "command";

    private readonly List<string> _notes = [];

    /// <summary>Merges what is wished into the file. What is so already stays, and a file in which all is so is not written.</summary>
    /// <exception cref="SettingsException">The file can't be read or written, or Claude Code can't read it.</exception>
    public SetupOutcome Apply(SetupWish wish)
    {
        SettingsFile? file = SettingsFile.Read(path);
        SetupRecord? earlier = file is null ? null : records.Of(path);
        var merge = new SettingsMerge(file?.Text ?? SettingsText.Parse([]), earlier);
        foreach ((string name, string value) in wish.Variables)
        {
            merge.Set(["env", name], SettingsText.Quoted(value));
        }

        string[] diverting = [.. merge.Text.Find("env")!.Members.Select(m => m.Name!).Where(ExportVariables.Diverts).Distinct()];
        Array.ForEach(diverting, name => merge.Take(["env", name]));
        PutStatusLine(merge, wish);
        PutHook(merge, wish);
        NoteWhatMeddles(merge.Text, wish);
        if (file is null || merge.Text != file.Text)
        {
            return Write(merge, file, earlier);
        }

        if (merge.Done.Count > 0)
        {
            // Somebody else has changed what should have been taken out: it is theirs now.
            records.Keep(path, merge.Record);
        }

        return new SetupOutcome(merge.Done, null, _notes);
    }

    /// <summary>Takes back what setup changed in the file. Where nobody else has changed it since, it is as it was to the byte.</summary>
    /// <returns>Null when setup has changed nothing there.</returns>
    /// <exception cref="SettingsException">The file can't be read or written, or Claude Code can't read it.</exception>
    public SetupOutcome? Undo()
    {
        if (records.Of(path) is not { } earlier)
        {
            return null;
        }

        SetupOutcome? outcome = SettingsFile.Read(path) is { } file ? TakeBack(file, earlier) : null;
        records.Keep(path, null);
        return outcome;
    }

    private SetupOutcome Write(SettingsMerge merge, SettingsFile? file, SetupRecord? earlier)
    {
        byte[] bytes = merge.Text.Bytes;
        string? backup = file is null ? null : SettingsFile.BackUp(path, file.Bytes, now);
        SetupRecord record = merge.Record with
        {
            Left = SetupRecord.Hash(bytes),
            MadeFile = file is null || earlier?.MadeFile == true,
            Backup = earlier is null ? backup : earlier.Backup,
            IsUnbroken = earlier is null || (earlier.IsUnbroken && earlier.IsLeftAlone(file!.Bytes)),
        };
        // First what will undo it: a change that nobody remembers could not be taken back.
        records.Keep(path, record);
        try
        {
            SettingsFile.Write(path, bytes, file?.Bytes);
        }
        catch (SettingsException)
        {
            records.Keep(path, earlier);
            if (backup is not null)
            {
                SettingsFile.Remove(backup);
            }

            throw;
        }

        return new SetupOutcome(merge.Done, backup, _notes);
    }

    private SetupOutcome TakeBack(SettingsFile file, SetupRecord earlier)
    {
        var merge = new SettingsMerge(file.Text, earlier);
        merge.Undo();
        bool isUntouched = earlier.IsUnbroken && earlier.IsLeftAlone(file.Bytes);
        if (earlier.MadeFile && (isUntouched || merge.Text.Root.Members.Count == 0))
        {
            SettingsFile.Remove(path);
            return new SetupOutcome(merge.Done, null, [], IsWhole: true);
        }

        if (isUntouched && earlier.Backup is { } copy && SettingsFile.Read(copy) is { } before)
        {
            SettingsFile.Write(path, before.Bytes, file.Bytes);
            return new SetupOutcome(merge.Done, null, [], IsWhole: true);
        }

        if (merge.Text == file.Text)
        {
            return new SetupOutcome(merge.Done, null, []);
        }

        string backup = SettingsFile.BackUp(path, file.Bytes, now);
        SettingsFile.Write(path, merge.Text.Bytes, file.Bytes);
        return new SetupOutcome(merge.Done, backup, []);
    }

    private void PutStatusLine(SettingsMerge merge, SetupWish wish)
    {
        if (wish.StatusLine == false)
        {
            merge.Undo(Line);
        }
        else if (wish.StatusLine == true)
        {
            if (merge.Text.Find(Line) is null)
            {
                merge.Set([Line], CommandObject(wish.Own.StatusLine(null)));
            }
            else if (merge.Text.Find(Line, Command) is { } command && merge.Text.Text(command) is { } existing)
            {
                merge.Set([Line, Command], SettingsText.Quoted(wish.Own.StatusLine(existing)));
            }
            else
            {
                _notes.Add($"\"{Line}\" in {path} has no command, so it stays as it is.");
            }
        }
    }

    private void PutHook(SettingsMerge merge, SetupWish wish)
    {
        if (wish.Hook == false)
        {
            merge.Undo(Hooks);
        }
        else if (wish.Hook == true)
        {
            string command = wish.Own.Hook;
            if (merge.Text.Find(Hooks) is { IsObject: false } || merge.Text.Find(Hooks, Start) is { IsArray: false })
            {
                _notes.Add($"\"{Hooks}\" in {path} has not the shape that Claude Code documents, so it stays as it is.");
            }
            else if (!HookCommands(merge.Text).Contains(command))
            {
                // An OtelLite that has moved since.
                merge.Undo(Hooks);
                if (HookCommands(merge.Text).FirstOrDefault(c => OwnCommand.IsOurs(c, "hook")) is { } other)
                {
                    _notes.Add($"{path} has a hook that setup did not put there, {TerminalText.OneLine(other)}, and it stays.");
                }
                else
                {
                    merge.Add([Hooks, Start], $$"""{"hooks":[{{CommandObject(command)}}]}""");
                }
            }
        }
    }

    private void NoteWhatMeddles(SettingsText text, SetupWish wish)
    {
        if (text.Find("otelHeadersHelper") is not null)
        {
            _notes.Add($"\"otelHeadersHelper\" in {path} makes headers of its own: see that it sends Authorization too, or take it out.");
        }

        if ((wish.StatusLine == true || wish.Hook == true) && text.Find("disableAllHooks") is { Kind: System.Text.Json.JsonTokenType.True })
        {
            _notes.Add($"\"disableAllHooks\" in {path} keeps the status line and hooks from being called.");
        }
    }

    private static IEnumerable<string> HookCommands(SettingsText text) => (text.Find(Hooks, Start)?.Members ?? [])
        .SelectMany(m => m.Value.Member(Hooks)?.Members ?? [])
        .Select(m => m.Value.Member(Command) is { } command ? text.Text(command) : null)
        .OfType<string>();

    private static string CommandObject(string command) => $$"""{"type":"command","command":{{SettingsText.Quoted(command)}}}""";
}
