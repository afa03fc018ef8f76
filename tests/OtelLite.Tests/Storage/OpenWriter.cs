using System.Text;
using Microsoft.Data.Sqlite;
using OtelLite.Otlp;
using OtelLite.Storage;
using OtelLite.Telemetry;

namespace OtelLite.Tests.Storage;

/// <summary>The writer on a file in a folder of its own, without a server before it. It can be held right after a commit, so that a test decides what waits.</summary>
internal sealed class OpenWriter : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("otellite-").FullName;
    private readonly ManualResetEventSlim _mayGoOn = new(true);
    private readonly SemaphoreSlim _isHeld = new(0);

    private readonly Retention? _retention;
    private readonly bool _defers;

    /// <param name="defers">It counts what is stored a moment later, as a server's does.</param>
    public OpenWriter(Func<Action<string>, Retention>? retention = null, bool defers = false)
    {
        _defers = defers;
        _retention = retention?.Invoke(Said.Add);
        Open();
    }

    public SqliteConnection Connection { get; private set; } = null!;

    public BatchWriter Writer { get; private set; } = null!;

    /// <summary>The numbers of the commits that stored something.</summary>
    public List<long> Commits { get; } = [];

    public List<string> Said { get; } = [];

    /// <summary>Commits one batch and leaves the writer standing in that commit; what it answers comes with <see cref="Release"/>.</summary>
    public async Task<Task<WriteResult>> Hold()
    {
        _mayGoOn.Reset();
        Task<WriteResult> first = Writer.Write(Batch(Otlp.Export.Logs(Otlp.Export.Record("\"severityText\":\"holds the writer\""))));
        Assert.True(await _isHeld.WaitAsync(TimeSpan.FromSeconds(20)), "the writer has not committed");
        return first;
    }

    public void Release() => _mayGoOn.Set();

    /// <summary>A copy of the files as they are on the disk now, as whoever starts after a kill finds them.</summary>
    public string Killed()
    {
        string copy = Directory.CreateDirectory(Path.Combine(_folder, $"killed-{Guid.NewGuid():N}")).FullName;
        foreach (string file in (string[])[Database.FileName, $"{Database.FileName}-wal"])
        {
            File.Copy(Path.Combine(_folder, file), Path.Combine(copy, file));
        }

        return copy;
    }

    /// <summary>Closes the file and opens it again with a new writer.</summary>
    public void Reopen()
    {
        Writer.Dispose();
        Open();
    }

    public static TelemetryBatch Batch(string json)
    {
        Assert.True(OtlpJson.TryRead(Encoding.UTF8.GetBytes(json), out TelemetryBatch batch, out string error), error);
        return batch;
    }

    /// <summary>Writes a body and gives its batch back, as the receiver does.</summary>
    public async Task<WriteResult> Write(string json)
    {
        TelemetryBatch batch = Batch(json);
        WriteResult result = await Writer.Write(batch);
        batch.Return();
        return result;
    }

    /// <summary>One value, read as another program would.</summary>
    public object? Sql(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={Path.Combine(_folder, Database.FileName)};Pooling=False");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        object? value = command.ExecuteScalar();
        return value is DBNull ? null : value;
    }

    public void Dispose()
    {
        Release();
        Writer.Dispose();
        _mayGoOn.Dispose();
        _isHeld.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private void Open()
    {
        Connection = Database.OpenWriter(_folder, Durability.Normal);
        Writer = new BatchWriter(Connection, new IngestQueue(), Committed, Said.Add, _retention, defers: _defers);
    }

    private void Committed(long number)
    {
        Commits.Add(number);
        if (!_mayGoOn.IsSet)
        {
            _isHeld.Release();
            _mayGoOn.Wait();
        }
    }
}
