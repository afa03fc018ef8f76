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
internal sealed class Setup(string path, DateTime now)
{
    private const string Hooks = "hooks";
    private const string Start = "SessionStart";
    private const string Line = "statusLine";
    private const string Command = "command";

    private readonly SetupMemory _memory = new(path);
    private readonly List<string> _notes = [];

    /// <summary>The names in the file under which something of ours may stand, whoever put it there.</summary>
    /// <exception cref="SettingsException">The file can't be read, or Claude Code can't read it.</exception>
    public IReadOnlyList<string> Ours
    {
        get
        {
            SettingsText text = SettingsFile.Read(path)?.Text ?? SettingsText.Parse([]);
            return
            [
                .. ExportVariables.All.Where(v => text.Find("env", v) is not null),
                .. OwnCall.StatusLine(text) is { } line && OwnCommand.IsOurs(line, OwnCommand.StatusLineWord) ? (string[])[Line] : [],
                .. OwnCall.HookLines(text).Any(c => OwnCommand.IsOurs(c, OwnCommand.HookWord)) ? (string[])[$"{Hooks}.{Start}"] : [],
            ];
        }
    }

    /// <summary>A settings file in which all stands that is wished, for somebody to look at.</summary>
    /// <param name="settings">One with the variables.</param>
    public static string Shown(string settings, SetupWish wish)
    {
        var setup = new Setup("", default);
        var merge = new SettingsMerge(SettingsText.Parse(System.Text.Encoding.UTF8.GetBytes(settings)), null);
        setup.PutStatusLine(merge, wish);
        setup.PutHook(merge, wish);
        return System.Text.Encoding.UTF8.GetString(merge.Text.Bytes).TrimEnd();
    }

    /// <summary>Merges what is wished into the file. What is so already stays, and a file in which all is so is not written.</summary>
    /// <exception cref="SettingsException">The file can't be read or written, or Claude Code can't read it.</exception>
    public SetupOutcome Apply(SetupWish wish)
    {
        MakeFolder();
        using FileLock alone = Alone();
        SettingsFile? file = SettingsFile.Read(path);
        SetupRecord? earlier = file is null ? null : _memory.Record;
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
            _memory.Keep(merge.Record);
        }

        return new SetupOutcome(merge.Done, null, _notes);
    }

    /// <summary>Takes back what setup changed in the file. Where nobody else has changed it since, it is as it was to the byte.</summary>
    /// <returns>Null when setup has changed nothing there.</returns>
    /// <exception cref="SettingsException">The file can't be read or written, or Claude Code can't read it.</exception>
    public SetupOutcome? Undo()
    {
        using FileLock alone = Alone();
        if (_memory.Record is not { } earlier)
        {
            return null;
        }

        SetupOutcome? outcome = SettingsFile.Read(path) is { } file ? TakeBack(file, earlier) : null;
        _memory.Keep(null);
        return outcome;
    }

    // From reading the file to remembering what was done: two at once would remember each other's changes.
    private FileLock Alone()
    {
        try
        {
            return FileLock.Take(path);
        }
        catch (IOException e)
        {
            throw new SettingsException(e.Message, e);
        }
    }

    private void MakeFolder()
    {
        try
        {
            Folders.Make(Path.GetDirectoryName(path)!);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SettingsException($"{path} can't be written: {e.Message}", e);
        }
    }

    private SetupOutcome Write(SettingsMerge merge, SettingsFile? file, SetupRecord? earlier)
    {
        byte[] bytes = merge.Text.Bytes;
        string? backup = file is null ? null : SettingsFile.BackUp(path, file.Bytes, now, earlier?.Backup);
        SetupRecord record = merge.Record with
        {
            Left = SetupRecord.Hash(bytes),
            MadeFile = file is null || earlier?.MadeFile == true,
            Backup = earlier is null ? backup : earlier.Backup,
            IsUnbroken = earlier is null || (earlier.IsUnbroken && earlier.IsLeftAlone(file!.Bytes)),
        };
        // First what will undo it: a change that nobody remembers could not be taken back.
        _memory.Keep(record);
        try
        {
            SettingsFile.Write(path, bytes, file?.Bytes);
        }
        catch (SettingsException)
        {
            _memory.Keep(earlier);
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
        // One of ours that is there is told where we are now, asked for or not.
        bool? isWished = wish.StatusLine ?? (OwnCall.StatusLine(merge.Text) is { } line && OwnCommand.IsOurs(line, OwnCommand.StatusLineWord) ? true : null);
        if (isWished == false)
        {
            merge.Undo(Line);
        }
        else if (isWished == true)
        {
            if (merge.Text.Find(Line) is null)
            {
                merge.Set([Line], CommandObject(wish.Own.StatusLine(null)));
            }
            else if (OwnCall.StatusLine(merge.Text) is { } existing)
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
        bool? isWished = wish.Hook ?? (OwnCall.HookLines(merge.Text).Any(c => OwnCommand.IsOurs(c, OwnCommand.HookWord)) ? true : null);
        if (isWished == false)
        {
            merge.Undo(Hooks);
        }
        else if (isWished == true)
        {
            string command = wish.Own.Hook;
            if (merge.Text.Find(Hooks) is { IsObject: false } || merge.Text.Find(Hooks, Start) is { IsArray: false })
            {
                _notes.Add($"\"{Hooks}\" in {path} has not the shape that Claude Code documents, so it stays as it is.");
            }
            else if (!OwnCall.HookLines(merge.Text).Contains(command))
            {
                // An OtelLite that has moved since.
                merge.Undo(Hooks);
                if (OwnCall.HookLines(merge.Text).FirstOrDefault(c => OwnCommand.IsOurs(c, OwnCommand.HookWord)) is { } other)
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

    private static string CommandObject(string command) => $$"""{"type":"command","command":{{SettingsText.Quoted(command)}}}""";
}
