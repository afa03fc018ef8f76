using System.Diagnostics;

namespace OtelLite.Tests;

/// <summary>The page's pure modules are tested in their own language; here that is one test among the others.</summary>
public sealed class WebTests
{
    [Fact]
    public async Task The_modules_of_the_page_pass_their_own_tests()
    {
        using Process node = Process.Start(new ProcessStartInfo("node", ["--test", "tests/web"])
        {
            WorkingDirectory = Recorded.Repository,
            RedirectStandardOutput = true,
        })!;
        string output = await node.StandardOutput.ReadToEndAsync();
        await node.WaitForExitAsync();
        Assert.True(node.ExitCode == 0, output);
    }
}
