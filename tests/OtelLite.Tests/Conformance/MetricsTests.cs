using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using OtelLite.Tests.Otlp;

namespace OtelLite.Tests.Conformance;

/// <summary>What metrics mean: kinds, temporality, series and what a point adds. Distributions are in <see cref="DistributionTests"/>.</summary>
public sealed class MetricsTests(SharedServer shared) : IClassFixture<SharedServer>
{
    private const ulong Time = Export.Time;
    private const ulong Second = 1_000_000_000;

    private static int _sessions;

    private Probe Metrics => new(shared.Server, "metrics");

    // A point at so many seconds after the time, and its start if it has one.
    private static string Point(int second, string value, ulong? start = null, string more = "") => Export.Point(
        $"{(start is { } at ? $"\"startTimeUnixNano\":\"{at}\"," : "")}\"timeUnixNano\":\"{Time + (ulong)second * Second}\",{value}{more}");

    private static string Delta(params string[] points) => Export.Sum("m", points);

    private static string Cumulative(params string[] points) => Export.Sum("m", points, temporality: 2);

    private static string Gauge(params string[] points) => $$$"""{"name":"g","gauge":{"dataPoints":[{{{string.Join(',', points)}}}]}}""";

    // What the API counts of one session's commits, told by these points.
    private async Task<int> Commits(int temporality, params string[] points)
    {
        string session = $"commits-{Interlocked.Increment(ref _sessions)}";
        string of = $",\"attributes\":[{Export.Text("session.id", session)}]}}";
        await Metrics.Send(Export.Sum("claude_code.commit.count", [.. points.Select(p => p[..^1] + of)], temporality));
        return (int)(await shared.Server.Get($"/api/summary?session={session}"))["commits"]!;
    }

    private static void AssertRejected(ExportAnswer answer, int count, string because)
    {
        Assert.Equal((HttpStatusCode.OK, count.ToString(CultureInfo.InvariantCulture)), (answer.Status, (string?)answer.Json["partialSuccess"]?["rejectedDataPoints"]));
        Assert.Contains(because, answer.Warning, StringComparison.Ordinal);
    }

    // Taken whole, with a word about it.
    private static void AssertWarned(ExportAnswer answer, string about)
    {
        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.Null(answer.Json["partialSuccess"]!["rejectedDataPoints"]);
        Assert.Contains(about, answer.Warning, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task G_01_All_five_kinds_are_taken_and_a_metric_without_data_is_passed_over(bool protobuf)
    {
        Probe metrics = Metrics;
        string body = metrics.Json(
            Delta(Point(1, "\"asInt\":\"1\"")), Gauge(Point(1, "\"asDouble\":2.5")),
            """{"name":"h","histogram":{"aggregationTemporality":1,"dataPoints":[{"timeUnixNano":"1","count":"3","sum":3.5,"bucketCounts":["1","2"],"explicitBounds":[1]}]}}""",
            """{"name":"e","exponentialHistogram":{"aggregationTemporality":1,"dataPoints":[{"timeUnixNano":"1","count":"4","sum":4.5,"zeroCount":"4"}]}}""",
            """{"name":"s","summary":{"dataPoints":[{"timeUnixNano":"1","count":"5","sum":5.5,"quantileValues":[{"quantile":0.5,"value":1}]}]}}""",
            """{"name":"only a name","unit":"1"}""");
        ExportAnswer answer = protobuf
            ? await metrics.Post(OtlpSchema.ToProtobuf("MetricsRequest", body), "application/x-protobuf")
            : await metrics.Post(System.Text.Encoding.UTF8.GetBytes(body));
        Assert.Equal((HttpStatusCode.OK, protobuf ? "" : "{}"), (answer.Status, answer.Text));
        Assert.Equal(
            "m | sum | 1 | NULL\ng | gauge | 2.5 | NULL\nh | histogram | 3.5 | 3\ne | exponential_histogram | 4.5 | 4\ns | summary | 5.5 | 5",
            metrics.Rows("metric_name, kind, sent_value, shape ->> 'count'"));
    }

    // D-9.
    [Theory]
    [InlineData("")]
    [InlineData("\"timeUnixNano\":0,")]
    [InlineData("\"timeUnixNano\":\"0\",")]
    [InlineData("\"timeUnixNano\":null,")]
    public async Task G_02_A_point_without_a_time_is_rejected_and_the_others_stay(string time)
    {
        Probe metrics = Metrics;
        AssertRejected(
            await metrics.Send(Delta($$"""{ {{time}}"asInt":1}""", Point(1, "\"asInt\":2")), Gauge($$"""{ {{time}}"asInt":3}"""),
                $$$"""{"name":"h","histogram":{"aggregationTemporality":1,"dataPoints":[{ {{{time}}}"count":0}]}}""",
                $$$"""{"name":"s","summary":{"dataPoints":[{ {{{time}}}"count":0}]}}"""),
            4, "timeUnixNano is missing or 0");
        Assert.Equal("2", metrics.Rows("sent_value"));
    }

    [Theory]
    [InlineData("")]
    [InlineData(",\"asDouble\":null")]
    [InlineData(",\"flags\":2")]
    public async Task G_03_A_point_without_a_value_is_rejected_unless_its_flag_says_so(string members)
    {
        string time = $"\"timeUnixNano\":\"{Time}\"";
        Probe metrics = Metrics;
        AssertRejected(
            await metrics.Send(Delta($"{{{time}{members}}}", $"{{{time},\"flags\":1}}", Point(1, "\"asInt\":2")), Gauge($"{{{time}{members}}}")), 2, "neither asDouble nor asInt is set");
        Assert.Equal("NULL | 1\n2 | 0", metrics.Rows("sent_value, flags"));
    }

    [Fact]
    public async Task G_04_A_point_without_a_recorded_value_ends_its_series_and_adds_nothing()
    {
        string[] points = [Point(1, "\"asInt\":5"), Point(2, "\"asInt\":99", more: ",\"flags\":1")];
        Probe metrics = await Metrics.Stored(Delta(points), Gauge(points));
        Assert.Equal("5 | 0\n0 | 1\n5 | 0\nNULL | 1", metrics.Rows("value, flags"));
        Assert.Equal(5, await Commits(1, points));
        // The rest of such a point is not looked at, so it can't be wrong.
        Probe histogram = await Metrics.Stored("""
            {"name":"h","histogram":{"aggregationTemporality":2,"dataPoints":[{"timeUnixNano":1,"count":7,"sum":7},{"timeUnixNano":2,"flags":1,"count":9,"sum":99,"bucketCounts":[1],"explicitBounds":[2,1]},
            {"timeUnixNano":3,"count":8,"sum":9}]}}
            """);
        Assert.Equal("7 | 1\nNULL | 0\n2 | 1", histogram.Rows("value, shape IS NOT NULL"));
        // A cumulative series goes on where it was.
        Assert.Equal(7, await Commits(2, Point(1, "\"asInt\":5", Time), Point(2, "\"asInt\":99", Time, ",\"flags\":1"), Point(3, "\"asInt\":7", Time)));
    }

    [Theory]
    [InlineData("3", 0)]
    [InlineData("4294967295", 0)]
    [InlineData("2", 99)]
    [InlineData("4294967294", 99)]
    public async Task G_05_Flags_are_tested_by_their_mask(string flags, int adds)
    {
        Probe metrics = await Metrics.Stored(Delta(Point(1, "\"asInt\":99", more: $",\"flags\":{flags}")));
        Assert.Equal($"{adds} | {flags}", metrics.Rows("value, flags"));
    }

    [Fact]
    public async Task G_06_Whole_and_real_values_are_of_one_series()
    {
        Probe delta = await Metrics.Stored(Delta(Point(1, "\"asInt\":1"), Point(2, "\"asDouble\":1.5")));
        Assert.Equal("2.5", delta.Rows("sum(value)"));
        Probe cumulative = await Metrics.Stored(Cumulative(Point(1, "\"asInt\":1", Time), Point(2, "\"asDouble\":1.5", Time), Point(3, "\"asInt\":4", Time)));
        Assert.Equal("1\n0.5\n2.5", cumulative.Rows("value"));
    }

    private const string Identified = """
        {"resourceMetrics":[{"resource":{"attributes":[{"key":"r","value":{"stringValue":"RRR"}}]},"scopeMetrics":[{"scope":{"name":"SSS","version":"1","attributes":[{"key":"p","value":{"intValue":21}}]},
        "metrics":[{"name":"NNN","unit":"u","description":"d","sum":{"aggregationTemporality":2,"isMonotonic":true,"dataPoints":[
        {"attributes":[{"key":"a","value":{"intValue":1}},{"key":"b","value":{"intValue":2}}],"startTimeUnixNano":1,"timeUnixNano":TTT,"asInt":VVV}]}}]}]}]}
        """;

    [Theory]
    [InlineData("\"description\":\"d\"", "\"description\":\"e\"", true)]
    [InlineData("{\"key\":\"a\",\"value\":{\"intValue\":1}},{\"key\":\"b\",\"value\":{\"intValue\":2}}", "{\"key\":\"b\",\"value\":{\"intValue\":2}},{\"key\":\"a\",\"value\":{\"intValue\":1}}", true)]
    [InlineData("\"asInt\":VVV", "\"asDouble\":VVV", true)]
    [InlineData("\"unit\":\"u\"", "\"unit\":\"v\"", false)]
    [InlineData("NNN", "NNN2", false)]
    [InlineData("RRR", "RRR2", false)]
    [InlineData("SSS", "SSS2", false)]
    [InlineData("\"version\":\"1\"", "\"version\":\"2\"", false)]
    [InlineData("\"intValue\":21", "\"intValue\":22", false)]
    [InlineData("\"isMonotonic\":true", "\"isMonotonic\":false", false)]
    [InlineData("\"key\":\"b\",\"value\":{\"intValue\":2}", "\"key\":\"b\",\"value\":{\"intValue\":3}", false)]
    [InlineData("\"key\":\"b\",\"value\":{\"intValue\":2}", "\"key\":\"b\",\"value\":{\"stringValue\":\"2\"}", false)]
    [InlineData("\"key\":\"b\",", "\"key\":\"B\",", false)]
    public async Task G_07_What_identifies_a_series_tells_two_apart_and_nothing_else_does(string part, string other, bool same)
    {
        Assert.Contains(part, Identified, StringComparison.Ordinal);
        string own = $"series-{Interlocked.Increment(ref _sessions)}";
        string Body(string template, int time, int value) => template.Replace("NNN", own, StringComparison.Ordinal)
            .Replace("TTT", $"{time}", StringComparison.Ordinal).Replace("VVV", $"{value}", StringComparison.Ordinal);
        foreach (string body in (string[])[Body(Identified, 2, 10), Body(Identified.Replace(part, other, StringComparison.Ordinal), 3, 12)])
        {
            using HttpResponseMessage answer = await shared.Server.Post("/v1/metrics", body);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }

        Assert.Equal(same ? "10\n2\n" : "10\n12\n", shared.Server.Rows($"SELECT value FROM otel_metrics WHERE metric_name LIKE '{own}%' ORDER BY id"));
    }

    [Fact]
    public async Task G_08_Delta_points_add_up()
    {
        string[] points = [Point(1, "\"asInt\":3", Time), Point(2, "\"asInt\":2", Time + Second)];
        Assert.Equal("3\n2", (await Metrics.Stored(Delta(points))).Rows("value"));
        Assert.Equal(5, await Commits(1, points));
    }

    [Fact]
    public async Task G_09_Of_cumulative_points_the_difference_counts()
    {
        string[] points = [Point(1, "\"asInt\":3", Time), Point(2, "\"asInt\":5", Time)];
        Assert.Equal("3\n2", (await Metrics.Stored(Cumulative(points))).Rows("value"));
        Assert.Equal(5, await Commits(2, points));
    }

    [Fact]
    public async Task G_10_A_new_start_begins_anew_and_so_does_a_lower_value_where_none_is_told()
    {
        string[] restarted = [Point(1, "\"asInt\":100", Time), Point(3, "\"asInt\":7", Time + 2 * Second)];
        Assert.Equal("100\n7", (await Metrics.Stored(Cumulative(restarted))).Rows("value"));
        Assert.Equal(107, await Commits(2, restarted));
        Probe untold = await Metrics.Stored(Cumulative(Point(1, "\"asInt\":100"), Point(2, "\"asInt\":7"), Point(3, "\"asInt\":9")));
        Assert.Equal("100\n7\n2", untold.Rows("value"));
    }

    [Fact]
    public async Task G_11_A_point_at_its_own_start_is_a_reset_at_an_unknown_time_and_adds_nothing()
    {
        string[] points = [Point(1, "\"asInt\":100", Time + Second), Point(2, "\"asInt\":110", Time + Second)];
        Assert.Equal("0\n10", (await Metrics.Stored(Cumulative(points))).Rows("value"));
        Assert.Equal(10, await Commits(2, points));
    }

    [Theory]
    [InlineData(null)]
    [InlineData(0UL)]
    public async Task G_12_Without_a_start_the_first_point_adds_its_whole_value(ulong? start)
    {
        string[] points = [Point(1, "\"asInt\":10", start), Point(2, "\"asInt\":15", start), Point(3, "\"asInt\":2", start)];
        Assert.Equal("10\n5\n2", (await Metrics.Stored(Cumulative(points))).Rows("value"));
        Assert.Equal(17, await Commits(2, points));
    }

    [Theory]
    [InlineData(1, "5\n-3", 5, -3)]
    [InlineData(2, "5\n-3", 5, 2)]
    public async Task G_13_A_sum_that_is_not_monotonic_may_fall(int temporality, string values, int first, int second)
    {
        string[] points = [Point(1, $"\"asInt\":{first}", Time), Point(2, $"\"asInt\":{second}", Time)];
        Probe metrics = await Metrics.Stored(Export.Sum("m", points, temporality).Replace("true", "false", StringComparison.Ordinal));
        Assert.Equal(values, metrics.Rows("value"));
        Assert.Equal("2", metrics.Rows("sum(value)"));
    }

    [Fact]
    public async Task G_14_A_monotonic_delta_below_0_is_warned_of_and_stored()
    {
        Probe metrics = Metrics;
        AssertWarned(await metrics.Send(Delta(Point(1, "\"asInt\":-1"))), "monotonic delta sum is below 0");
        Assert.Equal("-1 | -1", metrics.Rows("value, sent_value"));
        await metrics.AssertAlive();
    }

    [Theory]
    [InlineData("""{"name":"m","sum":{"isMonotonic":true,"dataPoints":[{"timeUnixNano":1,"asInt":3},{"timeUnixNano":2,"asInt":4}]}}""", "3\n4")]
    [InlineData("""{"name":"m","sum":{"aggregationTemporality":0,"dataPoints":[{"timeUnixNano":1,"asInt":3}]}}""", "3")]
    [InlineData("""{"name":"m","histogram":{"dataPoints":[{"timeUnixNano":1,"count":1,"sum":2}]}}""", "2")]
    [InlineData("""{"name":"m","exponentialHistogram":{"dataPoints":[{"timeUnixNano":1,"count":0,"sum":0}]}}""", "0")]
    public async Task G_15_An_unspecified_temporality_is_warned_of_and_counted_as_delta(string metric, string values)
    {
        Probe metrics = Metrics;
        AssertWarned(await metrics.Send(metric), "aggregationTemporality is unspecified");
        Assert.Equal(values, metrics.Rows("value"));
        Assert.Equal("0", metrics.Rows("max(temporality)"));
    }

    [Fact]
    public async Task G_16_A_gauge_is_its_last_value_whatever_its_start()
    {
        Probe metrics = await Metrics.Stored(Gauge(Point(1, "\"asInt\":7", Time + 9 * Second), Point(2, "\"asInt\":4", Time), Point(3, "\"asDouble\":-2.5")));
        Assert.Equal("7\n4\n-2.5", metrics.Rows("value"));
    }

    [Fact]
    public async Task G_20_The_same_body_again_is_stored_once_and_a_delta_point_in_another_body_counts_again()
    {
        Probe metrics = Metrics;
        byte[] body = System.Text.Encoding.UTF8.GetBytes(metrics.Json(Delta(Point(1, "\"asInt\":3", Time))));
        (await metrics.Post(body)).AssertAccepted();
        (await metrics.Post(body)).AssertAccepted();
        Assert.Equal("3", metrics.Rows("value"));
        (await metrics.Post([.. body, (byte)' '])).AssertAccepted();
        Assert.Equal("3\n3", metrics.Rows("value"));
        // A cumulative point that comes again adds nothing whatever it comes in.
        Probe cumulative = Metrics;
        await cumulative.Stored(Cumulative(Point(1, "\"asInt\":3", Time)));
        await cumulative.Stored(Cumulative(Point(1, "\"asInt\":3", Time), Point(2, "\"asInt\":4", Time)));
        Assert.Equal("3\n0\n1", cumulative.Rows("value"));
    }

    [Fact]
    public async Task G_21_Points_may_come_late_and_in_any_order()
    {
        Probe metrics = Metrics;
        await metrics.Stored(Cumulative(Point(30, "\"asInt\":9", Time)));
        await metrics.Stored(Cumulative(Point(10, "\"asInt\":3", Time)));
        await metrics.Stored(Cumulative(Point(40, "\"asInt\":10", Time)));
        Assert.Equal("9\n0\n1", metrics.Rows("value"));
        // Told backwards, an hour apart; shown in order, and each in its own hour.
        const string from = "2026-01-15T12:00:00Z";
        foreach (int hour in (int[])[2, 0, 1])
        {
            await new Probe(shared.Server, "logs").Stored([.. Enumerable.Repeat(
                Export.Event("user_prompt", (ulong)(Exports.Noon + hour * 3600) * Second, Export.Text("session.id", "late")), hour + 1)]);
        }

        JsonNode series = await shared.Server.Get($"/api/timeseries?session=late&from={from}&to=2026-01-15T15:00:00Z&step=1h");
        Assert.Equal([Exports.Noon, Exports.Noon + 3600, Exports.Noon + 7200], series["times"]!.AsArray().Select(t => (long)t!));
        Assert.Equal([1, 2, 3], series["prompts"]!.AsArray().Select(p => (int)p!));
    }

    [Fact]
    public async Task G_24_Every_point_of_many_keeps_its_own_resource_scope_and_metric()
    {
        string[] threes = ["0", "1", "2"];
        string Of(string r, string s, string m) => Export.Sum($"m81.{r}{s}{m}", [.. threes.Select(p => Point(1, $"\"asInt\":\"{r}{s}{m}{p}\""))]);
        string Scope(string r, string s) => $$$"""{"metrics":[{{{string.Join(',', threes.Select(m => Of(r, s, m)))}}}],"scope":{"name":"s{{{r}}}{{{s}}}"}}""";
        string Resource(string r) => $$$"""{"scopeMetrics":[{{{string.Join(',', threes.Select(s => Scope(r, s)))}}}],"resource":{"attributes":[{{{Export.Text("r", r)}}}]}}""";
        using HttpResponseMessage answer = await shared.Server.Post("/v1/metrics", $$"""{"resourceMetrics":[{{string.Join(',', threes.Select(Resource))}}]}""");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        string[] rows = shared.Server.Rows("""
            SELECT printf('m81.%03d s%02d %d', sent_value / 10, sent_value / 100, sent_value / 1000), metric_name || ' ' || scope.name || ' ' || (resource.attributes ->> 'r'), sent_value
            FROM otel_metrics JOIN otel_scope scope ON scope.id = scope_id JOIN otel_resource resource ON resource.id = resource_id WHERE metric_name LIKE 'm81.%'
            """).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal((81, 81), (rows.Length, rows.Distinct().Count()));
        Assert.All(rows, row => Assert.Equal(row.Split(" | ")[0], row.Split(" | ")[1]));
    }

    [Fact]
    public async Task G_25_A_sum_and_a_gauge_of_one_name_are_kept_apart()
    {
        Probe metrics = await Metrics.Stored(
            Cumulative(Point(1, "\"asInt\":5", Time)).Replace("\"m\"", "\"twice\"", StringComparison.Ordinal), Gauge(Point(2, "\"asInt\":7", Time)).Replace("\"g\"", "\"twice\"", StringComparison.Ordinal),
            Cumulative(Point(3, "\"asInt\":6", Time)).Replace("\"m\"", "\"twice\"", StringComparison.Ordinal));
        Assert.Equal("twice | sum | 5\ntwice | gauge | 7\ntwice | sum | 1", metrics.Rows("metric_name, kind, value"));
        await metrics.AssertAlive();
    }

    [Fact]
    public async Task G_26_Metadata_and_description_of_a_metric_are_passed_over()
    {
        Probe metrics = await Metrics.Stored(Delta(Point(1, "\"asInt\":5")).Replace(
            "\"name\"", "\"metadata\":[{\"key\":\"m\",\"value\":{\"boolValue\":true}}],\"description\":\"d\",\"name\"", StringComparison.Ordinal));
        Assert.Equal("m | 5 | {}", metrics.Rows("metric_name, value, attributes"));
    }
}
