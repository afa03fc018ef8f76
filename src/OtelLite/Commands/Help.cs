using System.Text;

namespace OtelLite.Commands;

/// <summary>What <c>--help</c> prints; the options come from the list that they are read with.</summary>
internal static class Help
{
    public static string Text()
    {
        var text = new StringBuilder("""
            OtelLite shows, live, what Claude Code uses: it receives its OpenTelemetry export, keeps it, and serves a dashboard.

            usage: otellite [serve] [options]       receive, store, show
                   otellite recount [options]       make every total anew from the stored points and events

            options:

            """);
        foreach (Setting setting in Setting.All)
        {
            text.AppendLine(Line($"{setting.Flag} {setting.Placeholder}", setting.Default.Length > 0 ? $"{setting.Does} ({setting.Default})" : setting.Does));
        }

        text.AppendLine(Line($"{Setting.ConfigFlag} FILE", "read these as JSON from FILE"));
        text.AppendLine(Line("--version", "print the version"));
        text.AppendLine(Line("--help", "print this"));
        text.Append("""

            Each option is also an environment variable (OTELLITE_DATA_DIR) and a key of the file (dataDir).

            examples:
              otellite                                   dashboard on http://localhost:8080
              otellite --urls http://localhost:9090      on another port
              otellite --data-dir ~/usage                with the database elsewhere
            """);
        return text.ToString();
    }

    private static string Line(string left, string right) => $"  {left,-28} {right}";
}
