using System.Text;
using OtelLite.StatusLine;

namespace OtelLite.Tests.StatusLine;

/// <summary>From Claude Code's document to the line.</summary>
public sealed class StatusTextTests
{
    private static readonly DateTimeOffset Then = DateTimeOffset.FromUnixTimeSeconds(1795383400);
    private static readonly AnsweredFigures Figures = new(4.125, 0.5, 12_400, 1.5);

    private static ToldSession Told(string name) => ToldSession.Read(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "recorded", "statusline", name)), null)!;

    private static string Line(string name, AnsweredFigures? figures, string format = StatusText.DefaultFormat, bool isColoured = false) =>
        StatusText.Line(format, Told(name), figures, Then, isColoured);

    [Fact]
    public void It_shows_cost_pace_and_limits_with_the_time_that_is_left() =>
        Assert.Equal("$4.13 today · $0.02 session · 12k tok/min · 5h 28% (1h59m) · 7d 41% (4d15h)", Line("limits.json", Figures));

    [Fact]
    public void What_is_not_known_is_left_out()
    {
        Assert.Equal("$0.02 session · 5h 28% (1h59m) · 7d 41% (4d15h)", Line("limits.json", null));
        Assert.DoesNotContain("5h", Line("api-key.json", Figures), StringComparison.Ordinal);
    }

    [Fact]
    public void A_limit_that_has_started_anew_is_not_shown_as_it_was() =>
        Assert.Equal("7d 41% (4d13h)", StatusText.Line("5h {5h}|7d {7d} ({7d-left})", Told("limits.json"), null, Then.AddHours(2), false));

    [Fact]
    public void A_limit_that_is_nearly_used_up_is_coloured_and_said_in_figures_all_the_same()
    {
        ToldSession Used(double percent) => Told("limits.json") with { FiveHour = new PlanLimit(percent, null) };
        Assert.Equal("5h 74%", StatusText.Line("5h {5h}", Used(74), null, Then, true));
        Assert.Equal("5h \e[33m75%\e[0m", StatusText.Line("5h {5h}", Used(75), null, Then, true));
        Assert.Equal("5h \e[31m90%\e[0m", StatusText.Line("5h {5h}", Used(90), null, Then, true));
        Assert.Equal("5h 90%", StatusText.Line("5h {5h}", Used(90), null, Then, false));
    }

    [Theory]
    [InlineData("{model}|{project}|{context}|{hour}", "Sonnet 5.5 · demo-app · 0% · $1.50")]
    [InlineData("no names", "no names")]
    [InlineData("{model", "{model")]
    [InlineData("{branch}|{model}", "Sonnet 5.5")]
    public void A_format_says_what_is_shown(string format, string line) => Assert.Equal(line, Line("limits.json", Figures, format));

    [Fact]
    public void A_name_that_there_is_not_is_found()
    {
        Assert.Null(StatusText.UnknownIn(StatusText.DefaultFormat));
        Assert.Equal("modle", StatusText.UnknownIn("{today}|{modle}"));
    }

    [Fact]
    public void What_a_terminal_obeys_is_not_let_through() =>
        Assert.Equal("a·[2Jb", StatusText.Line("{model}", Told("limits.json") with { Model = "a\e[2Jb" }, null, Then, false));

    [Theory]
    [InlineData(0, "0")]
    [InlineData(999, "999")]
    [InlineData(1_540, "1.5k")]
    [InlineData(9_949, "9.9k")]
    [InlineData(9_951, "10k")]
    [InlineData(999_400, "999k")]
    [InlineData(999_600, "1.0M")]
    public void A_pace_is_short(double rate, string shown) => Assert.Equal(shown, Line("limits.json", Figures with { TokensPerMinute = rate }, "{rate}"));

    [Fact]
    public void The_document_tells_where_the_session_is_and_its_limits()
    {
        ToldSession told = Told("limits.json");
        Assert.Equal(("/home/dev/work/demo-app", "example-org/demo-app", "Sonnet 5.5"), (told.Folder, told.Repository, told.Model));
        Assert.Equal(new PlanLimit(28.1, DateTimeOffset.FromUnixTimeSeconds(1795390575)), told.FiveHour);
        Assert.Equal(
            """{"folder":"/home/dev/work/demo-app","repository":"example-org/demo-app","source":"me","limits":{"fiveHour":{"usedPercent":28.1,"resetsAt":"2026-11-22T23:36:15Z"},"sevenDay":{"usedPercent":41.2,"resetsAt":"2026-11-27T12:42:55Z"}}}""",
            Encoding.UTF8.GetString(told.ToPost("me")));
    }

    [Theory]
    [InlineData("""{"session_id":"a","session_name":"the name","pr":{"number":7,"url":"u"},"worktree":{"branch":"side"}}""", "the name|7|side|")]
    [InlineData("""{"session_id":"a","cwd":"/x/y","source":"startup"}""", "|||/x/y")]
    [InlineData("""{"session_id":"a","cwd":"/x/y/z","source":"compact"}""", "|||")]
    [InlineData("""{"session_id":"a","session_name":7,"pr":[],"workspace":"none","cost":{"total_cost_usd":"much"},"rate_limits":{"five_hour":null}}""", "7|||")]
    public void What_is_documented_and_what_is_odd_is_read_alike(string json, string expected)
    {
        ToldSession told = ToldSession.Read(Encoding.UTF8.GetBytes(json), null)!;
        Assert.Equal(expected, $"{told.Name}|{told.PullRequest}|{told.Branch}|{told.Folder}");
        Assert.Null(told.CostUsd);
        Assert.Null(told.FiveHour);
    }

    [Fact]
    public void A_text_that_is_too_long_is_left_out()
    {
        ToldSession Named(int length) => ToldSession.Read(Encoding.UTF8.GetBytes($$"""{"session_id":"a","session_name":"{{new string('n', length)}}"}"""), null)!;
        Assert.NotNull(Named(Limits.PlaceCharactersMax).Name);
        Assert.Null(Named(Limits.PlaceCharactersMax + 1).Name);
    }

    [Fact]
    public void Half_a_surrogate_pair_costs_itself_alone()
    {
        ToldSession told = ToldSession.Read("""{"session_id":"a\udc00","\ud83d":{"\ud83d":1},"session_name":"fix \ud83d","workspace":{"\ude00":"","project_dir":"/p\ud83d\ude00"}}"""u8.ToArray(), null)!;
        Assert.Equal(("a\uFFFD", "fix \uFFFD", "/p\U0001F600"), (told.SessionId, told.Name, told.Folder));
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("{\"session_id\":1}x")]
    [InlineData("\"\\ud800\"")]
    public void What_is_no_document_is_none(string json) => Assert.Null(ToldSession.Read(Encoding.UTF8.GetBytes(json), null));

    [Fact]
    public void Where_it_was_started_is_told_beside_the_document_too() =>
        Assert.Equal("/p", ToldSession.Read("""{"session_id":"a","cwd":"/p/sub"}"""u8.ToArray(), "/p")!.Folder);
}
