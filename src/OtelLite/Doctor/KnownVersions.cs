namespace OtelLite.Doctor;

/// <summary>Versions of Claude Code that are known to send less than they should.</summary>
internal static class KnownVersions
{
    private static readonly (string From, string To, string What)[] Bad =
    [
        // Seen: their numbers are texts, which are read all the same.
        ("0.0.0", "2.0.999", "number no events, so lost ones are not noticed, and send no count of sessions from claude -p"),
        // Reported by users, most of them on macOS; 2.1.112 before and 2.1.197 after work.
        ("2.1.113", "2.1.179", "are reported to send nothing, or no metrics, whatever is set"),
        // Reported by users; 2.1.330 works.
        ("2.1.252", "2.1.252", "is reported to send no metrics, whatever is set"),
        // What Claude Code's own documentation says of them.
        ("2.1.0", "2.1.213", "count too many tokens and too much cost for answers that report usage several times"),
    ];

    /// <summary>What is known of a version, as sentences' ends: "2.1.113 is ...".</summary>
    public static IReadOnlyList<string> Of(string version)
    {
        List<string> known = [];
        if (Version.TryParse(version, out Version? read))
        {
            foreach ((string from, string to, string what) in Bad)
            {
                if (read >= Version.Parse(from) && read <= Version.Parse(to))
                {
                    known.Add(from == to ? what : $"is one of those up to {to} that {what}");
                }
            }
        }

        return known;
    }
}
