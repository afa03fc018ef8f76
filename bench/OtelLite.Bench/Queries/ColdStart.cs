using System.Diagnostics;
using System.Globalization;
using Microsoft.Data.Sqlite;
using OtelLite.Bench.Ingest;
using OtelLite.Storage;

namespace OtelLite.Bench.Queries;

/// <summary>How long the published executable takes from its start to the first summary, on a file of 5 GB of which the machine has nothing in memory.</summary>
internal static class ColdStart
{
    private const double FileBytes = 5e9;
    private const int Starts = 7;

    /// <param name="folder">A folder whose raw events are put into a copy of it again and again, until it is large enough.</param>
    /// <returns>A sentence.</returns>
    public static string Measure(string executable, string folder)
    {
        string told = "";
        TemporaryFolder.Use(dataDir => told = In(dataDir, executable, folder));
        return told;
    }

    private static string In(string dataDir, string executable, string folder)
    {
        string file = Path.Combine(dataDir, Database.FileName);
        File.Copy(Path.Combine(folder, Database.FileName), file);
        Grow(file);
        List<double> cold = [], warm = [];
        for (int i = 0; i < Starts; i++)
        {
            cold.Add(Start(executable, dataDir, file, isCold: true));
            warm.Add(Start(executable, dataDir, file, isCold: false));
        }

        cold.Sort();
        warm.Sort();
        return string.Create(CultureInfo.InvariantCulture,
            $"From the start to the first summary on a file of {new FileInfo(file).Length / 1e9:0.0} GB, median of {Starts}: {cold[Starts / 2]:0} ms where nothing of it is in memory, {warm[Starts / 2]:0} ms where the last start has left it.");
    }

    private static void Grow(string file)
    {
        using var connection = new SqliteConnection($"Data Source={file};Pooling=False");
        connection.Open();
        Database.Execute(connection, "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA cache_size = -400000");
        using SqliteCommand columns = connection.CreateCommand();
        columns.CommandText = "SELECT group_concat(name) FROM pragma_table_info('otel_events') WHERE name <> 'id'";
        string names = (string)columns.ExecuteScalar()!;
        using SqliteCommand add = connection.CreateCommand();
        add.CommandText = $"INSERT INTO otel_events ({names}) SELECT {names} FROM otel_events WHERE id <= 500000";
        while (new FileInfo(file).Length < FileBytes)
        {
            add.ExecuteNonQuery();
            Database.Execute(connection, "PRAGMA wal_checkpoint(TRUNCATE)");
        }
    }

    private static double Start(string executable, string dataDir, string file, bool isCold)
    {
        if (isCold)
        {
            // What coreutils' manual gives for dropping a file from the machine's cache.
            using Process drop = Process.Start("dd", [$"if={file}", "iflag=nocache", "count=0", "status=none"]);
            drop.WaitForExit();
        }

        using var client = new HttpClient();
        client.DefaultRequestHeaders.Authorization = new("Bearer", Server.Token);
        var clock = Stopwatch.StartNew();
        using var server = new Server(executable, dataDir, "--retention", "0");
        using HttpResponseMessage answer = client.Send(new HttpRequestMessage(HttpMethod.Get, $"http://127.0.0.1:{server.Port}/api/summary"));
        answer.EnsureSuccessStatusCode();
        return clock.Elapsed.TotalMilliseconds;
    }
}
