using OtelLite.Storage;

namespace OtelLite.Tests;

/// <summary>The token of a data folder.</summary>
public sealed class TokenTests : IDisposable
{
    private readonly string _dataDir = Directory.CreateTempSubdirectory("otellite-token-").FullName;

    public void Dispose() => Directory.Delete(_dataDir, recursive: true);

    private string PathOfToken => Path.Combine(_dataDir, Token.FileName);

    [Fact]
    public void It_is_made_once_and_kept()
    {
        var first = Token.OfDataDir(_dataDir, out bool made);
        Assert.True(made);
        Assert.True(Token.IsValid(first.Value));
        Assert.InRange(first.Value.Length, 32, 512);
        var second = Token.OfDataDir(_dataDir, out made);
        Assert.False(made);
        Assert.Equal(first.Value, second.Value);
        Assert.Equal(first.Value, File.ReadAllText(PathOfToken).Trim());
    }

    [Fact]
    public void Many_that_start_at_once_have_the_same_and_leave_nothing_else()
    {
        var tokens = new System.Collections.Concurrent.ConcurrentBag<string>();
        Parallel.For(0, 16, new ParallelOptions { MaxDegreeOfParallelism = 16 }, _ => tokens.Add(Token.OfDataDir(_dataDir, out bool _).Value));
        Assert.Single(tokens.Distinct());
        Assert.Equal([PathOfToken], Directory.GetFileSystemEntries(_dataDir));
    }

    [Fact]
    public void No_two_folders_have_the_same()
    {
        string[] tokens = [.. Enumerable.Range(0, 20).Select(i => Token.OfDataDir(Directory.CreateDirectory(Path.Combine(_dataDir, $"{i}")).FullName, out _).Value)];
        Assert.Equal(20, tokens.Distinct().Count());
    }

    [Fact]
    public void Only_its_owner_may_read_it()
    {
        Token.OfDataDir(_dataDir, out _);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(PathOfToken));
        }
    }

    [Theory]
    [InlineData("mine")]
    [InlineData("  mine\r\n")]
    public void One_written_by_hand_is_taken(string text)
    {
        File.WriteAllText(PathOfToken, text);
        Assert.Equal("mine", Token.OfDataDir(_dataDir, out bool made).Value);
        Assert.False(made);
    }

    [Theory]
    [InlineData("")]
    [InlineData("two words")]
    [InlineData("two\nlines")]
    public async Task A_file_without_a_usable_token_stops_the_start_with_a_sentence_that_says_what_to_do(string text)
    {
        await File.WriteAllTextAsync(PathOfToken, text);
        Options options = Options.Read(["--data-dir", _dataDir, "--urls", "http://127.0.0.1:0", "--otlp-http-port", "0", "--otlp-grpc-port", "0"], _ => null);
        StorageException refused = await Assert.ThrowsAsync<StorageException>(() => App.Start(options, _ => { }));
        Assert.Contains(PathOfToken, refused.Message, StringComparison.Ordinal);
        Assert.Contains("delete it", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("--data-dir", refused.Message, StringComparison.Ordinal);
        Assert.Equal(text, await File.ReadAllTextAsync(PathOfToken));
    }

    [Fact]
    public async Task One_that_others_could_read_is_its_owners_alone_after_the_next_start_which_says_so()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        await File.WriteAllTextAsync(PathOfToken, "copied");
        File.SetUnixFileMode(PathOfToken, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        List<string> said = [];
        await using App app = await App.Start(Options.Read(["--data-dir", _dataDir, "--urls", "http://127.0.0.1:0", "--otlp-http-port", "0", "--otlp-grpc-port", "0"], _ => null), said.Add);
        Assert.Equal("copied", app.Token.Value);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(PathOfToken));
        Assert.Contains(said, s => s.Contains("other users of this machine could read", StringComparison.Ordinal));
        said.Clear();
        Assert.False(Token.TakeFromOthers(_dataDir));
    }

    [Fact]
    public async Task It_is_the_same_after_a_restart_and_only_the_first_start_says_it_was_made()
    {
        string[] arguments = ["--data-dir", _dataDir, "--urls", "http://127.0.0.1:0", "--otlp-http-port", "0", "--otlp-grpc-port", "0"];
        string first;
        await using (App app = await App.Start(Options.Read(arguments, _ => null), _ => { }))
        {
            Assert.True(app.IsFirstStart);
            first = app.Token.Value;
        }

        await using App again = await App.Start(Options.Read(arguments, _ => null), _ => { });
        Assert.False(again.IsFirstStart);
        Assert.Equal(first, again.Token.Value);
    }

    [Fact]
    public async Task One_that_is_given_is_not_written_to_the_disk()
    {
        await using App app = await App.Start(
            Options.Read(["--data-dir", _dataDir, "--urls", "http://127.0.0.1:0", "--otlp-http-port", "0", "--otlp-grpc-port", "0", "--token", "given"], _ => null), _ => { });
        Assert.Equal("given", app.Token.Value);
        Assert.False(File.Exists(PathOfToken));
        Assert.All(Directory.GetFiles(_dataDir, "*.db"), file => Assert.DoesNotContain("given", File.ReadAllText(file), StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("secret", true)]
    [InlineData("secre", false)]
    [InlineData("secret ", false)]
    [InlineData("SECRET", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public void Only_the_token_itself_is_the_token(string? candidate, bool expected) => Assert.Equal(expected, new Token("secret").Is(candidate));
}
