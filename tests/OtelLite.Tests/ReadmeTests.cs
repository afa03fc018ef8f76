using OtelLite.Dashboard;

namespace OtelLite.Tests;

/// <summary>The README tells of everything that can be set and asked.</summary>
public sealed class ReadmeTests
{
    private static string Readme { get; } = Path.Combine(Recorded.Repository, "README.md");

    [Theory]
    [InlineData("ingest.md")]
    [InlineData("memory.md")]
    [InlineData("queries.md")]
    [InlineData("retention.md")]
    public async Task The_tables_of_how_fast_it_is_are_those_that_the_bench_has_written(string file)
    {
        string readme = (await File.ReadAllTextAsync(Readme)).ReplaceLineEndings("\n");
        string[] tables = [.. Directory.GetFiles(Path.Combine(Recorded.Repository, "bench", "results"), file, SearchOption.AllDirectories).Select(f => File.ReadAllText(f).Trim().ReplaceLineEndings("\n"))];
        Assert.Contains(tables, t => readme.Contains(t, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Every_setting_stands_in_it_as_flag_variable_and_key()
    {
        string readme = await File.ReadAllTextAsync(Readme);
        foreach (Setting setting in Setting.All)
        {
            Assert.Contains(setting.Flag, readme, StringComparison.Ordinal);
            Assert.Contains(setting.Variable, readme, StringComparison.Ordinal);
            Assert.Contains($"`{setting.Key}`", readme, StringComparison.Ordinal);
        }

        Assert.Contains(Setting.ConfigFlag, readme, StringComparison.Ordinal);
        Assert.Contains(Setting.ConfigVariable, readme, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_path_of_the_api_stands_in_it()
    {
        string readme = await File.ReadAllTextAsync(Readme);
        var api = new Api(() => null!, (_, _, _, _) => null!, (_, _) => null!, () => null, new LiveUpdates(), new IngestLog(), App.Version, CancellationToken.None);
        Assert.All(api.Endpoints, e => Assert.Contains(e.Path, readme, StringComparison.Ordinal));
        Assert.All((string[])["/v1/metrics", "/v1/logs", "/openapi.json"], path => Assert.Contains(path, readme, StringComparison.Ordinal));
    }

    [Fact]
    public void Nothing_in_it_is_left_to_be_filled_in() =>
        Assert.DoesNotMatch(@"\b(FACTS|TODO|TBD|FIXME|XXX)\b", File.ReadAllText(Path.Combine(Recorded.Repository, "README.md")));
}
