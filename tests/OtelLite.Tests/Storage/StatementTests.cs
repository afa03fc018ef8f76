using Microsoft.Data.Sqlite;
using OtelLite.Storage;

namespace OtelLite.Tests.Storage;

/// <summary>Prepared statements under the conditions that an error leaves behind.</summary>
public sealed class StatementTests : IDisposable
{
    private readonly SqliteConnection _connection = new("Data Source=:memory:");

    public StatementTests() => _connection.Open();

    public void Dispose() => _connection.Dispose();

    // An I/O error in one of two statements that are read side by side leaves the other one in the middle of its rows. SQLite
    // refuses to bind to such a one, so the writer would never write again.
    [Fact]
    public void A_statement_that_was_left_in_the_middle_of_its_rows_begins_anew()
    {
        using var statement = new Statement(_connection, "SELECT value + ? FROM (SELECT 1 AS value UNION ALL SELECT 2)");
        Assert.True(statement.Begin().Bind(10).Step());
        Assert.Equal(11, statement.Int64(0));
        Assert.True(statement.Begin().Bind(20).Step());
        Assert.Equal(21, statement.Int64(0));
    }

    [Fact]
    public void A_statement_that_failed_says_why_and_can_be_used_again()
    {
        Database.Execute(_connection, "CREATE TABLE t (a TEXT NOT NULL)");
        using var statement = new Statement(_connection, "INSERT INTO t (a) VALUES (?)");
        SqliteException e = Assert.Throws<SqliteException>(() => statement.Begin().BindNull().Run());
        Assert.Equal(SQLitePCL.raw.SQLITE_CONSTRAINT, e.SqliteErrorCode);
        Assert.False(Database.IsOfTheWorld(e));
        Assert.Equal(1, statement.Begin().Bind("x"u8).Run());
    }

    [Fact]
    public void Empty_text_is_empty_and_not_null()
    {
        using var statement = new Statement(_connection, "SELECT ?1 IS NOT NULL AND typeof(?1) = 'text' AND length(?1) = 0");
        Assert.Equal(1, statement.Begin().Bind(default(ReadOnlySpan<byte>)).Scalar());
    }
}
