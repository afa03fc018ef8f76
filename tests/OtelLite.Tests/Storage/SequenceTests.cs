using OtelLite.Storage;
using OtelLite.Tests.Otlp;

namespace OtelLite.Tests.Storage;

/// <summary>What is missing between the numbers of events: told where something was lost, and nowhere else, in whatever order they arrive.</summary>
public sealed class SequenceTests
{
    /// <summary>An event, written as session, number and time: "A5@17".</summary>
    private readonly record struct Given(char Session, long Number, long Time, string User = "u")
    {
        public static Given Of(string text) => new(
            text[0], long.Parse(text[1..text.IndexOf('@', StringComparison.Ordinal)], System.Globalization.CultureInfo.InvariantCulture),
            long.Parse(text[(text.IndexOf('@', StringComparison.Ordinal) + 1)..], System.Globalization.CultureInfo.InvariantCulture));
    }

    private static IEnumerable<Given> Run(char session, int first, int last, long time) =>
        Enumerable.Range(first, last - first + 1).Select(n => new Given(session, n, time + n - first));

    [Fact]
    public void A_hole_in_the_middle_is_missing() => AssertMissing("A=11", [.. Run('A', 0, 9, 0), .. Run('A', 21, 30, 21)]);

    [Fact]
    public void What_is_missing_at_the_start_and_the_end_can_not_be_told() => AssertMissing("A=0", Run('A', 5, 9, 0));

    [Fact]
    public void A_resumed_process_starts_again_at_0_and_nothing_is_missing() => AssertMissing("A=0", [.. Run('A', 0, 30, 0), .. Run('A', 0, 12, 1000)]);

    [Theory]
    [InlineData(0)]
    [InlineData(1000)]
    public void A_hole_is_told_though_another_process_of_the_session_has_its_numbers(long whole) =>
        AssertMissing("A=11", [.. Run('A', 0, 40, whole), .. Run('A', 0, 9, 500), .. Run('A', 21, 30, 521)]);

    [Fact]
    public void Two_processes_that_write_at_once_leave_no_hole() => AssertMissing("A=0", [
        .. Enumerable.Range(0, 10).SelectMany(i => (Given[])[new('A', 30 + i, 2 * i), new('A', i, 2 * i + 1)])]);

    [Fact]
    public void Two_processes_that_resume_one_session_at_once_leave_no_hole() => AssertMissing("A=0", [
        .. Enumerable.Range(0, 20).SelectMany(i => (Given[])[new('A', i, 5 * i), new('A', i, 7 * i + 1)])]);

    [Fact]
    public void A_process_that_goes_to_another_session_and_comes_back_has_lost_nothing() =>
        AssertMissing("A=0 B=0", [.. Run('A', 0, 4, 0), .. Run('B', 5, 24, 5), .. Run('A', 25, 29, 25)]);

    [Fact]
    public void What_another_session_numbered_at_another_time_does_not_hide_a_hole() =>
        AssertMissing("A=20 B=0", [.. Run('A', 0, 4, 0), .. Run('B', 5, 24, 500), .. Run('A', 25, 29, 25)]);

    [Fact]
    public void A_clock_that_steps_back_leaves_no_hole() => AssertMissing("A=0", ["A0@10", "A1@11", "A2@9", "A3@12", "A4@13"]);

    [Fact]
    public void An_event_that_comes_late_fills_its_hole() => AssertMissing("A=1", ["A0@0", "A3@3", "A1@1", "A1@1"]);

    [Fact]
    public void Numbers_beyond_what_any_process_reaches_are_no_numbers() => AssertMissing("A=1", ["A0@0", "A2@2", $"A{long.MaxValue}@3", $"A{Limits.EventSequenceMax + 1}@4"]);

    [Fact]
    public void The_highest_number_is_one() => AssertMissing($"A={Limits.EventSequenceMax - 1}", ["A0@0", $"A{Limits.EventSequenceMax}@4"]);

    [Fact]
    public void A_client_that_numbers_all_its_events_alike_costs_no_more_than_so_many_processes()
    {
        using var open = new OpenWriter();
        Write(open, [.. Enumerable.Range(0, Limits.SequenceLevelsMax + 1).Select(i => new Given('A', 1, i))]);
        Assert.Equal((long)Limits.SequenceLevelsMax, open.Sql("SELECT count(*) FROM usage_sequence"));
        // Those that are kept are the first ones.
        Assert.Equal(Limits.SequenceLevelsMax - 1L, (long)open.Sql("SELECT max(time_unix_nano) - min(time_unix_nano) FROM usage_sequence")!);
    }

    [Theory]
    [InlineData(Limits.SequenceSessionsMax - 1, "A=0 B=0")]
    [InlineData(Limits.SequenceSessionsMax, "A=1 B=0")]
    public void What_fills_a_hole_is_looked_for_in_so_many_of_the_users_newest_sessions(int newer, string expected)
    {
        using var open = new OpenWriter();
        Write(open, [.. ((string[])["A0@0", "B1@1"]).Select(Given.Of)]);
        Database.Execute(open.Connection, $"""
            WITH RECURSIVE n(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < {newer})
            INSERT INTO usage_sender (sender, begun_unix_nano, session) SELECT sender, time_unix_nano + 1, 1000 + value FROM n JOIN usage_sequence WHERE sequence = 1
            """);
        Write(open, [new Given('A', 2, 2)]);
        Assert.Equal(expected, Missing(open));
    }

    [Fact]
    public void Sessions_that_were_begun_after_a_hole_do_not_count_among_those()
    {
        using var open = new OpenWriter();
        Write(open, [.. ((string[])["A0@0", "B1@1"]).Select(Given.Of)]);
        Database.Execute(open.Connection, $"""
            WITH RECURSIVE n(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value <= {Limits.SequenceSessionsMax})
            INSERT INTO usage_sender (sender, begun_unix_nano, session) SELECT sender, time_unix_nano + 1000, 1000 + value FROM n JOIN usage_sequence WHERE sequence = 1
            """);
        Write(open, [new Given('A', 2, 2)]);
        Assert.Equal("A=0 B=0", Missing(open));
    }

    [Fact]
    public void A_number_that_several_processes_gave_in_the_other_session_is_found_at_any_of_them() =>
        AssertMissing("A=0 B=0", ["B1@1", "A0@2", "B1@3", "A2@6"]);

    [Fact]
    public void A_number_that_they_gave_before_and_after_a_hole_is_none_of_it() =>
        AssertMissing("A=1 B=0", ["B1@1", "A0@2", "B1@7", "A2@6"]);

    [Fact]
    public void A_recount_finds_the_sessions_of_a_sender_again()
    {
        using var open = new OpenWriter();
        Write(open, [.. ((string[])["A0@0", "B1@1"]).Select(Given.Of)]);
        Assert.True(SequenceTable.AreSendersAsMade(open.Connection));
        Database.Execute(open.Connection, "DELETE FROM usage_sender");
        Assert.False(SequenceTable.AreSendersAsMade(open.Connection));
        Recount.Run(open.Connection);
        Assert.True(SequenceTable.AreSendersAsMade(open.Connection));
        open.Reopen();
        Write(open, [new Given('A', 2, 2)]);
        Assert.Equal("A=0 B=0", Missing(open));
    }

    [Fact]
    public void When_each_user_of_a_session_began_there_is_known_after_a_restart()
    {
        using var open = new OpenWriter();
        Write(open, [new('A', 1, 1)]);
        open.Reopen();
        Write(open, [new('A', 2, 2, "v"), new('A', 3, 3)]);
        Assert.Equal("1 2", Begun(open));
        open.Reopen();
        Write(open, [new('A', 0, 0), new('A', 4, 4, "v")]);
        Assert.Equal("0 1 2", Begun(open));
        Assert.True(SequenceTable.AreSendersAsMade(open.Connection));
    }

    [Theory]
    [InlineData(Limits.SequenceSessionsMax - 1, "1 10001")]
    [InlineData(Limits.SequenceSessionsMax, "1 10001 10002")]
    public void It_is_looked_for_in_so_many_sessions_that_the_user_has_begun_meanwhile(int meanwhile, string expected)
    {
        using var open = new OpenWriter();
        Write(open, [new('A', 1, 1), new('A', 2, 10_001, "v")]);
        Database.Execute(open.Connection, $"""
            WITH RECURSIVE n(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < {meanwhile})
            INSERT INTO usage_sender (sender, begun_unix_nano, session) SELECT sender, {Export.Time} + 1 + value, 1000 + value FROM n JOIN usage_sequence WHERE sequence = 2
            """);
        open.Reopen();
        Write(open, [new('A', 3, 10_002, "v")]);
        Assert.Equal(expected, Begun(open));
    }

    private static string Begun(OpenWriter open) =>
        (string)open.Sql($"SELECT group_concat(begun_unix_nano - {Export.Time}, ' ' ORDER BY begun_unix_nano) FROM usage_sender WHERE session < 1000")!;

    private static void AssertMissing(string expected, IEnumerable<string> given) => AssertMissing(expected, given.Select(Given.Of));

    // At once, one by one, backwards and shuffled; and recounted.
    private static void AssertMissing(string expected, IEnumerable<Given> given)
    {
        Given[] all = [.. given];
        Given[] shuffled = [.. all];
        new Random(7).Shuffle(shuffled);
        Given[][][] orders = [[all], [.. all.Select(g => (Given[])[g])], [.. all.Reverse().Select(g => (Given[])[g])], [.. shuffled.Chunk(3)]];
        foreach (Given[][] order in orders)
        {
            using var open = new OpenWriter();
            foreach (Given[] body in order)
            {
                Write(open, body);
            }

            Assert.Equal(expected, Missing(open));
            open.Reopen();
            Recount.Run(open.Connection);
            Assert.Equal(expected, Missing(open));
        }
    }

    private static void Write(OpenWriter open, Given[] given) => open.Write(Export.Logs([.. given.Select(g => Export.Event(
        "plugin_loaded", Export.Time + (ulong)g.Time, Export.Text("session.id", g.Session.ToString()), Export.Text("user.id", g.User), Export.Int("event.sequence", g.Number)))]))
        .GetAwaiter().GetResult();

    private static string Missing(OpenWriter open) => (string)open.Sql(
        "SELECT group_concat(session_id || '=' || missing_events, ' ' ORDER BY session_id) FROM usage_session")!;
}
