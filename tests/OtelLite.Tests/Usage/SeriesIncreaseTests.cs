using System.Text;
using OtelLite.Otlp;
using OtelLite.Telemetry;
using OtelLite.Tests.Otlp;
using OtelLite.Usage;

namespace OtelLite.Tests.Usage;

/// <summary>What a point adds, for every temporality; and which points are of one series.</summary>
public sealed class SeriesIncreaseTests
{
    private static readonly DataPoint Cumulative = new()
    {
        Kind = MetricKind.Sum,
        Temporality = AggregationTemporality.Cumulative,
        IsMonotonic = true,
        HasValue = true,
        StartTimeUnixNano = 100,
    };

    [Fact]
    public void A_delta_point_adds_what_it_says_and_needs_no_memory()
    {
        DataPoint point = Cumulative with { Temporality = AggregationTemporality.Delta, AsDouble = 2.5, TimeUnixNano = 200 };
        Assert.False(SeriesIncrease.NeedsState(point));
        Assert.Equal(2.5, SeriesIncrease.Stateless(point));
        Assert.Equal(-3, SeriesIncrease.Stateless(point with { IsInt = true, AsInt = -3 }));
    }

    [Fact]
    public void A_gauge_stays_as_it_is_even_where_it_says_cumulative()
    {
        DataPoint point = Cumulative with { Kind = MetricKind.Gauge, AsDouble = 41.5 };
        Assert.False(SeriesIncrease.NeedsState(point));
        Assert.Equal(41.5, SeriesIncrease.Stateless(point));
    }

    [Fact]
    public void An_unspecified_temporality_counts_as_delta()
    {
        DataPoint point = Cumulative with { Temporality = AggregationTemporality.Unspecified, AsDouble = 7 };
        Assert.False(SeriesIncrease.NeedsState(point));
        Assert.Equal(7, SeriesIncrease.Stateless(point));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void No_recorded_value_adds_nothing_whatever_value_came_with_it(int temporality)
    {
        DataPoint point = Cumulative with { Temporality = (AggregationTemporality)temporality, AsDouble = 99, Flags = 3 };
        Assert.False(SeriesIncrease.NeedsState(point));
        Assert.Equal(0, SeriesIncrease.Stateless(point));
        Assert.Equal(99, SeriesIncrease.Stateless(point with { Flags = 2, Temporality = AggregationTemporality.Delta }));
    }

    // A sum with such a value in it would be that value for ever.
    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(double.NegativeInfinity)]
    public void A_sum_that_is_no_number_adds_nothing_and_leaves_its_series_alone(double value)
    {
        foreach (AggregationTemporality temporality in (AggregationTemporality[])[AggregationTemporality.Delta, AggregationTemporality.Cumulative])
        {
            DataPoint point = Cumulative with { Temporality = temporality, AsDouble = value, TimeUnixNano = 200 };
            Assert.False(SeriesIncrease.NeedsState(point));
            Assert.Equal(0, SeriesIncrease.Stateless(point));
        }
    }

    [Fact]
    public void A_cumulative_series_adds_its_first_value_and_then_its_growth() =>
        Assert.Equal([3, 2, 0, 1.5], Increases((200, 3), (300, 5), (400, 5), (500, 6.5)));

    [Fact]
    public void A_series_that_starts_at_its_first_points_time_was_reset_then_and_adds_only_what_follows() =>
        Assert.Equal([0, 10], Increases((100, 100), (200, 110)));

    [Fact]
    public void A_lower_value_of_a_monotonic_series_is_a_reset() =>
        Assert.Equal([10, 5, 2, 1], Increases((200, 10), (300, 15), (400, 2), (500, 3)));

    [Fact]
    public void A_series_that_may_fall_adds_a_negative_amount() =>
        Assert.Equal([10, -4, 1], Increases(Cumulative with { IsMonotonic = false }, (200, 10), (300, 6), (400, 7)));

    [Fact]
    public void A_late_or_repeated_point_adds_nothing_because_a_newer_one_contains_it() =>
        Assert.Equal([3, 6, 0, 0, 0, 1], Increases((200, 3), (400, 9), (400, 9), (300, 5), (400, 50), (500, 10)));

    [Fact]
    public void However_a_monotonic_series_is_cut_it_adds_up_to_its_last_value()
    {
        for (int seed = 0; seed < 50; seed++)
        {
            var random = new Random(seed);
            ulong time = 100;
            long value = 0;
            List<(ulong, double)> points = [];
            for (int i = 0; i < 40; i++)
            {
                time += (ulong)random.Next(1, 5);
                value += random.Next(0, 1000);
                points.AddRange(Enumerable.Repeat((time, (double)value), random.Next(1, 3)));
            }

            Assert.Equal(value, Increases([.. points]).Sum());
        }
    }

    [Fact]
    public void The_order_of_attributes_does_not_make_another_series() =>
        Assert.Equal(Key(Export.Text("a", "1"), Export.Int("b", 2), Export.Text("c", "")), Key(Export.Int("b", 2), Export.Text("c", ""), Export.Text("a", "1")));

    [Fact]
    public void Other_keys_values_types_or_owners_make_another_series()
    {
        UInt128[] keys =
        [
            Key(),
            Key(Export.Text("a", "1")),
            Key(Export.Text("a", "2")),
            Key(Export.Text("b", "1")),
            Key(Export.Int("a", 1)),
            Key(Export.Attribute("a", """{"doubleValue":1}""")),
            Key(Export.Attribute("a", """{"boolValue":true}""")),
            Key(Export.Attribute("a", Export.Array("""{"intValue":1}"""))),
            Key(Export.Attribute("a", "{}")),
            Key(Export.Text("a", "")),
            Key(Export.Text("a", "1"), Export.Text("b", "2")),
            Key(Export.Text("a", "2"), Export.Text("b", "1")),
            Key(Export.Text("a", "b"), Export.Text("b", "a")),
            Key(Export.Text("a", "a"), Export.Text("b", "b")),
        ];
        Assert.Equal(keys.Length, keys.Distinct().Count());
    }

    [Theory]
    [InlineData("\"name\":\"m\"", "\"name\":\"n\"")]
    [InlineData("\"unit\":\"u\"", "\"unit\":\"v\"")]
    [InlineData("\"isMonotonic\":true", "\"isMonotonic\":false")]
    [InlineData("\"startTimeUnixNano\":1", "\"startTimeUnixNano\":2")]
    [InlineData("\"name\":\"s\"", "\"name\":\"t\"")]
    [InlineData("\"version\":\"1\"", "\"version\":\"2\"")]
    [InlineData("\"intValue\":11", "\"intValue\":12")]
    [InlineData("\"intValue\":21", "\"intValue\":22")]
    public void Everything_that_identifies_a_series_tells_two_apart(string part, string other)
    {
        Assert.Contains(part, Identified, StringComparison.Ordinal);
        Assert.NotEqual(KeyOf(Identified), KeyOf(Identified.Replace(part, other, StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("\"timeUnixNano\":3", "\"timeUnixNano\":4")]
    [InlineData("\"asInt\":5", "\"asDouble\":6.5")]
    [InlineData("\"description\":\"d\"", "\"description\":\"e\"")]
    public void What_changes_from_point_to_point_is_no_part_of_the_series(string part, string other)
    {
        Assert.Contains(part, Identified, StringComparison.Ordinal);
        Assert.Equal(KeyOf(Identified), KeyOf(Identified.Replace(part, other, StringComparison.Ordinal)));
    }

    private const string Identified = """
        {"resourceMetrics":[{"resource":{"attributes":[{"key":"r","value":{"intValue":11}}]},"scopeMetrics":[{
        "scope":{"name":"s","version":"1","attributes":[{"key":"p","value":{"intValue":21}}]},"metrics":[{"name":"m","unit":"u","description":"d",
        "sum":{"aggregationTemporality":2,"isMonotonic":true,"dataPoints":[{"startTimeUnixNano":1,"timeUnixNano":3,"asInt":5}]}}]}]}]}
        """;

    private static double[] Increases(params (ulong Time, double Value)[] points) => Increases(Cumulative, points);

    private static double[] Increases(DataPoint like, params (ulong Time, double Value)[] points)
    {
        SeriesState? state = null;
        List<double> increases = [];
        foreach ((ulong time, double value) in points)
        {
            DataPoint point = like with { TimeUnixNano = time, AsDouble = value };
            Assert.True(SeriesIncrease.NeedsState(point));
            increases.Add(SeriesIncrease.Cumulative(point, state, out SeriesState after));
            state = after;
        }

        return [.. increases];
    }

    private static UInt128 Key(params string[] attributes) => KeyOf(Export.Metrics(Export.Sum("m", [Export.Point(1, Export.Time, attributes)], temporality: 2)));

    private static UInt128 KeyOf(string body)
    {
        Assert.True(OtlpJson.TryRead(Encoding.UTF8.GetBytes(body), out TelemetryBatch batch, out string error), error);
        UInt128 key = Timeseries.Key(batch, batch.DataPoints[0]);
        batch.Return();
        return key;
    }
}
