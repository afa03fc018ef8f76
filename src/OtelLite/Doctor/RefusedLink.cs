using OtelLite.Status;

namespace OtelLite.Doctor;

/// <summary>Nothing was refused lately, or from whom and why.</summary>
internal static class RefusedLink
{
    public static Link Of(Scene scene)
    {
        if (scene.Server.Ingest() is not { } ingest)
        {
            return new Link("refused", [Finding.Unknown("what was refused is known to a running OtelLite alone, and to whom it takes the token of")]);
        }

        RefusedExport[] refused =
        [
            .. StatusLook.Refusals(ingest).Where(r => IsRecent(r.At, scene.Now) && !r.IsDoctors()),
        ];
        List<Finding> findings = [];
        foreach (RefusedExport refusal in refused.Take(Limits.RefusalsToldMax))
        {
            string times = refusal.Times > 1 ? $" {refusal.Times} times, the last" : "";
            string what = refusal.Status == 200 ? "taken with a remark" : $"refused with {refusal.Status}";
            findings.Add(Finding.Odd(
                $"{refusal.Path} from {refusal.Client} was {what}{times} {ShownValues.Duration(scene.Now - refusal.At)} ago: {refusal.Reason.TrimEnd('.')}",
                new("If the links above hold, that may be a session from before they did: start it again")));
        }

        if (refused.Length > Limits.RefusalsToldMax)
        {
            findings.Add(Finding.Odd($"and {refused.Length - Limits.RefusalsToldMax} more, all on the page under \"Can these figures be trusted?\"", null));
        }

        return new Link("refused", findings.Count > 0 ? findings : [Finding.Ok("nothing but doctor's own was refused within a day")]);
    }

    /// <summary>Whether a refusal may be of what is set up now.</summary>
    public static bool IsRecent(DateTimeOffset at, DateTimeOffset now) => now - at < Limits.RecentRefusal;
}
