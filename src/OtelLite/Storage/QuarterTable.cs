using Microsoft.Data.Sqlite;
using OtelLite.Usage;

namespace OtelLite.Storage;

/// <summary>
/// Keeps <c>usage_quarter</c> equal to the sums of <c>usage_amount</c>, and <c>usage_session_model</c>, <c>usage_sum</c> and <c>usage_sum_all</c> equal to the sums of that:
/// collects what a batch adds or takes back, and writes it at the batch's end, one row for many.
/// </summary>
internal sealed class QuarterTable : IDisposable
{
    public const long QuarterNano = 15 * TimeSpan.TicksPerMinute * TimeSpan.NanosecondsPerTick;

    private readonly Statement _add;
    private readonly Statement _ofSession;
    private readonly SumTable _sessionModels;
    private readonly SumTable _sums;
    private readonly SumTable _allModels;

    // What the open batch changed.
    private readonly Dictionary<(long Quarter, long Session, long Model, Figure Figure), long> _changes = [];

    public QuarterTable(SqliteConnection connection)
    {
        _add = new(connection, """
            INSERT INTO usage_quarter (quarter, session, model, figure, value) VALUES (?, ?, ?, ?, ?)
            ON CONFLICT DO UPDATE SET value = value + excluded.value
            """);
        _ofSession = new(connection, "SELECT quarter, model, figure, value FROM usage_quarter WHERE session = ?");
        _sessionModels = new(connection, "usage_session_model", ["session", "model"], FigureColumns.All);
        _sums = new(connection, SumsTable.Figures);
        _allModels = new(connection, SumsTable.AllModels);
    }

    public void Add(long timeUnixNano, long session, long model, Figure figure, long value)
    {
        if (value != 0)
        {
            (long, long, long, Figure) key = (timeUnixNano / QuarterNano, session, model, figure);
            _changes[key] = _changes.GetValueOrDefault(key) + value;
        }
    }

    /// <summary>Takes what usage_quarter has of a session out of the sums of all.</summary>
    public void TakeOut(long session) => EachOf(session, (quarter, model, figure, value) => AddToSums(quarter, model, figure, -value));

    /// <summary>Puts it back, and into usage_session_model, which has nothing of it.</summary>
    public void PutBack(long session) => EachOf(session, (quarter, model, figure, value) =>
    {
        AddToSums(quarter, model, figure, value);
        _sessionModels.Of(new(session, model))[FigureColumns.IndexOf(figure)] += value;
    });

    public void Write()
    {
        foreach (((long quarter, long session, long model, Figure figure), long value) in _changes)
        {
            if (value != 0)
            {
                _add.Begin().Bind(quarter).Bind(session).Bind(model).Bind((int)figure).Bind(value).Run();
                _sessionModels.Of(new(session, model))[FigureColumns.IndexOf(figure)] += value;
                AddToSums(quarter, model, figure, value);
            }
        }

        _changes.Clear();
        _sessionModels.Write();
        _sums.Write();
        _allModels.Write();
    }

    public void Forget()
    {
        _changes.Clear();
        _sessionModels.Forget();
        _sums.Forget();
        _allModels.Forget();
    }

    public void Dispose()
    {
        _add.Dispose();
        _ofSession.Dispose();
        _sessionModels.Dispose();
        _sums.Dispose();
        _allModels.Dispose();
    }

    private void AddToSums(long quarter, long model, Figure figure, long value)
    {
        foreach (long step in SumTable.Steps)
        {
            long first = quarter / step * step;
            _sums.Of(new(step, first, model))[FigureColumns.IndexOf(figure)] += value;
            _allModels.Of(new(step, first))[FigureColumns.IndexOf(figure)] += value;
        }
    }

    private void EachOf(long session, Action<long, long, Figure, long> add)
    {
        _ofSession.Begin().Bind(session);
        while (_ofSession.Step())
        {
            add(_ofSession.Int64(0), _ofSession.Int64(1), (Figure)_ofSession.Int64(2), _ofSession.Int64(3));
        }
    }
}
