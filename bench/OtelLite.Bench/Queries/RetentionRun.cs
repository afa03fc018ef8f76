using System.Globalization;
using System.Text;
using Microsoft.Data.Sqlite;
using OtelLite.Bench.Ingest;
using OtelLite.Storage;

namespace OtelLite.Bench.Queries;

/// <summary>
/// Whether an acknowledgement has to wait while old records are removed: a modest load on a file of a million records, of which two thirds are past their time, beside the same load where
/// all are kept. The table goes to <c>bench/results/PROCESSOR/retention.md</c>.
/// </summary>
internal static class RetentionRun
{
    private const int Records = 1_000_000, Days = 90;
    private const int Connections = 4;
    private const double BodiesPerSecond = 100;

    // The first look at what is past its time comes some seconds after the start.
    private static readonly TimeSpan UntilFirst = Limits.RetentionFirst + TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Time = TimeSpan.FromSeconds(30);

    public static async Task<int> Run(string executable)
    {
        (string folder, _) = await LargeFile.OfRecords(Records, Days);
        var table = new StringBuilder("| raw records are kept | removed meanwhile | p50 | p99 | longest | acknowledged |\n| --- | --- | --- | --- | --- | --- |\n");
        foreach (string kept in (string[])["0", "30d"])
        {
            TemporaryFolder.Use(dataDir =>
            {
                File.Copy(Path.Combine(folder, Database.FileName), Path.Combine(dataDir, Database.FileName));
                using var server = new Server(executable, dataDir, "--retention", kept);
                var load = new Load(server, "/v1/metrics", Bodies.Metrics(), Connections, isChunked: false);
                load.Run(UntilFirst, BodiesPerSecond);
                long before = Removed(dataDir);
                LoadResult result = load.Run(Time, BodiesPerSecond);
                table.Append(CultureInfo.InvariantCulture,
                    $"| {(kept == "0" ? "all" : "30 of 90 days")} | {Removed(dataDir) - before:#,0} | {result.Percentile(0.5):0.0} ms | {result.Percentile(0.99):0.0} ms | {result.Percentile(1):0.0} ms | {result.Bodies:#,0} |\n");
            });
        }

        table.Append(CultureInfo.InvariantCulture, $"\n{BodiesPerSecond} bodies of {Bodies.PointsOfBody} points a second, for {Time.TotalSeconds} s. {Results.Processor}, {DateTime.UtcNow:yyyy-MM-dd}.\n");
        Console.WriteLine(table);
        Results.Keep("retention.md", table.ToString());
        return 0;
    }

    private static long Removed(string dataDir)
    {
        using SqliteConnection reader = Database.OpenReader(dataDir);
        using SqliteCommand command = reader.CreateCommand();
        command.CommandText = "SELECT metrics + events + spans FROM otel_removed";
        long removed = (long)command.ExecuteScalar()!;
        SqliteConnection.ClearPool(reader);
        return removed;
    }
}
