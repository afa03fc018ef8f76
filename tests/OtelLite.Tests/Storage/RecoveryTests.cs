using System.Buffers.Binary;
using System.Diagnostics;
using Microsoft.Data.Sqlite;
using OtelLite.Storage;
using OtelLite.Tests.Breaking;

namespace OtelLite.Tests.Storage;

/// <summary>What comes back of a damaged file: all that stands on pages that can be read, whatever else is lost, and in bounded time whatever the pages say.</summary>
public sealed class RecoveryTests : IDisposable
{
    private const int Requests = 2000, PageBytes = 4096;
    private static readonly Lazy<Task<byte[]>> Filled = new(Fill);

    private readonly string _folder = Directory.CreateTempSubdirectory("otellite-").FullName;

    private string DataDir => Path.Combine(_folder, "data");

    private string Made => Path.Combine(DataDir, Database.FileName);

    private string Damaged => Path.Combine(_folder, "damaged.db");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Of_a_sound_file_every_row_comes_back_as_it_was()
    {
        await File.WriteAllBytesAsync(Damaged, await Filled.Value);
        Recovered recovered = Recover();
        Assert.Equal(0, recovered.Lost);
        AssertNothingMissing();
    }

    [Fact]
    public async Task Of_a_sound_file_that_has_removed_raw_rows_every_row_comes_back_counted_ones_too()
    {
        await File.WriteAllBytesAsync(Damaged, await Filled.Value);
        Execute(Damaged, $"DELETE FROM otel_events WHERE id <= 100; UPDATE otel_removed SET before_unix_nano = {long.MaxValue / 2}, events = 100");
        Assert.Equal(0, Recover().Lost);
        AssertNothingMissing("usage_request", "usage_point", "usage_session", "usage_name", "usage_tally", "usage_call");
    }

    [Fact]
    public async Task What_was_told_of_a_session_before_and_after_is_put_together()
    {
        const string insert = "INSERT INTO session_place (session_id, folder, branch, told_unix_nano)";
        await File.WriteAllBytesAsync(Damaged, await Filled.Value);
        Execute(Damaged, $"{insert} VALUES ('a', '/work/shop', 'main', 1)");
        Database.OpenWriter(DataDir, Durability.Normal).Dispose();
        Execute(Made, $"{insert} VALUES ('a', NULL, 'fix', 2), ('b', '/work/other', NULL, 2)");
        Recover();
        using SqliteConnection made = Database.OpenReader(DataDir);
        using SqliteCommand ask = made.CreateCommand();
        ask.CommandText = "SELECT group_concat(concat_ws(' ', session_id, folder, branch, project, told_unix_nano), ', ') FROM session_place";
        Assert.Equal("a /work/shop fix shop 2, b /work/other other 2", ask.ExecuteScalar());
    }

    [Fact]
    public async Task As_much_as_the_limits_is_carried_over_into_the_database_that_is_begun_and_no_more()
    {
        await File.WriteAllBytesAsync(Damaged, await Filled.Value);
        static string Rows(int rows) => $"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows}) SELECT CAST(printf('%016d', i) AS BLOB), i";
        Execute(Damaged, $"DELETE FROM otel_body; DELETE FROM otel_series; INSERT INTO otel_body (hash, received_unix_nano, time_unix_nano) {Rows(Limits.CarriedBodiesMax + 1)}, i FROM n; INSERT INTO otel_series {Rows(Limits.CarriedSeriesMax + 1)}, 1.5, 2 FROM n");
        using var damaged = new SqliteConnection($"Data Source={Damaged};Pooling=False");
        damaged.Open();
        using SqliteConnection begun = CarriedOver.Of(damaged).Begin(DataDir, Durability.Normal);
        using SqliteCommand ask = begun.CreateCommand();
        ask.CommandText = "SELECT concat_ws(' ', count(*), min(received_unix_nano), min(time_unix_nano)) FROM otel_body UNION ALL SELECT concat_ws(' ', count(*), min(time_unix_nano), sum(value), sum(count)) FROM otel_series";
        using SqliteDataReader row = ask.ExecuteReader();
        Assert.True(row.Read());
        Assert.Equal($"{Limits.CarriedBodiesMax} 2 2", row.GetString(0));
        Assert.True(row.Read());
        Assert.Equal($"{Limits.CarriedSeriesMax} 2 {1.5 * Limits.CarriedSeriesMax}.0 {2 * Limits.CarriedSeriesMax}", row.GetString(0));
    }

    [Fact]
    public async Task A_list_of_tables_that_is_lost_with_all_its_pages_loses_no_row()
    {
        byte[] file = await Filled.Value;
        int[] pages = [1, .. PagesOf(file, "sqlite_schema")];
        Assert.True(pages.Length > 3, "the list of tables is on few pages");
        byte[] damaged = (byte[])file.Clone();
        foreach (int page in pages)
        {
            Garbage(page).CopyTo(damaged, (page - 1L) * PageBytes);
        }

        await File.WriteAllBytesAsync(Damaged, damaged);
        Recover();
        await File.WriteAllBytesAsync(Damaged, file);
        AssertNothingMissing();
    }

    // The places of tables in it are other ones than in a new file.
    [Fact]
    public async Task The_same_of_a_file_that_was_brought_up_from_an_older_version_loses_no_raw_row()
    {
        Directory.CreateDirectory(DataDir);
        Execute(Made, "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL;" + Recorded.Schema(3) + "PRAGMA user_version = 3;");
        Database.OpenWriter(DataDir, Durability.Normal).Dispose();
        await File.WriteAllBytesAsync(Damaged, await Filled.Value);
        Execute(Made, $"""
            ATTACH '{Damaged}' AS filled;
            INSERT INTO otel_resource SELECT * FROM filled.otel_resource;
            INSERT INTO otel_scope SELECT * FROM filled.otel_scope;
            {string.Concat(Prune.Raw.Select(raw => $"INSERT INTO {raw.Table} ({Columns(raw.Table)}) SELECT {Columns(raw.Table)} FROM filled.{raw.Table};"))}
            """);
        File.Delete(Damaged);
        File.Move(Made, Damaged);
        byte[] file = await File.ReadAllBytesAsync(Damaged), damaged = (byte[])file.Clone();
        foreach (int page in (int[])[1, .. PagesOf(file, "sqlite_schema")])
        {
            Garbage(page).CopyTo(damaged, (page - 1L) * PageBytes);
        }

        await File.WriteAllBytesAsync(Damaged, damaged);
        Recover();
        await File.WriteAllBytesAsync(Damaged, file);
        AssertNothingMissing();

        string Columns(string table) => Text(Damaged, $"SELECT group_concat(name, ', ') FROM pragma_table_info('{table}')");
    }

    [Theory]
    [InlineData(Limits.RecoverSampleRows / 4)]
    [InlineData(Limits.RecoverSampleRows * 2)]
    public async Task A_table_without_a_name_is_known_though_its_first_rows_are_damaged(int rows)
    {
        byte[] file = await Filled.Value, damaged = (byte[])file.Clone();
        foreach (int page in (int[])[1, .. PagesOf(file, "sqlite_schema")])
        {
            Garbage(page).CopyTo(damaged, (page - 1L) * PageBytes);
        }

        int broken = 0;
        foreach (int page in PagesOf(file, "otel_events").Where(p => RowsOn(file, p) > 0).Order())
        {
            for (int i = 0; i < RowsOn(file, page) && broken < rows; i++, broken++)
            {
                // In its list of types the first one, of the id, which is never there: behind two numbers and the list's length.
                Span<byte> row = damaged.AsSpan((page - 1) * PageBytes)[BinaryPrimitives.ReadUInt16BigEndian(damaged.AsSpan(((page - 1) * PageBytes) + 8 + (2 * i)))..];
                int at = 0;
                for (int numbers = 0; numbers < 2; at++)
                {
                    numbers += row[at] < 0x80 ? 1 : 0;
                }

                row[at + 1] = 8;
            }
        }

        await File.WriteAllBytesAsync(Damaged, damaged);
        Recovered recovered = Recover();
        await File.WriteAllBytesAsync(Damaged, file);
        Assert.Equal(long.Parse(Text(Damaged, "SELECT count(*) FROM otel_events"), null) - broken, recovered.Events);
        Assert.Equal(broken, recovered.Lost);
    }

    [Fact]
    public async Task A_page_that_only_leads_to_others_loses_no_row()
    {
        byte[] file = await Filled.Value;
        foreach (int page in PagesOf(file, "otel_events").Where(p => file[(p - 1) * PageBytes] == 0x05))
        {
            Garbage(page).CopyTo(file = (byte[])file.Clone(), (page - 1L) * PageBytes);
        }

        await File.WriteAllBytesAsync(Damaged, file);
        Recover();
        await File.WriteAllBytesAsync(Damaged, await Filled.Value);
        AssertNothingMissing();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1000)]
    [InlineData(2000)]
    [InlineData(PageBytes - 1)]
    public async Task A_file_that_ends_within_a_page_has_all_that_is_before_its_end(int bytes)
    {
        byte[] file = await Filled.Value;
        int[] events = [.. PagesOf(file, "otel_events").Order()];
        int pages = events[events.Length / 2];
        await File.WriteAllBytesAsync(Damaged, file[..((pages * PageBytes) + bytes)]);
        Recovered recovered = Recover();
        long readable = events.Where(p => p <= pages).Sum(p => RowsOn(file, p)), all = events.Sum(p => RowsOn(file, p));
        Assert.InRange(readable, 100, all - 100);
        // Of the page that is there in part what stands in that part.
        Assert.InRange(recovered.Events, readable, readable + (bytes < 100 ? 0 : RowsOn(file, pages + 1)));
        Assert.InRange(recovered.Lost, all - recovered.Events, 2 * all);
        Assert.Equal("0", Text(Made, "SELECT count(*) FROM otel_events WHERE NOT json_valid(attributes)"));
    }

    [Fact]
    public async Task A_row_whose_id_is_none_that_was_given_is_passed_over()
    {
        byte[] file = (byte[])(await Filled.Value).Clone();
        long[] ids = [Limits.RecoverIdMax, Limits.RecoverIdMax + 1, long.MaxValue];
        await File.WriteAllBytesAsync(Damaged, file);
        foreach (long id in ids)
        {
            Execute(Damaged, $"INSERT INTO otel_resource (id, hash, attributes, dropped_attributes_count) VALUES ({id}, CAST(printf('%016d', {id}) AS BLOB), '{{}}', 0)");
        }

        Recover();
        Assert.Equal("1", Text(Made, $"SELECT count(*) FROM otel_resource WHERE id >= {ids[0]}"));
    }

    [Fact]
    public async Task A_row_that_says_it_is_longer_than_any_is_not_looked_for()
    {
        byte[] file = (byte[])(await Filled.Value).Clone();
        int page = PagesOf(file, "otel_events").First(p => file[(p - 1) * PageBytes] == 0x0D);
        long rows = RowsOn(file, page);
        int first = BinaryPrimitives.ReadUInt16BigEndian(file.AsSpan(((page - 1) * PageBytes) + 8));
        Varint(Limits.RecoverRowBytesMax + 1L).CopyTo(file, ((page - 1) * PageBytes) + first);
        await File.WriteAllBytesAsync(Damaged, file);
        Recovered recovered = Recover();
        await File.WriteAllBytesAsync(Damaged, await Filled.Value);
        Assert.InRange(long.Parse(Text(Damaged, "SELECT count(*) FROM otel_events"), null) - recovered.Events, 1, rows);
        Assert.InRange(recovered.Lost, 1, rows);
    }

    [Fact]
    public async Task A_row_that_says_it_has_no_values_is_lost_and_no_other()
    {
        byte[] file = (byte[])(await Filled.Value).Clone();
        int page = PagesOf(file, "otel_events").First(p => file[(p - 1) * PageBytes] == 0x0D);
        int at = ((page - 1) * PageBytes) + BinaryPrimitives.ReadUInt16BigEndian(file.AsSpan(((page - 1) * PageBytes) + 8));

        // Its length in two bytes, as it was, is that of a header which is all of it; then come the id and the header.
        (file[at], file[at + 1]) = (0x80, 1);
        at += 2;
        while (file[at++] >= 0x80)
        {
        }

        file[at] = 1;
        await File.WriteAllBytesAsync(Damaged, file);
        Recovered recovered = Recover();
        await File.WriteAllBytesAsync(Damaged, await Filled.Value);
        Assert.Equal(1, long.Parse(Text(Damaged, "SELECT count(*) FROM otel_events"), null) - recovered.Events);
    }

    [Theory]
    [InlineData("each page of a tree leads to itself")]
    [InlineData("each page of a tree leads to its first page")]
    [InlineData("each row goes on where the first one does")]
    [InlineData("each cell of a page is the same")]
    [InlineData("the map leads in a circle")]
    [InlineData("free pages lead in a circle")]
    public async Task Pages_that_lead_in_circles_are_left_in_time(string what)
    {
        byte[] file = (byte[])(await Filled.Value).Clone();
        int[] pages = [.. PagesOf(file, "otel_events")];
        foreach (int page in pages)
        {
            Span<byte> bytes = file.AsSpan((page - 1) * PageBytes, PageBytes);
            int cells = BinaryPrimitives.ReadUInt16BigEndian(bytes[3..]), list = bytes[0] == 0x05 ? 12 : 8;
            for (int i = 0; i < cells; i++)
            {
                Span<byte> cell = bytes[BinaryPrimitives.ReadUInt16BigEndian(bytes[(list + (2 * i))..])..];
                switch (what)
                {
                    case "each page of a tree leads to itself" when bytes[0] == 0x05:
                        BinaryPrimitives.WriteInt32BigEndian(cell, page);
                        break;
                    case "each page of a tree leads to its first page" when bytes[0] == 0x05:
                        BinaryPrimitives.WriteInt32BigEndian(cell, pages.Min());
                        break;
                    case "each row goes on where the first one does" when bytes[0] == 0x0D:
                        Varint(10 * 1024 * 1024).CopyTo(cell);
                        break;
                    case "each cell of a page is the same":
                        bytes.Slice(list, 2).CopyTo(bytes[(list + (2 * i))..]);
                        break;
                }
            }
        }

        if (what == "the map leads in a circle")
        {
            for (int at = 2; at <= file.Length / PageBytes; at += (PageBytes / 5) + 1)
            {
                for (int i = 0; i < PageBytes / 5; i++)
                {
                    file[((at - 1) * PageBytes) + (5 * i)] = 5;
                    BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(((at - 1) * PageBytes) + (5 * i) + 1), at + 2 + (i % 7));
                }
            }
        }
        else if (what == "free pages lead in a circle")
        {
            BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(32), 5);
            BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(36), int.MaxValue);
            BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(4 * PageBytes), 5);
        }

        await File.WriteAllBytesAsync(Damaged, file);
        var clock = Stopwatch.StartNew();
        Recover();
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(30));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public async Task Whatever_bytes_are_wrong_what_comes_back_is_a_sound_file(int seed)
    {
        var random = new Random(seed);
        byte[] file = (byte[])(await Filled.Value).Clone();
        for (int i = 0; i < (seed % 2 == 0 ? 20_000 : 200); i++)
        {
            file[random.Next(file.Length)] = (byte)random.Next(256);
        }

        for (int i = 0; i < 20 * seed; i++)
        {
            // A page of this file in another's place.
            file.AsSpan(random.Next(file.Length / PageBytes) * PageBytes, PageBytes).CopyTo(file.AsSpan(random.Next(file.Length / PageBytes) * PageBytes));
        }

        await File.WriteAllBytesAsync(Damaged, file);
        Recovered recovered = Recover();
        Assert.Equal("ok", Text(Made, "PRAGMA integrity_check"));
        Assert.InRange(recovered.Events, Requests / 10, 2 * Requests);
        Assert.Equal(file, await File.ReadAllBytesAsync(Damaged));
    }

    [Fact]
    public void A_recovery_of_the_folders_own_file_that_fails_leaves_it_under_its_name()
    {
        Directory.CreateDirectory(DataDir);
        byte[] nothing = [.. Enumerable.Range(0, 20 * PageBytes).Select(i => (byte)(i * 7))];
        File.WriteAllBytes(Made, nothing);
        StorageException failed = Assert.Throws<StorageException>(() => Recovery.Run(DataDir, Durability.Normal, Made));
        Assert.Contains($"{Made} can't be recovered", failed.Message, StringComparison.Ordinal);
        Assert.Equal(nothing, File.ReadAllBytes(Made));
        Assert.DoesNotContain(Directory.GetFileSystemEntries(DataDir), f => f.Contains(".damaged-", StringComparison.Ordinal));
    }

    private static async Task<byte[]> Fill()
    {
        await using RunningServer server = await RunningServer.Start();
        await server.Replay([.. Recorded.Bodies("json"), .. Recorded.Bodies("traces"), .. Recorded.Bodies("cumulative")]);
        (await server.Post("/v1/logs", FreshBodies.Many(Requests, "old"))).Dispose();
        // Rows that go on on other pages.
        foreach (int length in (int[])[4000, 5000, 70_000, 1_000_000])
        {
            using HttpResponseMessage answer = await server.Post("/v1/logs", Exports.Request(session: "long", id: new string('x', length)));
            Assert.True(answer.IsSuccessStatusCode);
        }

        await server.Stop();
        return await File.ReadAllBytesAsync(Path.Combine(server.DataDir, Database.FileName));
    }

    private Recovered Recover() => Recovery.Run(DataDir, Durability.Normal, Damaged);

    private void AssertNothingMissing(params string[] more)
    {
        Assert.Equal("ok", Text(Made, "PRAGMA integrity_check"));
        foreach (string table in (string[])["otel_metrics", "otel_events", "otel_spans", "otel_resource", "otel_scope", "otel_body", "otel_series", "session_place", "scrape", .. more])
        {
            using SqliteConnection connection = Open(Made);
            Database.Execute(connection, $"ATTACH '{Damaged}' AS damaged");
            Assert.Equal("0", Text(connection, $"SELECT count(*) FROM (SELECT * FROM damaged.{table} EXCEPT SELECT * FROM main.{table})"));
            Assert.Equal(Text(connection, $"SELECT count(*) FROM damaged.{table}"), Text(connection, $"SELECT count(*) FROM main.{table}"));
        }
    }

    // By SQLite's own account of a sound file.
    private List<int> PagesOf(byte[] file, string table)
    {
        string path = Path.Combine(_folder, $"{Guid.NewGuid():N}.db");
        File.WriteAllBytes(path, file);
        int root = table == "sqlite_schema" ? 1 : int.Parse(Text(path, $"SELECT rootpage FROM sqlite_schema WHERE name = '{table}'"), null);
        List<int> all = [root], left = [root];
        while (left.Count > 0)
        {
            Span<byte> bytes = file.AsSpan((left[0] - 1) * PageBytes, PageBytes);
            int header = left[0] == 1 ? 100 : 0;
            left.RemoveAt(0);
            if (bytes[header] == 0x05)
            {
                List<int> below = [BinaryPrimitives.ReadInt32BigEndian(bytes[(header + 8)..])];
                for (int i = 0; i < BinaryPrimitives.ReadUInt16BigEndian(bytes[(header + 3)..]); i++)
                {
                    below.Add(BinaryPrimitives.ReadInt32BigEndian(bytes[BinaryPrimitives.ReadUInt16BigEndian(bytes[(header + 12 + (2 * i))..])..]));
                }

                all.AddRange(below);
                left.AddRange(below);
            }
        }

        return all;
    }

    private static long RowsOn(byte[] file, int page) => file[(page - 1) * PageBytes] == 0x0D ? BinaryPrimitives.ReadUInt16BigEndian(file.AsSpan(((page - 1) * PageBytes) + 3)) : 0;

    private static byte[] Garbage(int seed)
    {
        byte[] bytes = new byte[PageBytes];
        new Random(seed).NextBytes(bytes);
        bytes[0] = 0xEE;
        return bytes;
    }

    private static byte[] Varint(long value)
    {
        List<byte> bytes = [(byte)(value & 0x7F)];
        while ((value >>= 7) > 0)
        {
            bytes.Insert(0, (byte)(0x80 | (value & 0x7F)));
        }

        return [.. bytes];
    }

    private static SqliteConnection Open(string path)
    {
        var connection = new SqliteConnection($"Data Source={path};Pooling=False");
        connection.Open();
        return connection;
    }

    private static void Execute(string path, string sql)
    {
        using SqliteConnection connection = Open(path);
        Database.Execute(connection, sql);
    }

    private static string Text(string path, string sql)
    {
        using SqliteConnection connection = Open(path);
        return Text(connection, sql);
    }

    private static string Text(SqliteConnection connection, string sql)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        return Convert.ToString(command.ExecuteScalar(), System.Globalization.CultureInfo.InvariantCulture)!;
    }
}
