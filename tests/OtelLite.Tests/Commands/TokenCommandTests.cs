using System.Text.Json.Nodes;

namespace OtelLite.Tests.Commands;

/// <summary><c>otellite token</c> as it is typed.</summary>
public sealed class TokenCommandTests : IDisposable
{
    private readonly string _dataDir = Directory.CreateTempSubdirectory("otellite-token-").FullName;

    public void Dispose() => Directory.Delete(_dataDir, recursive: true);

    private Task<CommandRun> Run(params string[] arguments) => CommandRun.Of(_dataDir, ["token", .. arguments]);

    [Fact]
    public async Task One_is_made_and_told_once_and_listed_without_it_and_taken_back()
    {
        CommandRun added = await Run("add", "laptop", "--scope", "ingest");
        Assert.Equal(0, added.Exit);
        string token = added.Out.TrimEnd();
        Assert.Matches("^[0-9a-f]{64}$", token);
        Assert.DoesNotContain(token, added.Error, StringComparison.Ordinal);

        CommandRun list = await Run("list");
        Assert.Matches(@"^laptop  ingest  20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ\n$", list.Out);
        JsonNode json = JsonNode.Parse((await Run("list", "--json")).Out)![0]!;
        Assert.Equal(("laptop", "ingest"), ((string)json["name"]!, (string)json["scope"]!));

        Assert.Equal(0, (await Run("revoke", "laptop")).Exit);
        CommandRun none = await Run("list");
        Assert.Equal("", none.Out);
        Assert.Contains("token add", none.Line, StringComparison.Ordinal);
        Assert.Equal(1, (await Run("revoke", "laptop")).Exit);
    }

    [Theory]
    [InlineData("NAME", "add")]
    [InlineData("no name for a token", "add", "two words")]
    [InlineData("takes no further word", "list", "laptop")]
    [InlineData("--scope is of add", "revoke", "laptop", "--scope", "read")]
    [InlineData("ingest", "add", "laptop", "--scope", "write")]
    [InlineData("add", "ad", "laptop")]
    public async Task What_is_mistyped_is_told_in_a_sentence(string says, params string[] arguments)
    {
        CommandRun run = await Run(arguments);
        Assert.Equal(2, run.Exit);
        Assert.Contains(says, run.Error, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_dataDir));
    }
}
