using Microsoft.Data.Sqlite;

namespace OtelLite.Tests.Storage;

/// <summary>Names by which is counted are so many at most; what comes past them is counted all the same.</summary>
public sealed class NameTableTests
{
    [Theory]
    [InlineData(0, "é")]
    [InlineData(1, "")]
    public async Task Of_a_longer_name_than_any_its_beginning_is_counted_by(int before, string end)
    {
        using var open = new OpenWriter();
        string beginning = new('a', Limits.CountedNameBytesMax - 2 + before);
        await open.Write(Otlp.Export.Metrics(Otlp.Export.Sum("claude_code.token.usage",
            [Otlp.Export.Point(1, Otlp.Export.Time, Otlp.Export.Text("session.id", "s"), Otlp.Export.Text("type", "input"), Otlp.Export.Text("model", beginning + "éé"))])));
        Assert.Equal(beginning + end, open.Sql("SELECT name FROM usage_name JOIN usage_point ON model = id"));
    }

    [Fact]
    public async Task What_comes_past_the_most_names_is_counted_under_one_more()
    {
        using var open = new OpenWriter();
        const int beyond = 40;
        string[] points = [.. Enumerable.Range(0, Limits.NamesMax + beyond).Select(i => Otlp.Export.Point(1, Otlp.Export.Time + (ulong)i, Otlp.Export.Text("session.id", "s"), Otlp.Export.Text("type", "input"), Otlp.Export.Text("model", $"m{i}")))];
        await open.Write(Otlp.Export.Metrics(Otlp.Export.Sum("claude_code.token.usage", points)));
        long names = open.Sql("SELECT count(*) FROM usage_name") is long n ? n : 0;
        Assert.Equal(Limits.NamesMax + 1, names);
        Assert.Equal((long)points.Length, open.Sql("SELECT sum(value) FROM usage_point"));
        long further = (long)open.Sql("SELECT sum(value) FROM usage_point WHERE model = (SELECT id FROM usage_name WHERE name = '(further names)')")!;
        Assert.InRange(further, beyond - 1, beyond + 1);

        // Of a name that is known it stays the name, also by whoever starts anew.
        string killed = open.Killed();
        using var connection = new SqliteConnection($"Data Source={Path.Combine(killed, "otellite.db")};Pooling=False");
        connection.Open();
        using SqliteCommand known = connection.CreateCommand();
        known.CommandText = "SELECT count(*) FROM usage_name WHERE name IN ('m0', '(further names)')";
        Assert.Equal(2L, known.ExecuteScalar());
    }
}
