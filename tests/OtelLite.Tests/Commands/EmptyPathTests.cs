namespace OtelLite.Tests.Commands;

/// <summary>An empty word where a path belongs, as a variable that is not set leaves it in a script.</summary>
public sealed class EmptyPathTests
{
    [Theory]
    [InlineData("otellite: backup: an empty word is no FILE. Name one. See otellite backup --help.", "backup", "")]
    [InlineData("otellite: --to: an empty word is no FILE. Name one. See otellite export --help.", "export", "sessions", "--to", "")]
    [InlineData("otellite: --to: an empty word is no FILE. Name one. See otellite export --help.", "export", "sessions", "--to=")]
    [InlineData("otellite: import: an empty word is no FILE and no FOLDER. Name one. See otellite import --help.", "import", ".", "")]
    [InlineData("otellite: --settings: an empty word is no FILE. Name one. See otellite doctor --help.", "doctor", "--settings", "")]
    public async Task It_is_wrong_usage_that_is_said(string says, params string[] words)
    {
        string folder = Directory.CreateTempSubdirectory("otellite-empty-").FullName;
        CommandRun run = await CommandRun.Of(folder, words);
        Assert.Equal((2, says), (run.Exit, run.Line));
        Directory.Delete(folder, recursive: true);
    }
}
