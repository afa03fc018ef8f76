using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;

namespace OtelLite.Tests.Conformance;

/// <summary>What histograms, exponential histograms, summaries and exemplars must be, and that a bad one costs itself alone.</summary>
public sealed class DistributionTests(SharedServer shared) : IClassFixture<SharedServer>
{
    private Probe Metrics => new(shared.Server, "metrics");

    private static string Of(string kind, params string[] points)
    {
        string temporality = kind == "summary" ? "" : "\"aggregationTemporality\":1,";
        return $$$"""{"name":"d","{{{kind}}}":{ {{{temporality}}}"dataPoints":[{{{string.Join(',', points.Select(p => $$"""{"timeUnixNano":1,{{p}}}"""))}}}]}}""";
    }

    // One bad point between two good ones.
    private async Task AssertRejected(string kind, string bad, string because)
    {
        Probe metrics = Metrics;
        ExportAnswer answer = await metrics.Send(Of(kind, "\"count\":0", bad, "\"count\":0"));
        Assert.Equal((HttpStatusCode.OK, "1"), (answer.Status, (string?)answer.Json["partialSuccess"]?["rejectedDataPoints"]));
        Assert.Contains(because, answer.Warning, StringComparison.Ordinal);
        Assert.Equal(2, metrics.Count);
    }

    [Theory]
    [InlineData("\"count\":3,\"bucketCounts\":[1,2],\"explicitBounds\":[1,2]", "2 bucketCounts for 2 explicitBounds")]
    [InlineData("\"count\":3,\"bucketCounts\":[1,1,1],\"explicitBounds\":[1]", "3 bucketCounts for 1 explicitBounds")]
    [InlineData("\"count\":0,\"explicitBounds\":[1]", "0 bucketCounts for 1 explicitBounds")]
    [InlineData("\"count\":4,\"bucketCounts\":[1,2],\"explicitBounds\":[1]", "do not add up to count")]
    [InlineData("\"count\":3,\"bucketCounts\":[1,1,1],\"explicitBounds\":[1,1]", "do not increase")]
    [InlineData("\"count\":3,\"bucketCounts\":[1,1,1],\"explicitBounds\":[2,1]", "do not increase")]
    [InlineData("\"count\":3,\"bucketCounts\":[1,2],\"explicitBounds\":[\"NaN\"]", "do not increase")]
    [InlineData("\"count\":0,\"sum\":1", "sum is not 0")]
    [InlineData("\"count\":0,\"sum\":\"NaN\"", "sum is not 0")]
    public async Task G_17_A_histogram_whose_parts_do_not_fit_is_rejected(string bad, string because) => await AssertRejected("histogram", bad, because);

    [Fact]
    public async Task G_17_The_most_buckets_are_kept_and_one_more_costs_the_point_alone()
    {
        static string Buckets(int count) =>
            $"\"count\":0,\"bucketCounts\":[{string.Join(',', Enumerable.Repeat(0, count))}],\"explicitBounds\":[{string.Join(',', Enumerable.Range(0, count - 1))}]";
        Probe most = await Metrics.Stored(Of("histogram", Buckets(Limits.BucketsPerPointMax)));
        Assert.Equal($"{Limits.BucketsPerPointMax}", most.Rows("json_array_length(shape, '$.bucketCounts')"));
        await AssertRejected("histogram", Buckets(Limits.BucketsPerPointMax + 1), $"more than {Limits.BucketsPerPointMax} buckets");
    }

    [Theory]
    [InlineData("\"count\":3,\"sum\":7", """{"count":3,"sum":7.0,"bucketCounts":[],"explicitBounds":[]}""")]
    [InlineData("\"count\":3", """{"count":3,"bucketCounts":[],"explicitBounds":[]}""")]
    [InlineData("\"count\":3,\"bucketCounts\":[3]", """{"count":3,"bucketCounts":[3],"explicitBounds":[]}""")]
    [InlineData("\"count\":0,\"sum\":0,\"bucketCounts\":[0,0],\"explicitBounds\":[1]", """{"count":0,"sum":0.0,"bucketCounts":[0,0],"explicitBounds":[1.0]}""")]
    [InlineData("\"count\":2,\"sum\":-3,\"bucketCounts\":[1,1,0],\"explicitBounds\":[-2.5,\"Infinity\"]", """{"count":2,"sum":-3.0,"bucketCounts":[1,1,0],"explicitBounds":[-2.5,"Infinity"]}""")]
    public async Task G_17_A_histogram_with_or_without_buckets_keeps_its_shape(string point, string shape) =>
        Assert.Equal(shape, (await Metrics.Stored(Of("histogram", point))).Rows("shape"));

    [Fact]
    public async Task G_18_A_bucket_reaches_from_the_bound_before_it_to_its_own()
    {
        // Of 1, 2, 2, 3 and 9 the sender has counted each value on a bound in the bucket that the bound ends.
        Probe metrics = await Metrics.Stored(
            Of("histogram", "\"count\":5,\"sum\":17,\"min\":1,\"max\":9,\"bucketCounts\":[1,2,1,1],\"explicitBounds\":[1,2,5]", "\"count\":5,\"bucketCounts\":[1,2,1,1],\"explicitBounds\":[1,2,5]"));
        Assert.Equal("17 | 1 | 9\nNULL | NULL | NULL", metrics.Rows("shape ->> 'sum', shape ->> 'min', shape ->> 'max'"));
        // How many are at most a bound is the sum of the buckets up to it: what any quantile is made of.
        Assert.Equal("1=1 2=3 5=4\n1=1 2=3 5=4", metrics.Rows("""
            (SELECT group_concat(CAST(bound.value AS INTEGER) || '=' || (SELECT sum(counts.value) FROM json_each(shape, '$.bucketCounts') counts WHERE counts.key <= bound.key), ' ')
             FROM json_each(shape, '$.explicitBounds') bound)
            """));
    }

    [Theory]
    [InlineData(3, 4, 1.414, 1.542)]
    [InlineData(-1, 1, 4, 16)]
    [InlineData(0, -3, 0.125, 0.25)]
    [InlineData(20, 1_048_576, 2, 2.000001322)]
    public async Task G_19_The_buckets_of_an_exponential_histogram_keep_their_bounds(int scale, int offset, double lower, double upper)
    {
        Probe metrics = await Metrics.Stored(Of("exponentialHistogram",
            $$"""
            "count":9,"sum":3.5,"scale":{{scale}},"zeroCount":2,"zeroThreshold":0.5,"min":-1.5,"max":2,"positive":{"offset":{{offset}},"bucketCounts":[4]},"negative":{"offset":-1,"bucketCounts":[0,3]}
            """));
        Assert.Equal(
            $$$"""{"count":9,"sum":3.5,"min":-1.5,"max":2.0,"scale":{{{scale}}},"zeroCount":2,"zeroThreshold":0.5,"positive":{"offset":{{{offset}}},"bucketCounts":[4]},"negative":{"offset":-1,"bucketCounts":[0,3]}}""",
            metrics.Rows("shape"));
        double Bound(int at) => double.Parse(
            metrics.Rows($"pow(2.0, pow(2.0, -(shape ->> 'scale')) * ((shape ->> '$.positive.offset') + {at}))"), CultureInfo.InvariantCulture);
        Assert.Equal(lower, Bound(0), 3e-4);
        Assert.Equal(upper, Bound(1), 3e-4);
    }

    [Theory]
    [InlineData("\"count\":1,\"scale\":1000000,\"positive\":{\"bucketCounts\":[1]}", "scale 1000000")]
    [InlineData("\"count\":1,\"scale\":-1000000,\"positive\":{\"bucketCounts\":[1]}", "scale -1000000")]
    [InlineData("\"count\":1,\"scale\":0,\"positive\":{\"offset\":2147483647,\"bucketCounts\":[1]}", "beyond what a double can hold")]
    [InlineData("\"count\":1,\"scale\":0,\"negative\":{\"offset\":-2147483648,\"bucketCounts\":[1]}", "beyond what a double can hold")]
    [InlineData("\"count\":1,\"scale\":-10,\"positive\":{\"offset\":2,\"bucketCounts\":[1]}", "beyond what a double can hold")]
    [InlineData("\"count\":3,\"zeroCount\":1,\"positive\":{\"bucketCounts\":[1]},\"negative\":{\"bucketCounts\":[2]}", "do not add up to count")]
    public async Task G_19_An_exponential_histogram_that_no_double_can_hold_is_rejected_at_once(string bad, string because)
    {
        var time = Stopwatch.StartNew();
        await AssertRejected("exponentialHistogram", bad, because);
        // Walking over the buckets between would take minutes.
        Assert.InRange(time.Elapsed.TotalSeconds, 0, 5);
    }

    [Fact]
    public async Task G_22_A_summary_keeps_its_quantiles_and_counts_from_its_start()
    {
        const string summary = """
            {"name":"d","summary":{"dataPoints":[
            {"startTimeUnixNano":1,"timeUnixNano":2,"count":4,"sum":8,"quantileValues":[{"quantile":0,"value":1},{"quantile":0.5,"value":1.5},{"quantile":1,"value":4}]},
            {"startTimeUnixNano":1,"timeUnixNano":3,"count":6,"sum":11.5,"quantileValues":[{"quantile":0.99,"value":"NaN"}]},
            {"startTimeUnixNano":1,"timeUnixNano":4,"count":6,"sum":11.5,"quantileValues":[{"quantile":0.5,"value":null}]}]}}
            """;
        Probe metrics = await Metrics.Stored(summary);
        Assert.Equal(
            "8 | {\"count\":4,\"sum\":8.0,\"quantileValues\":[{\"quantile\":0.0,\"value\":1.0},{\"quantile\":0.5,\"value\":1.5},{\"quantile\":1.0,\"value\":4.0}]}\n"
            + "3.5 | {\"count\":6,\"sum\":11.5,\"quantileValues\":[{\"quantile\":0.99,\"value\":\"NaN\"}]}\n"
            + "0 | {\"count\":6,\"sum\":11.5,\"quantileValues\":[{\"quantile\":0.5,\"value\":\"NaN\"}]}",
            metrics.Rows("value, shape"));
    }

    [Theory]
    [InlineData("{\"quantile\":1.5,\"value\":1}")]
    [InlineData("{\"quantile\":-0.1,\"value\":1}")]
    [InlineData("{\"quantile\":\"NaN\",\"value\":1}")]
    [InlineData("{\"quantile\":0.5,\"value\":1},{\"quantile\":0.5,\"value\":2}")]
    [InlineData("{\"quantile\":0.9,\"value\":1},{\"quantile\":0.5,\"value\":2}")]
    [InlineData("{\"quantile\":0.5,\"value\":-1}")]
    public async Task G_22_A_summary_whose_quantiles_are_none_is_rejected(string quantiles)
    {
        await AssertRejected("summary", $"\"count\":1,\"sum\":1,\"quantileValues\":[{quantiles}]", "increasing quantiles from 0 to 1");
        await Metrics.AssertAlive();
    }

    [Fact]
    public async Task G_23_Exemplars_are_stored_with_their_ids_in_hex()
    {
        const string exemplars = """
            "exemplars":[{"timeUnixNano":"1763800060000000001","asDouble":1.5,"traceId":"5B8EFFF798038103D269B633813FC60C","spanId":"EEE19B7EC3C1B174",
            "filteredAttributes":[{"key":"a","value":{"stringValue":"x"}}]},{"timeUnixNano":7,"asInt":"-2"},{"timeUnixNano":8}]
            """;
        const string stored = """
            [{"timeUnixNano":1763800060000000001,"value":1.5,"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","filteredAttributes":{"a":"x"}},{"timeUnixNano":7,"value":-2},{"timeUnixNano":8,"value":null}]
            """;
        Probe metrics = await Metrics.Stored(
            Of("sum", $"\"asInt\":1,{exemplars}"), Of("gauge", $"\"asInt\":1,{exemplars}"), Of("histogram", $"\"count\":0,{exemplars}"), Of("exponentialHistogram", $"\"count\":0,{exemplars}"));
        Assert.Equal(string.Join('\n', Enumerable.Repeat(stored, 4)), metrics.Rows("exemplars"));
    }
}
