using BenchmarkDotNet.Attributes;
using Microsoft.Data.Sqlite;
using OtelLite.Query;
using OtelLite.Storage;

namespace OtelLite.Bench.Queries;

/// <summary>Each question of the page, over 90 days of few and of many records; against counting the rows of one table of the file.</summary>
[MemoryDiagnoser]
public class QueryBench
{
    private const int Days = 90;

    private SqliteConnection _reader = null!;
    private DateTimeOffset _end;
    private Scope _scope = null!;
    private Buckets _days = null!;
    private string _session = "";

    [Params(10_000, 1_000_000)]
    public int Records { get; set; }

    [GlobalSetup]
    public async Task Open()
    {
        (string folder, _end) = await LargeFile.OfRecords(Records, Days);
        _reader = Database.OpenReader(folder);
        _scope = new Scope { FromUnixNano = UnixNano.From(_end.AddDays(-Days)) };
        long first = UnixNano.From(_end.AddDays(-Days)) / 1_000_000_000 / 86_400 * 86_400;
        _days = new Buckets([.. Enumerable.Range(0, Days + 2).Select(i => first + (i * 86_400L))], 86_400);
        _session = SessionsQuery.Read(_reader, _scope, new SessionsAsked(), _end).Sessions[0].Id;
    }

    [Benchmark(Baseline = true)]
    public object? CountRequests()
    {
        using SqliteCommand command = _reader.CreateCommand();
        command.CommandText = "SELECT count(*) FROM usage_request";
        return command.ExecuteScalar();
    }

    [Benchmark]
    public object Summary() => SummaryQuery.Read(_reader, _scope, _end);

    [Benchmark]
    public object SummaryOfADay() => SummaryQuery.Read(_reader, new Scope { FromUnixNano = UnixNano.From(_end.AddDays(-1)) }, _end);

    [Benchmark]
    public object Timeseries() => TimeseriesQuery.Read(_reader, _scope, _days);

    [Benchmark]
    public object BreakdownByModel() => BreakdownQuery.Read(_reader, _scope, _days, Measures.All[0], "model", 8);

    [Benchmark]
    public object Sessions() => SessionsQuery.Read(_reader, _scope, new SessionsAsked(), _end);

    [Benchmark]
    public object? Session() => SessionDetailsQuery.Read(_reader, _session, _end);

    [Benchmark]
    public object SessionEvents() => SessionEventsQuery.Read(_reader, _session);

    [Benchmark]
    public object Tools() => ToolsQuery.Read(_reader, _scope);

    [Benchmark]
    public object Models() => ModelsQuery.Read(_reader, _scope);

    [GlobalCleanup]
    public void Close() => _reader.Dispose();
}
