namespace OtelLite.Doctor;

/// <summary>How a link of the chain is; what weighs more comes later.</summary>
internal enum LinkState
{
    Ok,

    /// <summary>Not looked at, because of a link before it or because nothing here can.</summary>
    Unknown,

    /// <summary>It holds, and yet something is not as a user would expect.</summary>
    Odd,

    Broken,
}

/// <summary>What to do about a finding.</summary>
/// <param name="says">A sentence that begins with a verb, without its full stop.</param>
/// <param name="command">A line to type, or null.</param>
internal sealed class Remedy(string says, string? command = null)
{
    public string Says => says;

    public string? Command => command;
}

/// <summary>One thing that was found.</summary>
/// <param name="says">A sentence without its full stop.</param>
/// <param name="remedy">Null where there is nothing to do.</param>
internal sealed class Finding(LinkState state, string says, Remedy? remedy = null)
{
    public LinkState State => state;

    public string Says => says;

    public Remedy? Remedy => remedy;

    public static Finding Ok(string says) => new(LinkState.Ok, says);

    public static Finding Unknown(string says) => new(LinkState.Unknown, says);

    public static Finding Odd(string says, Remedy? remedy) => new(LinkState.Odd, says, remedy);

    public static Finding Broken(string says, Remedy remedy) => new(LinkState.Broken, says, remedy);
}

/// <summary>One link between Claude Code and the dashboard, with all that was found of it.</summary>
/// <param name="name">One word, the same in every version.</param>
internal sealed class Link(string name, IReadOnlyList<Finding> findings)
{
    public string Name => name;

    public IReadOnlyList<Finding> Findings => findings;

    public LinkState State => Worst.State;

    /// <summary>The first of those that weigh most.</summary>
    public Finding Worst
    {
        get
        {
            Finding worst = findings[0];
            foreach (Finding finding in findings)
            {
                worst = finding.State > worst.State ? finding : worst;
            }

            return worst;
        }
    }
}
