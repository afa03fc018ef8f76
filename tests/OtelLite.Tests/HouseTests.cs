using System.Reflection;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace OtelLite.Tests;

/// <summary>How the program is laid out, as rules that hold: which folder may name which, and what stands nowhere.</summary>
public sealed partial class HouseTests
{
    // Each folder is a step of an export's way, and knows only these.
    private static readonly Dictionary<string, string[]> MayName = new()
    {
        ["Telemetry"] = [],
        ["Otlp"] = ["Telemetry"],
        ["Access"] = [],
        ["Privacy"] = ["Telemetry"],
        ["Receiver"] = ["Access", "Privacy", "Otlp", "Telemetry"],
        ["Usage"] = ["Telemetry"],
        ["Storage"] = ["Usage", "Telemetry"],
        ["Query"] = ["Storage", "Usage", "Telemetry"],
        ["ClaudeSettings"] = [],
        ["Transcripts"] = ["Telemetry"],
        ["Dashboard"] = ["Access", "Privacy", "Query", "Telemetry", "ClaudeSettings"],
        ["Rows"] = [],
        ["Status"] = ["Storage", "Query"],
        ["Doctor"] = ["ClaudeSettings", "Status", "Storage", "Query"],
        ["StatusLine"] = [],
        ["Autostart"] = [],
        ["Commands"] = ["Access", "Privacy", "Telemetry", "Otlp", "Receiver", "Usage", "Storage", "Query", "Dashboard", "ClaudeSettings", "Transcripts", "Rows", "Status", "StatusLine", "Doctor", "Autostart"],
    };

    private static IEnumerable<SourceFile> Of(params string[] folders) => SourceTree.Program.Where(f => folders.Contains(f.Folder));

    private static void AssertNowhere(IEnumerable<SourceFile> files, string pattern) => Assert.Empty(SourceTree.Places(files, pattern));

    [Fact]
    public void The_rules_see_the_program()
    {
        // A rule about no files would hold for ever.
        Assert.All(MayName.Keys, folder => Assert.NotEmpty(Of(folder)));
        Assert.Equal(MayName.Keys.Order(), SourceTree.Program.Select(f => f.Folder).Where(f => f.Length > 0).Distinct().Order());
        Assert.NotEmpty(SourceTree.Places(SourceTree.Program, @"sealed class \w+"));
    }

    [Fact]
    public void A_folder_is_a_namespace()
    {
        foreach (SourceFile file in SourceTree.Program.Where(f => !f.Path.EndsWith("/Program.cs", StringComparison.Ordinal)))
        {
            string expected = file.Folder.Length > 0 ? $"namespace OtelLite.{file.Folder};" : "namespace OtelLite;";
            Assert.Contains(expected, file.Lines);
        }
    }

    [Fact]
    public void Memory_that_no_collector_looks_after_is_in_the_two_files_that_are_made_for_it() =>
        Assert.Equal(
            ["src/OtelLite/Storage/GatheredLog.cs", "src/OtelLite/SystemMemory.cs"], SourceTree.Places(SourceTree.Program, @"\b(sealed|static|private|public|internal) unsafe\b|\bunsafe$|NativeMemory|AllocHGlobal").Select(p => p.Split(':')[0]).Distinct());

    [Fact]
    public void A_folder_names_only_those_below_it()
    {
        foreach ((string folder, string[] mayName) in MayName)
        {
            foreach (string other in MayName.Keys.Where(k => k != folder && !mayName.Contains(k)))
            {
                // By a using, by its full name, or by its short name from within OtelLite.
                AssertNowhere(Of(folder), $@"\bOtelLite\.{other}\b|(?<![\w."":/]){other}\.[A-Z]");
            }
        }
    }

    [Fact]
    public void The_program_as_a_whole_is_known_to_its_start_only() =>
        AssertNowhere(SourceTree.Program.Where(f => f.Folder is not ("" or "Commands")), @"(?<![\w.])App\b(?!lication)");

    [Fact]
    public void The_model_knows_no_json_no_http_no_sql_and_no_clock() => AssertNowhere(
        Of("Telemetry"), @"System\.Text\.Json|Utf8Json|AspNetCore|Http[A-Z]\w*|Sqlite|SQLitePCL|DateTime|Stopwatch|TimeProvider|TickCount");

    [Fact]
    public void Decoding_knows_no_http_no_sql_and_no_waiting() =>
        AssertNowhere(Of("Otlp"), @"AspNetCore|Http[A-Z]\w*|Sqlite|SQLitePCL|\basync\b|\bTask\b");

    [Fact]
    public void Storage_and_counting_know_no_json_and_no_http() =>
        AssertNowhere(Of("Storage", "Usage"), @"System\.Text\.Json|Utf8Json|JsonSerializer|JsonDocument|AspNetCore|Http(Context|Request|Response|Client)");

    [Fact]
    public void Counting_asks_no_database() => AssertNowhere(Of("Usage"), "Sqlite|SQLitePCL");

    [Fact]
    public void A_query_does_not_know_that_there_is_a_browser() =>
        AssertNowhere(Of("Query"), "AspNetCore|Http(Context|Request|Response|Client)|JsonSerializer");

    [Fact]
    public void Sql_is_written_where_the_database_is()
    {
        AssertNowhere(
            SourceTree.Program.Where(f => f.Folder is not ("Storage" or "Query")),
            @"\b(SELECT|INSERT|UPDATE|DELETE FROM|PRAGMA|CREATE (TABLE|INDEX)|BEGIN IMMEDIATE) ");
    }

    [Fact]
    public void Only_the_writer_writes()
    {
        AssertNowhere(Of("Query", "Dashboard", "Receiver", "Otlp"), @"\b(INSERT|UPDATE|DELETE|REPLACE|CREATE|DROP|ALTER|VACUUM)\s+(INTO|OR|FROM|TABLE|INDEX|usage_|otel_)");
        AssertNowhere(SourceTree.Program.Where(f => f.Folder != "Storage" && f.Path != "src/OtelLite/App.cs"), @"OpenWriter|(?<!FileShare\.)ReadWrite");
    }

    [Fact]
    public void Claude_codes_names_stand_in_one_file_and_those_of_its_status_line_in_another()
    {
        SourceFile[] others = [.. SourceTree.Program.Where(f => f.Path is not ("src/OtelLite/Telemetry/ClaudeCode.cs" or "src/OtelLite/Telemetry/ClaudeTranscript.cs" or "src/OtelLite/StatusLine/ToldSession.cs")), .. SourceTree.Files("src", ".sql")];
        AssertNowhere(others, @"claude_code\.|(?<!\w)session\.id\b|prompt\.id\b|event\.name\b|cache_read_tokens|cost_usd\b""");
    }

    [Fact]
    public void Telemetry_reaches_the_page_as_text_only() => AssertNowhere(
        SourceTree.Files("src/OtelLite/Dashboard/web", ".js", ".mjs", ".html"),
        @"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function\(|DOMParser|srcdoc|setHTML");

    [Fact]
    public void The_page_asks_this_server_and_no_other() => AssertNowhere(
        SourceTree.Files("src/OtelLite/Dashboard/web", ".js", ".mjs", ".html", ".css"), @"(src|href|action)=""(https?:)?//|@import|url\(['""]?(https?:)?//|fetch\(['""`](https?:)?//");

    [Fact]
    public void No_file_is_longer_than_five_hundred_lines()
    {
        foreach (string folder in (string[])["src", "tests", "bench"])
        {
            foreach (SourceFile file in SourceTree.Files(folder, ".cs", ".js", ".mjs", ".css", ".sql", ".html"))
            {
                Assert.True(file.Lines.Length <= 500, $"{file.Path} has {file.Lines.Length} lines");
            }
        }
    }

    [Fact]
    public void Nothing_is_public_and_what_has_no_heir_is_sealed_or_static()
    {
        AssertNowhere(SourceTree.Program, @"\bpublic\s+(static\s+|sealed\s+|abstract\s+|partial\s+|readonly\s+|ref\s+)*(class|struct|record|interface|enum|delegate)\b");
        foreach (SourceFile file in SourceTree.Program)
        {
            foreach ((int number, string text) in file.Code)
            {
                Match open = OpenClass().Match(text);
                if (open.Success && !Modifiers().IsMatch(text))
                {
                    string name = open.Groups["name"].Value;
                    Assert.True(SourceTree.Places(SourceTree.Program, $@":\s*{name}\b").Any(), $"{file.Path}:{number}: {name} has no heir and is open for one");
                }
            }
        }
    }

    [GeneratedRegex(@"\b(class|record)\s+(?<name>[A-Z]\w*)")]
    private static partial Regex OpenClass();

    [GeneratedRegex(@"\b(sealed|static|abstract)\b|\brecord\s+struct\b")]
    private static partial Regex Modifiers();

    [Fact]
    public void A_name_says_what_a_thing_is() => AssertNowhere(
        [.. SourceTree.Program, .. SourceTree.Files("tests", ".cs")], @"\b(class|record|struct|interface|enum)\s+\w*(Service|Manager|Helper|Util)s?\w*\b");

    [Fact]
    public void The_packages_are_these_and_no_others()
    {
        Dictionary<string, string[]> allowed = new()
        {
            ["src/OtelLite/OtelLite.csproj"] = ["Microsoft.Data.Sqlite", "SQLitePCLRaw.bundle_e_sqlite3", "System.CommandLine", "System.IO.Hashing"],
            ["tests/OtelLite.Tests/OtelLite.Tests.csproj"] = ["CsCheck", "Microsoft.NET.Test.Sdk", "Microsoft.Playwright", "OpenTelemetry.Exporter.OpenTelemetryProtocol", "xunit", "xunit.runner.visualstudio"],
        };
        foreach ((string project, string[] packages) in allowed)
        {
            XElement[] references = [.. XDocument.Load(Path.Combine(Recorded.Repository, project)).Descendants("PackageReference")];
            Assert.Equal(packages, references.Select(r => (string)r.Attribute("Include")!).Order(StringComparer.OrdinalIgnoreCase));

            // A version is one version.
            Assert.All(references, r => Assert.Matches(@"^\d+(\.\d+)+$", (string)r.Attribute("Version")!));
        }
    }

    [Fact]
    public void The_trimmer_is_told_to_keep_nothing_that_only_reflection_finds() =>
        Assert.Empty(XDocument.Load(Path.Combine(Recorded.Repository, "trimming.xml")).Root!.Elements());

    [Fact]
    public void Every_bound_says_why()
    {
        string[] lines = [.. Directory.GetFiles(Path.Combine(Recorded.Repository, "src/OtelLite"), "Limits*.cs").SelectMany(File.ReadAllLines)];
        for (int i = 0; i < lines.Length; i++)
        {
            if (lines[i].StartsWith("    public ", StringComparison.Ordinal))
            {
                Assert.StartsWith("    /// ", lines[i - 1], StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public void Every_bound_is_named_by_a_test()
    {
        string[] bounds = [.. typeof(Limits).GetFields(BindingFlags.Static | BindingFlags.Public).Select(f => f.Name)];
        Assert.Contains(nameof(Limits.JsonDepthMax), bounds);
        string[] tests = [.. SourceTree.Files("tests", ".cs").Where(f => !f.Path.EndsWith("/HouseTests.cs", StringComparison.Ordinal)).SelectMany(f => f.Code.Select(l => l.Text))];
        string[] untested = [.. bounds.Where(bound => !tests.Any(line => Regex.IsMatch(line, $@"\bLimits\.{bound}\b")))];
        Assert.True(untested.Length == 0, string.Join(", ", untested));
    }
}
