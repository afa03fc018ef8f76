namespace OtelLite.ClaudeSettings;

/// <summary>What one change comes to, for the person who asked for it.</summary>
/// <param name="Was">The value before, as JSON; null: nothing.</param>
/// <param name="Now">The value after, as JSON; null: nothing.</param>
/// <param name="IsLeft">It was not changed after all, because somebody else has changed it since.</param>
internal readonly record struct SettingsChange(IReadOnlyList<string> Path, string? Was, string? Now, bool IsLeft = false)
{
    public string Name => Path[^1];
}

/// <summary>Puts values into a settings text, and takes them out again: never more than it put in.</summary>
internal sealed class SettingsMerge(SettingsText text, SetupRecord? earlier)
{
    private readonly List<SetupChange> _changes = [.. earlier?.Changes ?? []];
    private readonly List<string[]> _made = [.. earlier?.Made ?? []];

    public SettingsText Text { get; private set; } = text;

    /// <summary>What was changed, in order.</summary>
    public List<SettingsChange> Done { get; } = [];

    /// <summary>All that stands changed, by this and by what was before it.</summary>
    public SetupRecord Record => (earlier ?? new SetupRecord()) with { Changes = [.. _changes], Made = [.. _made] };

    /// <summary>Sets a value. One that means the same already stays as it is and stays the user's.</summary>
    public void Set(string[] path, string json)
    {
        JsonPart? old = Text.Find(path);
        if (old is not null && Text.Means(old, json))
        {
            return;
        }

        string? was = old is null ? null : Text.Written(old);
        string? beforeUs = old is null ? null : BeforeUs(path, old);
        MakeAround(path[..^1], "{}");
        Text = Text.With(path, json);
        Remember(path, json, beforeUs);
        Done.Add(new(path, was, json));
    }

    /// <summary>Takes a value out, if it is there, with all others of that name: of two that stand there the client would take the other one then.</summary>
    public void Take(string[] path)
    {
        if (Text.Find(path) is { } old)
        {
            string was = Text.Written(old);
            while (Text.Find(path) is not null)
            {
                Text = Text.Without(path);
            }

            Remember(path, null, was);
            Done.Add(new(path, was, null));
        }
    }

    /// <summary>Adds an element to an array, which is made where it is missing.</summary>
    public void Add(string[] path, string json)
    {
        MakeAround(path[..^1], "{}");
        MakeAround(path, "[]");
        Text = Text.WithElement(path, json);
        _changes.Add(new SetupChange(path, json, null, IsElement: true));
        Done.Add(new(path, null, json));
    }

    /// <summary>Takes back what was put below a name (null: everything). What others have changed since stays, and is told of.</summary>
    public void Undo(string? below = null)
    {
        foreach (SetupChange change in _changes.AsEnumerable().Reverse().Where(c => below is null || c.Path[0] == below).ToArray())
        {
            Undo(change);
            _changes.Remove(change);
        }

        foreach (string[] path in _made.AsEnumerable().Reverse().Where(p => below is null || p[0] == below).ToArray())
        {
            if (Text.Find(path) is { Members: [] })
            {
                Text = Text.Without(path);
            }

            _made.Remove(path);
        }
    }

    private void Undo(SetupChange change)
    {
        string[] path = change.Path;
        JsonPart? part = Text.Find(path);
        if (change.IsElement)
        {
            int index = part is { IsArray: true } ? part.Members.ToList().FindIndex(m => Text.Means(m.Value, change.Put!)) : -1;
            if (index >= 0)
            {
                Text = Text.Without(part!, index);
                Done.Add(new(path, change.Put, null));
            }
            else
            {
                Done.Add(new(path, null, null, IsLeft: true));
            }
        }
        else if (part is null ? change.Put is not null : change.Put is null || !Text.Means(part, change.Put))
        {
            Done.Add(new(path, change.Put, part is null ? null : Text.Written(part), IsLeft: true));
        }
        else if (change.Was is null)
        {
            Text = Text.Without(path);
            Done.Add(new(path, change.Put, null));
        }
        else
        {
            if (path.Length > 1 && Text.Find(path.AsSpan()[..^1]) is null)
            {
                Text = Text.With(path.AsSpan()[..^1], "{}");
            }

            Text = Text.With(path, change.Was);
            Done.Add(new(path, change.Put, change.Was));
        }
    }

    // What stood there before the first setup, when nobody has changed it since.
    private string? BeforeUs(string[] path, JsonPart now) =>
        _changes.Find(c => !c.IsElement && c.Path.SequenceEqual(path)) is { Put: { } put } ours && Text.Means(now, put) ? ours.Was : Text.Written(now);

    private void Remember(string[] path, string? put, string? was)
    {
        _changes.RemoveAll(c => !c.IsElement && c.Path.SequenceEqual(path));
        _changes.Add(new SetupChange(path, put, was));
    }

    private void MakeAround(string[] path, string empty)
    {
        if (path.Length > 0 && Text.Find(path) is null)
        {
            Text = Text.With(path, empty);
            _made.Add(path);
        }
    }
}
