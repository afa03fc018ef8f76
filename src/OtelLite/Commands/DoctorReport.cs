using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using OtelLite.Doctor;

namespace OtelLite.Commands;

/// <summary>What <c>otellite doctor</c> prints. Each line goes through <see cref="TerminalText"/>: most of it is other people's text.</summary>
/// <param name="isColourful">Colours only stress what a mark and a word say too.</param>
internal sealed class DoctorReport(Diagnosis diagnosis, bool isColourful)
{
    private const int NameWidth = 11;

    private readonly StringBuilder _text = new();

    public string Text()
    {
        foreach (Link link in diagnosis.Links)
        {
            string name = link.Name;
            foreach (Finding finding in link.Findings)
            {
                Line($"{Mark(finding.State)}  {name.PadRight(NameWidth)}", finding.Says, finding.State);
                name = "";
            }

            if (link.Name == "settings")
            {
                Variables();
            }
        }

        _text.Append('\n');
        Verdict();
        return _text.ToString();
    }

    // Of each variable who wins, and over whom.
    private void Variables()
    {
        foreach (Found found in diagnosis.Variables)
        {
            IEnumerable<string> over = found.All.Skip(1).Select(s => s.Value == found.All[0].Value ? $"{s.Origin.Name}, the same" : $"{s.Origin.Name}: {found.Shown(s.Value)}");
            string wins = found.All.Count > 1 ? $" and wins over {string.Join(", ", over)}" : "";
            Line("".PadRight(NameWidth + 12), $"{found.Name}={found.Shown(found.All[0].Value)}  from {found.All[0].Origin.Name}{wins}", LinkState.Ok);
        }
    }

    private void Verdict()
    {
        if (diagnosis.Broken is { } broken)
        {
            Line("", $"BROKEN: {broken.Name}. {Capital(broken.Worst.Says)}.", LinkState.Broken);
            Tell("Remedy: ", broken.Worst.Remedy!, LinkState.Broken);
            string[] behind = [.. diagnosis.Links.Where(l => l != broken && l.State == LinkState.Broken).Select(l => l.Name)];
            if (behind.Length > 0)
            {
                Line("", $"Broken too, perhaps for the same reason: {string.Join(", ", behind)}. Mend the first and ask doctor again.", LinkState.Ok);
            }

            return;
        }

        Line("", diagnosis.IsSeenToArrive
            ? $"The chain holds: what Claude Code does from its next start on shows on {diagnosis.Page}."
            : "No link is found broken, but whether exports arrive could not be seen.", LinkState.Ok);
        List<string> told = [];
        foreach (Link link in diagnosis.Links)
        {
            foreach (Finding finding in link.Findings)
            {
                if (finding is { State: LinkState.Odd, Remedy: { } remedy } && !told.Contains(remedy.Says))
                {
                    told.Add(remedy.Says);
                    Tell($"Odd: {finding.Says}. ", remedy, LinkState.Ok);
                }
            }
        }
    }

    private void Tell(string before, Remedy remedy, LinkState state)
    {
        Line("", $"{before}{remedy.Says}{(remedy.Command is null ? "." : ":")}", state);
        if (remedy.Command is { } command)
        {
            Line("\n    ", command, state);
            _text.Append('\n');
        }
    }

    private void Line(string before, string says, LinkState state)
    {
        string line = $"{before}{TerminalText.OneLine(says)}";
        string colour = !isColourful ? "" : state switch
        {
            LinkState.Broken => "\u001b[1;31m",
            LinkState.Odd => "\u001b[33m",
            _ => "",
        };
        _text.Append(colour).Append(line).Append(colour.Length > 0 ? "\u001b[0m\n" : "\n");
    }

    private static string Mark(LinkState state) => state switch
    {
        LinkState.Ok => "+ ok     ",
        LinkState.Odd => "! odd    ",
        LinkState.Broken => "X BROKEN ",
        _ => "? unknown",
    };

    private static string Capital(string text) => $"{char.ToUpperInvariant(text[0])}{text[1..]}";

    /// <summary>The same for a program.</summary>
    public static string Json(Diagnosis diagnosis)
    {
        using var text = new MemoryStream();
        using var json = new Utf8JsonWriter(text, new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        json.WriteStartObject();
        json.WriteBoolean("isWhole", diagnosis.Broken is null);
        json.WriteString("broken", diagnosis.Broken?.Name);
        json.WriteString("remedy", diagnosis.Broken?.Worst.Remedy?.Says);
        json.WriteString("command", diagnosis.Broken?.Worst.Remedy?.Command);
        json.WriteString("page", diagnosis.Page);
        json.WriteStartArray("links");
        foreach (Link link in diagnosis.Links)
        {
            json.WriteStartObject();
            json.WriteString("name", link.Name);
            json.WriteString("state", NameOf(link.State));
            json.WriteStartArray("findings");
            foreach (Finding finding in link.Findings)
            {
                json.WriteStartObject();
                json.WriteString("state", NameOf(finding.State));
                json.WriteString("says", finding.Says);
                json.WriteString("remedy", finding.Remedy?.Says);
                json.WriteString("command", finding.Remedy?.Command);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("variables");
        foreach (Found found in diagnosis.Variables)
        {
            foreach (Said said in found.All)
            {
                json.WriteStartObject();
                json.WriteString("name", found.Name);
                json.WriteString("value", found.Shown(said.Value));
                json.WriteString("from", said.Origin.Name);
                json.WriteString("path", said.Origin.Path);
                json.WriteBoolean("wins", said == found.All[0]);
                json.WriteEndObject();
            }
        }

        json.WriteEndArray();
        json.WriteEndObject();
        json.Flush();
        return Encoding.UTF8.GetString(text.GetBuffer(), 0, (int)text.Length) + "\n";
    }

    private static string NameOf(LinkState state) => state switch
    {
        LinkState.Ok => "ok",
        LinkState.Unknown => "unknown",
        LinkState.Odd => "odd",
        _ => "broken",
    };
}
