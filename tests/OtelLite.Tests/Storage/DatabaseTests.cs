using Microsoft.Data.Sqlite;
using OtelLite.Storage;

namespace OtelLite.Tests.Storage;

/// <summary>The file as others find it: its place, its modes, its journal and the columns that are promised.</summary>
public sealed class DatabaseTests : IDisposable
{
    private readonly string _parent = Directory.CreateTempSubdirectory("otellite-").FullName;

    private string Folder => Path.Combine(_parent, "data");

    public void Dispose() => Directory.Delete(_parent, recursive: true);

    [Theory]
    [InlineData("otel_metrics", "metric_name TEXT, value REAL, unit TEXT, attributes TEXT, session_id TEXT")]
    [InlineData("otel_events", "event_name TEXT, attributes TEXT, session_id TEXT, prompt_id TEXT")]
    public void The_promised_columns_come_first_in_their_order_and_with_their_types(string table, string promised)
    {
        using SqliteConnection connection = Database.OpenWriter(Folder, Durability.Full);
        string columns = Text(connection, $"""
            SELECT group_concat(name || ' ' || type || CASE WHEN pk THEN ' PRIMARY KEY' ELSE '' END || coalesce(' DEFAULT ' || dflt_value, ''), ', ' ORDER BY cid)
            FROM pragma_table_info('{table}')
            """);
        Assert.StartsWith($"id INTEGER PRIMARY KEY, received_at DATETIME DEFAULT CURRENT_TIMESTAMP, {promised}, ", columns, StringComparison.Ordinal);

        // AUTOINCREMENT: the id of a deleted row never comes back.
        Database.Execute(connection, $"INSERT INTO {table} DEFAULT VALUES; INSERT INTO {table} DEFAULT VALUES; DELETE FROM {table}; INSERT INTO {table} DEFAULT VALUES;");
        Assert.Equal("3", Text(connection, $"SELECT group_concat(id) FROM {table}"));
        Assert.Matches(@"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$", Text(connection, $"SELECT received_at FROM {table}"));
    }

    [Fact]
    public void Only_the_owner_can_read_the_folder_and_its_files()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        using SqliteConnection connection = Database.OpenWriter(Folder, Durability.Full);
        Database.Execute(connection, "INSERT INTO otel_events DEFAULT VALUES");
        const UnixFileMode owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        Assert.Equal(owner | UnixFileMode.UserExecute, File.GetUnixFileMode(Folder));
        string[] files = Directory.GetFiles(Folder);
        Assert.Equal(["otellite.db", "otellite.db-shm", "otellite.db-wal"], files.Select(Path.GetFileName).Order(StringComparer.Ordinal));
        foreach (string file in files)
        {
            Assert.Equal(owner, File.GetUnixFileMode(file));
        }
    }

    [Theory]
    [InlineData(false, "2")]
    [InlineData(true, "1")]
    public void The_journal_is_written_ahead_and_as_durable_as_asked(bool isNormal, string synchronous)
    {
        using SqliteConnection connection = Database.OpenWriter(Folder, isNormal ? Durability.Normal : Durability.Full);
        Assert.Equal("wal", Text(connection, "PRAGMA journal_mode"));
        Assert.Equal(synchronous, Text(connection, "PRAGMA synchronous"));
        Assert.Equal("2", Text(connection, "PRAGMA auto_vacuum"));
    }

    [Fact]
    public void A_file_that_is_there_is_kept()
    {
        using (SqliteConnection first = Database.OpenWriter(Folder, Durability.Full))
        {
            Database.Execute(first, "INSERT INTO otel_events (event_name) VALUES ('kept')");
        }

        using SqliteConnection second = Database.OpenWriter(Folder, Durability.Normal);
        Assert.Equal("kept", Text(second, "SELECT event_name FROM otel_events"));
    }

    [Fact]
    public void A_reader_can_not_write()
    {
        using SqliteConnection writer = Database.OpenWriter(Folder, Durability.Full);
        using SqliteConnection reader = Database.OpenReader(Folder);
        Assert.Equal("0", Text(reader, "SELECT count(*) FROM otel_events"));
        SqliteException e = Assert.Throws<SqliteException>(() => Database.Execute(reader, "INSERT INTO otel_events DEFAULT VALUES"));
        Assert.Equal(SQLitePCL.raw.SQLITE_READONLY, e.SqliteErrorCode);
        SqliteConnection.ClearPool(reader);
    }

    [Fact]
    public void A_file_of_a_newer_program_is_left_alone()
    {
        using (SqliteConnection connection = Database.OpenWriter(Folder, Durability.Full))
        {
            Database.Execute(connection, $"PRAGMA user_version = {Database.SchemaVersion + 1}");
        }

        StorageException e = Assert.Throws<StorageException>(() => Database.OpenWriter(Folder, Durability.Full).Dispose());
        Assert.Contains("was written by a newer OtelLite", e.Message, StringComparison.Ordinal);
        Assert.Contains("--data-dir", e.Message, StringComparison.Ordinal);

        // What was refused is closed again: nothing keeps the file busy.
        Assert.Equal([Database.FileName], Directory.GetFiles(Folder).Select(Path.GetFileName));
    }

    [Fact]
    public void A_file_of_version_1_becomes_what_a_new_file_is_and_is_counted_anew()
    {
        Directory.CreateDirectory(Folder);
        using (var old = new SqliteConnection($"Data Source={Path.Combine(Folder, Database.FileName)};Pooling=False"))
        {
            old.Open();
            Database.Execute(old, Recorded.Schema(1) + """
                PRAGMA user_version = 1;
                INSERT INTO otel_resource VALUES (1, x'00', '{"host.name":"box"}', 0, NULL);
                INSERT INTO otel_events (received_at, event_name, attributes, session_id, time_unix_nano, resource_id) VALUES ('2026-01-15 12:00:00', 'api_request',
                    '{"session.id":"s","model":"m","input_tokens":7,"query_source":"sdk","request_id":"r","event.sequence":3}', 's', 1768478400000000000, 1);
                INSERT INTO otel_metrics (received_at, metric_name, value, attributes, session_id, time_unix_nano, resource_id) VALUES ('2026-01-15 12:00:00',
                    'claude_code.token.usage', 9, '{"session.id":"s","model":"m","type":"input","query_source":"auxiliary"}', 's', 1768478400000000001, 1);
                INSERT INTO usage_session VALUES (1, 's', 1, 5, 5, 5, 1, NULL, 0, 'elsewhere', 99);
                INSERT INTO usage_name VALUES (1, 'nonsense');
                INSERT INTO usage_tally VALUES (1, 5, 1, 1, 24, 1000);
                """);
        }

        using SqliteConnection migrated = Database.OpenWriter(Folder, Durability.Full);
        Assert.Equal("1|0|box|1|1", Text(migrated, "SELECT did_something || '|' || missing_events || '|' || machine || '|' || has_points || '|' || has_records FROM usage_session"));
        Assert.Equal("9|2|7|2", Text(migrated, "SELECT metrics || '|' || (SELECT rest FROM usage_point) || '|' || events || '|' || rest FROM usage_witness"));
        Assert.Equal("1|0", Text(migrated, "SELECT origin || '|' || (SELECT count(*) FROM usage_tally) FROM usage_request"));
        AssertIsKept(1);
        AssertIsAsNew(migrated);
    }

    [Fact]
    public void A_file_of_version_2_becomes_what_a_new_file_is_and_is_counted_anew()
    {
        Directory.CreateDirectory(Folder);
        using (var old = new SqliteConnection($"Data Source={Path.Combine(Folder, Database.FileName)};Pooling=False"))
        {
            old.Open();
            Database.Execute(old, Recorded.Schema(2) + """
                PRAGMA user_version = 2;
                INSERT INTO otel_resource VALUES (1, x'00', '{"host.name":"box"}', 0, NULL);
                INSERT INTO otel_events (received_at, event_name, attributes, session_id, time_unix_nano, resource_id) VALUES
                    ('2026-01-15 12:00:00', 'api_request', '{"session.id":"s","model":"m","input_tokens":7,"query_source":"sdk","request_id":"r"}', 's', 1768478400000000000, 1),
                    ('2026-01-15 12:00:00', 'tool_result', '{"session.id":"s","tool_name":"Bash","request_id":"r","tool_use_id":"t","tool_result_size_bytes":"9"}', 's', 1768478400000000002, 1),
                    ('2026-01-15 12:00:00', 'tool_decision', '{"session.id":"s","tool_name":"Bash","decision":"reject","source":"hook"}', 's', 1768478400000000003, 1);
                INSERT INTO usage_name VALUES (1, 'nonsense');
                INSERT INTO usage_session (id, session_id, is_named, first_unix_nano, last_unix_nano, received_unix_nano, did_something) VALUES (1, 's', 1, 5, 5, 5, 1);
                INSERT INTO usage_tool (id, time_unix_nano, session, tool, succeeded, duration_ms) VALUES (9, 5, 1, 1, 1, 1);
                """);
        }

        using SqliteConnection migrated = Database.OpenWriter(Folder, Durability.Full);
        Assert.Equal("7|1|1|1|1", Text(migrated, "SELECT input || '|' || api_requests || '|' || tool_calls || '|' || has_figures || '|' || resource FROM usage_session"));
        Assert.Equal("Bash|m|9", Text(migrated, "SELECT t.name || '|' || m.name || '|' || result_bytes FROM usage_tool JOIN usage_name t ON t.id = tool JOIN usage_name m ON m.id = model"));
        Assert.Equal("0|hook", Text(migrated, "SELECT accepted || '|' || name FROM usage_decision JOIN usage_name ON usage_name.id = source"));
        Assert.Equal("1|7", Text(migrated, "SELECT tool_calls || '|' || (SELECT sum(input) FROM usage_sum WHERE step = 96) FROM usage_sum WHERE step = 96"));
        AssertIsKept(2);
        AssertIsAsNew(migrated);
    }

    [Fact]
    public void A_file_of_version_3_becomes_what_a_new_file_is_and_keeps_what_was_counted_of_removed_rows()
    {
        Directory.CreateDirectory(Folder);
        using (var old = new SqliteConnection($"Data Source={Path.Combine(Folder, Database.FileName)};Pooling=False"))
        {
            old.Open();
            Database.Execute(old, Recorded.Schema(3) + """
                PRAGMA user_version = 3;
                INSERT INTO otel_resource VALUES (1, x'00', '{"host.name":"box"}', 0, NULL);
                INSERT INTO otel_events (received_at, event_name, attributes, session_id, time_unix_nano, resource_id) VALUES
                    ('2026-01-15 12:00:00', 'api_request', '{"session.id":"s","model":"m","input_tokens":7,"query_source":"sdk","request_id":"r"}', 's', 1768478400000000000, 1);
                UPDATE otel_removed SET before_unix_nano = 1768478400000000000;
                INSERT INTO usage_name VALUES (1, 'm');
                INSERT INTO usage_session (id, session_id, is_named, first_unix_nano, last_unix_nano, received_unix_nano, did_something) VALUES (1, 's', 1, 5, 5, 5, 1);
                INSERT INTO usage_request (key, session, model, time_unix_nano, input, output, cache_read, cache_creation, cost_nano_usd, duration_ms, query_source, origin,
                    event_id, request_id) VALUES (x'01', 1, 1, 5, 100, 1, 1, 1, 9, 1, 1, 1, 7, 'a'), (x'02', 1, 1, 6, 1000, 1, 1, 1, 0, 1, 1, 1, 0, 'b');
                """);
        }

        using SqliteConnection migrated = Database.OpenWriter(Folder, Durability.Full);
        Assert.Equal("1107|3", Text(migrated, "SELECT input || '|' || api_requests FROM usage_session"));
        Assert.Equal("a10,b22,r10", Text(migrated, "SELECT group_concat(request_id || told_by || cost_kind ORDER BY request_id) FROM usage_request"));
        Assert.Equal("1107|0", Text(migrated, "SELECT events || '|' || transcripts FROM usage_witness WHERE kind = 1"));
        AssertIsKept(3);
        AssertIsAsNew(migrated);
    }

    [Fact]
    public void A_file_of_version_4_becomes_what_a_new_file_is_and_stays_as_it_was_counted()
    {
        Directory.CreateDirectory(Folder);
        using (var old = new SqliteConnection($"Data Source={Path.Combine(Folder, Database.FileName)};Pooling=False"))
        {
            old.Open();
            FillVersion4(old);
        }

        using SqliteConnection migrated = Database.OpenWriter(Folder, Durability.Full);
        Assert.Equal("7", Text(migrated, "SELECT group_concat(input) FROM usage_session"));
        AssertIsKept(4);
        AssertIsAsNew(migrated);
    }

    [Fact]
    public void A_file_of_version_5_becomes_what_a_new_file_is_and_its_sums_are_those_of_its_rows()
    {
        Directory.CreateDirectory(Folder);
        using (var old = new SqliteConnection($"Data Source={Path.Combine(Folder, Database.FileName)};Pooling=False"))
        {
            old.Open();
            // Two hours of a day, and a day a month later.
            Database.Execute(old, Recorded.Schema(5) + """
                PRAGMA user_version = 5;
                INSERT INTO usage_name VALUES (1, 'm'), (2, 'Bash'), (3, 'other');
                INSERT INTO usage_session (id, session_id, is_named, first_unix_nano, last_unix_nano, received_unix_nano, did_something, has_figures, verdict, missing_events, open_calls)
                    VALUES (1, 's', 1, 1768478400000000000, 1768578400000000000, 5, 1, 1, 3, 2, 1), (2, 't', 1, 1768478400000000000, 1768478400000000001, 5, 1, 1, 1, 0, 0),
                        (3, 'u', 1, 1768478400000000000, 1768478400000000000, 5, 1, 0, 0, 0, 0);
                INSERT INTO usage_tool (id, time_unix_nano, session, tool, succeeded, duration_ms, model, result_bytes) VALUES
                    (1, 1768478400000000000, 1, 2, 1, 7000, 1, NULL), (2, 1768482000000000000, 1, 2, 0, 7100, 3, 80), (3, 1771070400000000000, 2, 2, 1, -5, 1, 90);
                INSERT INTO usage_request (key, session, model, time_unix_nano, input, output, cache_read, cache_creation, cost_nano_usd, duration_ms, ttft_ms, query_source, origin, event_id)
                    VALUES (x'01', 1, 1, 1768478400000000000, 1, 1, 1, 1, 9, 1000, NULL, 3, 1, 7), (x'02', 1, 1, 1771070400000000000, 1, 1, 1, 1, 9, NULL, 50, 3, 1, 8);
                """);
            foreach (SumsTable sums in (SumsTable[])[SumsTable.Sources, SumsTable.Tools])
            {
                Database.Execute(old, $"INSERT INTO {sums.Table} ({string.Join(", ", sums.PrimaryKey.Concat(sums.Sums))}) SELECT * FROM ({sums.Made}) WHERE step IN (1, 4, 96)");
            }
        }

        using SqliteConnection migrated = Database.OpenWriter(Folder, Durability.Full);
        Assert.All((SumsTable[])[SumsTable.Sources, SumsTable.Tools, SumsTable.Sessions], sums =>
        {
            Assert.NotEqual("0", Text(migrated, $"SELECT count(*) FROM ({sums.Kept})"));
            Assert.Equal("0", Text(migrated, $"SELECT count(*) FROM (SELECT * FROM ({sums.Kept}) EXCEPT {sums.Made})"));
            Assert.Equal("0", Text(migrated, $"SELECT count(*) FROM (SELECT * FROM ({sums.Made}) EXCEPT {sums.Kept})"));
        });
        Assert.Equal("1,1,2,2,3,4", Text(migrated, "SELECT group_concat(spread ORDER BY spread, quarter) FROM usage_spread WHERE step = 24"));
        Assert.True(SpreadTable.IsAsMade(migrated));
        AssertIsKept(5);
        AssertIsAsNew(migrated);
    }

    [Fact]
    public void A_file_of_version_6_becomes_what_a_new_file_is_and_knows_which_requests_transcripts_told_of()
    {
        Directory.CreateDirectory(Folder);
        using (var old = new SqliteConnection($"Data Source={Path.Combine(Folder, Database.FileName)};Pooling=False"))
        {
            old.Open();
            Database.Execute(old, Recorded.Schema(6) + """
                PRAGMA user_version = 6;
                INSERT INTO usage_name VALUES (1, 'm');
                INSERT INTO usage_session (id, session_id, is_named, first_unix_nano, last_unix_nano, received_unix_nano, did_something) VALUES (1, 's', 1, 5, 9, 5, 1);
                INSERT INTO usage_request (key, session, model, time_unix_nano, input, output, cache_read, cache_creation, cost_nano_usd, query_source, origin, event_id, request_id,
                    prompt_id, told_by, transcript_unix_nano, cost_kind) VALUES (x'01', 1, 1, 9, 1, 1, 1, 1, 9, 1, 1, 7, 'a', 'p', 3, 7, 1), (x'02', 1, 1, 6, 1, 1, 1, 1, 9, 1, 1, 8, 'b', NULL, 1, 5, 0),
                    (x'00112233445566778899AABBCCDDEEFF', 1, 1, 6, 1, 1, 1, 1, 9, 1, 1, 9, 'c', NULL, 1, NULL, 0);
                """);
        }

        using SqliteConnection migrated = Database.OpenWriter(Folder, Durability.Full);
        Assert.Equal("a 1 7 9 7 9 1 p -, b 1 5 6 0 9 0 - -", Text(migrated, """
            SELECT group_concat(request_id || ' ' || session || ' ' || first_unix_nano || ' ' || last_unix_nano || ' ' || settled_event_id || ' ' || cost_nano_usd || ' ' || cost_kind
                || ' ' || coalesce(prompt_id, '-') || ' ' || coalesce(payer, '-'), ', ' ORDER BY request_id) FROM usage_telling
            """));
        Assert.Equal("blob 00000001445566778899AABBCCDDEEFF", Text(migrated, "SELECT typeof(key) || ' ' || hex(key) FROM usage_request WHERE request_id = 'c'"));
        AssertIsKept(6);
        AssertIsAsNew(migrated);
    }

    [Fact]
    public void A_file_of_version_7_becomes_what_a_new_file_is_and_knows_which_rows_are_of_a_session()
    {
        Directory.CreateDirectory(Folder);
        using (var old = new SqliteConnection($"Data Source={Path.Combine(Folder, Database.FileName)};Pooling=False"))
        {
            old.Open();
            // The last event is not counted yet.
            Database.Execute(old, Recorded.Schema(7) + """
                PRAGMA user_version = 7;
                INSERT INTO usage_session (id, session_id, is_named, first_unix_nano, last_unix_nano, received_unix_nano, did_something) VALUES (7, 's', 1, 5, 9, 5, 1);
                INSERT INTO otel_events (id, session_id, time_unix_nano) VALUES (1, 's', 5), (2, NULL, 6), (3, 's', 7), (4, 's', 8);
                INSERT INTO otel_metrics (id, session_id, time_unix_nano) VALUES (1, 's', 5);
                INSERT INTO otel_spans (id, session_id, trace_id, span_id, start_time_unix_nano) VALUES (5, 's', 'a', 'b', 5);
                INSERT INTO otel_uncounted (owner, first_metric, last_metric, first_event, last_event, first_span, last_span) VALUES (1, 2, 1, 4, 4, 6, 5);
                """);
        }

        using SqliteConnection migrated = Database.OpenWriter(Folder, Durability.Full);
        Assert.Equal("0 1 2, 7 0 1, 7 1 1, 7 1 3, 7 2 5", Text(migrated, "SELECT group_concat(session || ' ' || signal || ' ' || first_id, ', ' ORDER BY session, signal, first_id) FROM usage_raw"));
        Assert.True(SessionRows.IsAsMade(migrated));
        AssertIsKept(7);
        AssertIsAsNew(migrated);
    }

    [Fact]
    public void A_file_of_version_8_becomes_what_a_new_file_is_with_runs_of_rows_and_the_sessions_of_each_sender()
    {
        Directory.CreateDirectory(Folder);
        using (var old = new SqliteConnection($"Data Source={Path.Combine(Folder, Database.FileName)};Pooling=False"))
        {
            old.Open();
            // Of session 7 the fourth event is gone already, the ninth is not counted yet.
            Database.Execute(old, Recorded.Schema(8) + """
                PRAGMA user_version = 8;
                INSERT INTO usage_session (id, session_id, is_named, first_unix_nano, last_unix_nano, received_unix_nano, did_something) VALUES (7, 's', 1, 5, 9, 5, 1), (8, 't', 1, 8, 8, 5, 1);
                INSERT INTO otel_events (id, session_id, time_unix_nano) VALUES (1, 's', 5), (2, 's', 5), (3, 's', 6), (5, 's', 7), (6, NULL, 7), (7, 's', 8), (8, 's', 8), (9, 's', 8);
                INSERT INTO otel_spans (id, session_id, trace_id, span_id, start_time_unix_nano) VALUES (5, 's', 'a', 'b', 5);
                INSERT INTO otel_uncounted (owner, first_metric, last_metric, first_event, last_event, first_span, last_span) VALUES (1, 1, 0, 9, 9, 6, 5);
                INSERT INTO usage_raw (session, signal, id) VALUES (7, 1, 1), (7, 1, 2), (7, 1, 3), (7, 1, 5), (0, 1, 6), (7, 1, 7), (7, 1, 8), (7, 2, 5);
                INSERT INTO usage_sequence (session, level, sequence, time_unix_nano, sender) VALUES (7, 1, 1, 5, 3), (7, 1, 2, 6, 3), (7, 2, 2, 7, 4), (8, 1, 3, 8, 3);
                """);
        }

        using SqliteConnection migrated = Database.OpenWriter(Folder, Durability.Full);
        Assert.Equal("0 1 6 6, 7 1 1 3, 7 1 5 5, 7 1 7 8, 7 2 5 5", Text(migrated, "SELECT group_concat(session || ' ' || signal || ' ' || first_id || ' ' || last_id, ', ' ORDER BY session, signal, first_id) FROM usage_raw"));
        Assert.Equal("3 5 7, 3 8 8, 4 7 7", Text(migrated, "SELECT group_concat(sender || ' ' || begun_unix_nano || ' ' || session, ', ' ORDER BY sender, begun_unix_nano) FROM usage_sender"));
        Assert.Equal("", Text(migrated, "SELECT coalesce(group_concat(name), '') FROM sqlite_temp_schema"));
        Assert.True(SessionRows.IsAsMade(migrated));
        AssertIsKept(8);
        AssertIsAsNew(migrated);
    }

    [Fact]
    public void A_file_of_version_9_becomes_what_a_new_file_is_and_knows_its_bodies()
    {
        Directory.CreateDirectory(Folder);
        using (var old = new SqliteConnection($"Data Source={Path.Combine(Folder, Database.FileName)};Pooling=False"))
        {
            old.Open();
            Database.Execute(old, Recorded.Schema(9) + "PRAGMA user_version = 9; INSERT INTO otel_body VALUES (x'02', 7), (x'01', 8);");
        }

        using SqliteConnection migrated = Database.OpenWriter(Folder, Durability.Full);
        Assert.Equal("0 01 8, 0 02 7", Text(migrated, "SELECT group_concat(time_unix_nano || ' ' || hex(hash) || ' ' || received_unix_nano, ', ' ORDER BY hash) FROM otel_body"));
        Assert.Equal("", Text(migrated, "SELECT coalesce(group_concat(name), '') FROM sqlite_temp_schema"));
        AssertIsKept(9);
        AssertIsAsNew(migrated);
    }

    [Fact]
    public void A_step_that_fails_leaves_the_file_of_the_older_version_as_it_was()
    {
        Directory.CreateDirectory(Folder);
        string file = Path.Combine(Folder, Database.FileName), all;
        using (var old = new SqliteConnection($"Data Source={file};Pooling=False"))
        {
            old.Open();
            FillVersion4(old);
            // The last step but one makes a table of this name.
            Database.Execute(old, "CREATE TABLE usage_sender (in_the_way)");
            all = All(old);
        }

        Assert.ThrowsAny<Exception>(() => Database.OpenWriter(Folder, Durability.Full).Dispose());
        using (var still = new SqliteConnection($"Data Source={file};Pooling=False"))
        {
            still.Open();
            Assert.Equal(all, All(still));
            Database.Execute(still, "DROP TABLE usage_sender");
        }

        using SqliteConnection migrated = Database.OpenWriter(Folder, Durability.Full);
        Assert.Equal("7", Text(migrated, "SELECT group_concat(input) FROM usage_session"));
        AssertIsKept(4, all);
        AssertIsAsNew(migrated);

        static string All(SqliteConnection file) => Text(file, """
            SELECT user_version || char(10) || (SELECT group_concat(type || name || coalesce(sql, ''), char(10) ORDER BY type, name) FROM sqlite_schema)
                || (SELECT group_concat(id || session_id || input) FROM usage_session) FROM pragma_user_version
            """);

        void AssertIsKept(int version, string before)
        {
            using var copy = new SqliteConnection($"Data Source={file}.schema-{version};Pooling=False;Mode=ReadOnly");
            copy.Open();
            Assert.Equal(before, All(copy));
        }
    }

    private static void FillVersion4(SqliteConnection file) => Database.Execute(file, Recorded.Schema(4) + """
        PRAGMA user_version = 4;
        INSERT INTO usage_session (id, session_id, is_named, first_unix_nano, last_unix_nano, received_unix_nano, did_something, input) VALUES (1, 's', 1, 5, 5, 5, 1, 7);
        """);

    // The file as it was.
    private void AssertIsKept(int version)
    {
        using var copy = new SqliteConnection($"Data Source={Path.Combine(Folder, Database.FileName)}.schema-{version};Pooling=False;Mode=ReadOnly");
        copy.Open();
        Assert.Equal($"{version}", Text(copy, "SELECT CAST(user_version AS TEXT) FROM pragma_user_version"));
    }

    private void AssertIsAsNew(SqliteConnection migrated)
    {
        Assert.Equal(Text(migrated, "PRAGMA user_version"), Text(migrated, $"SELECT {Database.SchemaVersion}"));
        using SqliteConnection made = Database.OpenWriter(Path.Combine(_parent, "new"), Durability.Full);
        const string tables = """
            SELECT group_concat(m.name || ' ' || m.type || ' ' || coalesce(c.name || ' ' || c.type || ' ' || c."notnull" || c.pk || coalesce(c.dflt_value, ''), ''), char(10) ORDER BY m.name, c.cid)
            FROM sqlite_schema m LEFT JOIN pragma_table_info(m.name) c WHERE m.name NOT LIKE 'sqlite%'
            """;
        Assert.Equal(Text(made, tables), Text(migrated, tables));
        // What only got columns has them in another writing.
        const string indexes = """
            SELECT group_concat(sql, char(10) ORDER BY name) FROM sqlite_schema
            WHERE type IN ('index', 'view') OR name LIKE 'usage%' AND name NOT IN ('usage_session', 'usage_request')
            """;
        Assert.Equal(Text(made, indexes), Text(migrated, indexes));
    }

    [Theory]
    [InlineData("a folder where the file should be")]
    [InlineData("a file where the folder should be")]
    [InlineData("a file that is no database")]
    public void What_can_not_be_used_is_said_in_a_sentence_that_helps(string what)
    {
        switch (what)
        {
            case "a folder where the file should be": Directory.CreateDirectory(Path.Combine(Folder, Database.FileName)); break;
            case "a file where the folder should be": File.WriteAllText(Folder, ""); break;
            default:
                Directory.CreateDirectory(Folder);
                File.WriteAllText(Path.Combine(Folder, Database.FileName), new string('x', 5000));
                break;
        }

        StorageException e = Assert.Throws<StorageException>(() => Database.OpenWriter(Folder, Durability.Full).Dispose());
        Assert.StartsWith($"can't use the database {Path.Combine(Folder, Database.FileName)}: ", e.Message, StringComparison.Ordinal);
        Assert.EndsWith("Name a folder that you may write to with --data-dir DIR.", e.Message, StringComparison.Ordinal);
    }

    private static string Text(SqliteConnection connection, string sql)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        return Convert.ToString(command.ExecuteScalar(), System.Globalization.CultureInfo.InvariantCulture)!;
    }
}
