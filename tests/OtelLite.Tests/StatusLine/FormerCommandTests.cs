using System.Diagnostics;
using System.Globalization;
using OtelLite.StatusLine;

namespace OtelLite.Tests.StatusLine;

/// <summary>The status line that was there before: whatever it does, ours is there in time.</summary>
public sealed class FormerCommandTests
{
    // Far longer than any of these takes, and far shorter than the sleeps in them.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [LinuxFact]
    public void One_that_reads_nothing_of_a_document_larger_than_a_pipe_costs_no_time()
    {
        byte[] json = new byte[Limits.ToldBytesMax];
        using FormerCommand former = FormerCommand.Start("echo line", json)!;
        Assert.Equal("line", former.Output(Patience));
        var clock = Stopwatch.StartNew();
        using FormerCommand sleeper = FormerCommand.Start("sleep 1000", json)!;
        Assert.Equal("", sleeper.Output(TimeSpan.FromMilliseconds(100)));
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, Patience);
    }

    [LinuxFact]
    public void One_that_reads_it_gets_all_of_it()
    {
        using FormerCommand former = FormerCommand.Start("wc -c", new byte[Limits.ToldBytesMax])!;
        Assert.Equal($"{Limits.ToldBytesMax}", former.Output(Patience).Trim());
    }

    [LinuxFact]
    public void What_is_left_in_the_background_is_not_waited_for_and_the_line_is_shown()
    {
        var clock = Stopwatch.StartNew();
        using FormerCommand former = FormerCommand.Start("sleep 1000 & echo $!; echo line", [])!;
        string[] lines = former.Output(Patience).Split('\n');
        Assert.Equal("line", lines[1]);
        Assert.True(clock.Elapsed < Patience && Limits.FormerOutputGrace < TimeSpan.FromMilliseconds(300), "Claude Code calls the next one after 300 ms");
        // What it leaves is its own affair.
        using var left = Process.GetProcessById(int.Parse(lines[0], CultureInfo.InvariantCulture));
        Assert.False(left.HasExited);
        left.Kill();
    }

    [LinuxFact]
    public void One_that_prints_nothing_and_leaves_its_output_open_is_given_a_second()
    {
        using FormerCommand former = FormerCommand.Start("sleep 5 &", [])!;
        var clock = Stopwatch.StartNew();
        Assert.Equal("", former.Output(Patience));
        Assert.InRange(clock.Elapsed, (Limits.FormerOutputGraces - 1) * Limits.FormerOutputGrace, TimeSpan.FromSeconds(4));
    }

    [LinuxFact]
    public void What_is_printed_without_end_is_cut_and_ended()
    {
        using FormerCommand exact = FormerCommand.Start($"printf %0{Limits.FormerOutputBytesMax}d 7", [])!;
        Assert.Equal(Limits.FormerOutputBytesMax, exact.Output(Patience).Length);
        using FormerCommand endless = FormerCommand.Start("printf x; yes ä | tr -d '\\n'", [])!;
        string kept = endless.Output(Patience);
        // A character of two bytes that does not fit is left out whole.
        Assert.Equal(1 + ((Limits.FormerOutputBytesMax - 1) / 2), kept.Length);
        Assert.Equal('ä', kept[^1]);
    }

    [Theory]
    [InlineData(@"D:\Git\bin\bash.exe", @"D:\Git\bin\bash.exe")]
    [InlineData(@"C:\Programs\Git\bin\bash.exe", @"C:\Programs\Git\bin\bash.exe")]
    [InlineData(@"C:\Local\Programs\Git\bin\bash.exe", @"C:\Local\Programs\Git\bin\bash.exe")]
    [InlineData(@"E:\git\cmd\..\bin\bash.exe", @"E:\git\cmd\..\bin\bash.exe")]
    [InlineData("none", "powershell.exe")]
    public void On_Windows_it_runs_where_Claude_Code_ran_it_in_Git_s_bash_or_else_in_PowerShell(string installed, string shell)
    {
        Dictionary<string, string> environment = new()
        {
            ["CLAUDE_CODE_GIT_BASH_PATH"] = @"D:\Git\bin\bash.exe",
            ["ProgramFiles"] = @"C:\Programs",
            ["LocalAppData"] = @"C:\Local",
            ["PATH"] = @"C:\Windows;E:\git\cmd",
        };
        Assert.Equal(shell, FormerCommand.WindowsShell(environment.GetValueOrDefault, path => path == installed || path == @"E:\git\cmd\git.exe").Shell);
    }
}
