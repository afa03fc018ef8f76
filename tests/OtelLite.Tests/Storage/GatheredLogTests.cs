using System.Globalization;
using Microsoft.Data.Sqlite;
using OtelLite.Storage;

namespace OtelLite.Tests.Storage;

/// <summary>What is written to the log in one piece is what SQLite wrote there page by page: whoever reads the file beside the writer sees each commit, and nothing of what was not committed. What becomes of a write that fails, <c>BadDiskTests</c> say.</summary>
public sealed class GatheredLogTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("otellite-").FullName;
    private readonly SqliteConnection _writer;
    private readonly SqliteConnection _reader;

    public GatheredLogTests()
    {
        _writer = Database.OpenWriter(_folder, Durability.Full);
        // In the tests too it is the log of a connection that gathers.
        Assert.Equal(GatheredLog.Name, new SqliteConnectionStringBuilder(_writer.ConnectionString).Vfs);
        Database.Execute(_writer, "CREATE TABLE t (id INTEGER PRIMARY KEY, bytes BLOB)");
        _reader = Database.OpenReader(_folder);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(Limits.LogWriteBytesMax - 4096)]
    [InlineData(Limits.LogWriteBytesMax)]
    [InlineData(Limits.LogWriteBytesMax + 1)]
    [InlineData(10 * Limits.LogWriteBytesMax)]
    public void A_commit_is_seen_by_others_whether_it_is_smaller_or_larger_than_what_is_written_at_once(int bytes)
    {
        for (int i = 1; i <= 3; i++)
        {
            Insert(bytes);
            Assert.Equal($"{i} {i * bytes}", Seen(_reader));
        }

        AssertIsSound();
    }

    [Fact]
    public void What_was_written_before_its_commit_and_then_taken_back_is_not_there()
    {
        // So few pages are kept that nearly all go to the log before the commit, and are read from there again.
        Database.Execute(_writer, "PRAGMA cache_size = 10");
        Insert(100_000);
        for (int i = 0; i < 3; i++)
        {
            using (SqliteTransaction transaction = _writer.BeginTransaction())
            {
                Insert(5 * Limits.LogWriteBytesMax);
                Database.Execute(_writer, "UPDATE t SET bytes = zeroblob(length(bytes))");
                Assert.Equal($"{i + 2} {100_000 + (i * 50) + (5 * Limits.LogWriteBytesMax)}", Seen(_writer));
                Assert.Equal($"{i + 1} {100_000 + (i * 50)}", Seen(_reader));
                transaction.Rollback();
            }

            Insert(50);
            Assert.Equal($"{i + 2} {100_000 + ((i + 1) * 50)}", Seen(_reader));
        }

        AssertIsSound();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_was_taken_back_is_not_written_over_what_another_program_has_committed_since(bool closes)
    {
        Insert(1000);
        // The first page is not in the log, so that nothing reads there when all is taken back.
        Database.Execute(_writer, "PRAGMA wal_checkpoint(TRUNCATE)");
        using (SqliteTransaction transaction = _writer.BeginTransaction())
        {
            // Past what is kept in memory.
            Insert(3_000_000);
            transaction.Rollback();
        }

        using (SqliteConnection other = Database.OpenWriter(_folder, Durability.Normal))
        {
            Database.Execute(other, "PRAGMA wal_autocheckpoint = 0; WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) INSERT INTO t (bytes) SELECT randomblob(100) FROM n");
            if (closes)
            {
                _writer.Close();
            }
            else
            {
                Assert.Equal("20001 2001000", Seen(_writer));
            }

            Assert.Equal("20001 2001000", Seen(other));
            Assert.Equal("ok", Text(other, "PRAGMA integrity_check"));
            Assert.Equal("20001 2001000", Seen(_reader));
        }
    }

    [Fact]
    public void The_log_is_moved_into_the_file_and_begun_anew()
    {
        for (int i = 1; i <= 3; i++)
        {
            Insert(300_000);
            Database.Execute(_writer, i == 2 ? "PRAGMA wal_checkpoint(TRUNCATE)" : "PRAGMA wal_checkpoint(PASSIVE)");
            Insert(10);
            Assert.Equal($"{2 * i} {i * 300_010}", Seen(_reader));
        }

        AssertIsSound();
    }

    public void Dispose()
    {
        _reader.Dispose();
        SqliteConnection.ClearAllPools();
        _writer.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private void Insert(int bytes) => Database.Execute(_writer, string.Create(CultureInfo.InvariantCulture, $"INSERT INTO t (bytes) VALUES (randomblob({bytes}))"));

    private static string Seen(SqliteConnection connection) => Text(connection, "SELECT count(*) || ' ' || total(length(bytes)) FROM t").Replace(".0", "", StringComparison.Ordinal);

    private void AssertIsSound()
    {
        Assert.Equal("ok", Text(_writer, "PRAGMA integrity_check"));
        Assert.Equal("ok", Text(_reader, "PRAGMA integrity_check"));
    }

    private static string Text(SqliteConnection connection, string sql)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        return (string)command.ExecuteScalar()!;
    }
}
