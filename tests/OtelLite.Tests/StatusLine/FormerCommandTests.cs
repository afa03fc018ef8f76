using OtelLite.StatusLine;

namespace OtelLite.Tests.StatusLine;

public sealed class FormerCommandTests
{
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
            ["CLAUDE_CODE_GIT_BASH_PATH"] = @"D:\Git\bin\bash.exe", ["ProgramFiles"] = @"C:\Programs", ["LocalAppData"] = @"C:\Local", ["PATH"] = @"C:\Windows;E:\git\cmd",
        };
        Assert.Equal(shell, FormerCommand.WindowsShell(environment.GetValueOrDefault, path => path == installed || path == @"E:\git\cmd\git.exe").Shell);
    }
}
