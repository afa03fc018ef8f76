using Microsoft.Data.Sqlite;
using OtelLite.Usage;

namespace OtelLite.Storage;

/// <summary>
/// Keeps <c>usage_quarter</c> equal to the sums of <c>usage_amount</c>: collects what a batch adds or takes back, and writes it at the batch's end,
/// one row for many.
/// </summary>
internal sealed class QuarterTable(SqliteConnection connection) : IDisposable
{
    public const long QuarterNano = 15 * TimeSpan.TicksPerMinute * TimeSpan.NanosecondsPerTick;

    private readonly Statement _add = new(connection, """
        INSERT INTO usage_quarter (quarter, session, model, figure, value) VALUES (?, ?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET value = value + excluded.value
        """);

    // What the open batch changed.
    private readonly Dictionary<(long Quarter, long Session, long Model, Figure Figure), long> _changes = [];

    public void Add(long timeUnixNano, long session, long model, Figure figure, long value)
    {
        if (value != 0)
        {
            (long, long, long, Figure) key = (timeUnixNano / QuarterNano, session, model, figure);
            _changes[key] = _changes.GetValueOrDefault(key) + value;
        }
    }

    public void Write()
    {
        foreach (((long quarter, long session, long model, Figure figure), long value) in _changes)
        {
            if (value != 0)
            {
                _add.Begin().Bind(quarter).Bind(session).Bind(model).Bind((int)figure).Bind(value).Run();
            }
        }

        _changes.Clear();
    }

    public void Forget() => _changes.Clear();

    public void Dispose() => _add.Dispose();
}
