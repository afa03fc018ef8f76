using System.Text.Json.Nodes;
using Microsoft.Data.Sqlite;
using OtelLite.Storage;

namespace OtelLite.Tests.Commands;

/// <summary>Counting anew, and saying whether anything changed.</summary>
public sealed class RecountCommandTests
{
    [Fact]
    public async Task Nothing_changes_and_where_a_total_was_wrong_it_is_said()
    {
        await using RunningServer server = await RunningServer.Start();
        (await server.Post("/v1/logs", Exports.Request())).Dispose();
        (await server.Post("/v1/metrics", Exports.Commit())).Dispose();
        CommandRun run = await CommandRun.Of(server.DataDir, "recount");
        Assert.Equal((0, "2 points and records counted anew; no total changed\n", ""), (run.Exit, run.Out, run.Error));
        JsonNode report = JsonNode.Parse((await CommandRun.Of(server.DataDir, "recount", "--json")).Out)!;
        Assert.Equal((2, false, 15, 0.25), ((int)report["records"]!, (bool)report["hasChanged"]!, (long)report["after"]!["tokens"]!, (double)report["after"]!["costUsd"]!));

        await server.Stop();
        using (SqliteConnection file = Database.OpenWriter(server.DataDir, Durability.Normal))
        {
            Database.Execute(file, "UPDATE usage_sum SET cost = 7000000000 WHERE cost > 0");
        }

        run = await CommandRun.Of(server.DataDir, "recount");
        Assert.Equal(0, run.Exit);
        Assert.Contains("cost      $7 -> $0.25", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_there_is_no_database_none_is_made_and_it_is_said_as_every_command_says_it()
    {
        string folder = Path.Combine(Path.GetTempPath(), $"otellite-none-{Guid.NewGuid():N}");
        CommandRun query = await CommandRun.Of(folder, "query", "SELECT 1");
        CommandRun run = await CommandRun.Of(folder, "recount");
        Assert.Equal((1, "", query.Line), (run.Exit, run.Out, run.Line));
        Assert.StartsWith($"otellite: there is no database {folder}", run.Line, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder));
    }

    // The older server may still run, and count into the file as it was.
    [Fact]
    public async Task A_file_of_an_older_version_is_left_as_it_is()
    {
        string folder = Directory.CreateTempSubdirectory("otellite-older-").FullName, file = Path.Combine(folder, Database.FileName);
        using (var old = new SqliteConnection($"Data Source={file};Pooling=False"))
        {
            old.Open();
            Database.Execute(old, Recorded.Schema(7) + "PRAGMA user_version = 7;");
        }

        byte[] before = File.ReadAllBytes(file);
        CommandRun run = await CommandRun.Of(folder, "recount");
        Assert.Equal((1, ""), (run.Exit, run.Out));
        Assert.Contains("was written by an older OtelLite (schema 7", run.Line, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(file));
        Directory.Delete(folder, recursive: true);
    }
}
