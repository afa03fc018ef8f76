namespace OtelLite.Tests.Otlp;

/// <summary>ProtoJSON's numbers: as numbers, as strings, with exponents, and beyond what fits.</summary>
public sealed class OtlpJsonNumberTests
{
    [Theory]
    [InlineData("5", "5")]
    [InlineData("\"5\"", "5")]
    [InlineData("-5", "-5")]
    [InlineData("0", "0")]
    [InlineData("1e3", "1000")]
    [InlineData("\"1e3\"", "1000")]
    [InlineData("1.0", "1")]
    [InlineData("9223372036854775807", "9223372036854775807")]
    [InlineData("\"-9223372036854775808\"", "-9223372036854775808")]
    [InlineData("9007199254740993", "9007199254740993")]
    public void An_intValue_is_kept_to_the_last_digit_in_every_form_it_may_have(string sent, string stored) =>
        Assert.Equal(stored, Decoded.ValueOf($$"""{"intValue":{{sent}}}"""));

    [Theory]
    [InlineData("1.5")]
    [InlineData("\"1.5\"")]
    [InlineData("\"five\"")]
    [InlineData("\"\"")]
    [InlineData("\"NaN\"")]
    [InlineData("1e999")]
    [InlineData("true")]
    [InlineData("{}")]
    [InlineData("[1]")]
    public void What_is_no_integer_is_refused_with_a_sentence(string sent)
    {
        string body = Export.Logs(Export.Record($"\"attributes\":[{Export.Attribute("a", $$"""{"intValue":{{sent}}}""")}]"));
        Assert.StartsWith("the body is not valid OTLP/JSON at line 1, byte ", Decoded.ErrorOf(body), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("5", 5L)]
    [InlineData("\"-5\"", -5L)]
    [InlineData("1e3", 1000L)]
    [InlineData("9223372036854775807", long.MaxValue)]
    public void An_asInt_stays_an_integer(string sent, long expected) =>
        Assert.Equal(expected, ValueOfPoint($"\"asInt\":{sent}"));

    [Theory]
    [InlineData("1", 1)]
    [InlineData("\"1.5\"", 1.5)]
    [InlineData("-2.5e-3", -0.0025)]
    [InlineData("1.7976931348623157e308", double.MaxValue)]
    [InlineData("5e-324", double.Epsilon)]
    [InlineData("0", 0)]
    [InlineData("\"0\"", 0)]
    [InlineData("\"NaN\"", double.NaN)]
    [InlineData("\"Infinity\"", double.PositiveInfinity)]
    [InlineData("\"-Infinity\"", double.NegativeInfinity)]
    public void An_asDouble_comes_out_exactly(string sent, double expected) =>
        Assert.Equal(expected, ValueOfPoint($"\"asDouble\":{sent}"));

    [Theory]
    [InlineData("1", "1.0")]
    [InlineData("0.1", "0.1")]
    [InlineData("\"5e-324\"", "5E-324")]
    [InlineData("1e21", "1E+21")]
    [InlineData("\"NaN\"", "\"NaN\"")]
    [InlineData("\"Infinity\"", "\"Infinity\"")]
    [InlineData("\"-Infinity\"", "\"-Infinity\"")]
    [InlineData("null", "null")]
    public void A_doubleValue_is_stored_as_a_real_that_reads_back_the_same(string sent, string stored)
    {
        Assert.Equal(stored, Decoded.ValueOf($$"""{"doubleValue":{{sent}}}"""));
        Assert.Equal($"[{stored}]", Decoded.ValueOf(Export.Array($$"""{"doubleValue":{{sent}}}""")));
    }

    [Theory]
    [InlineData("\"1763800060000000001\"", 1763800060000000001ul)]
    [InlineData("1763800060000000001", 1763800060000000001ul)]
    [InlineData("1.7638e18", 1763800000000000000ul)]
    [InlineData("9223372036854775807", 9223372036854775807ul)]
    public void A_time_is_kept_to_the_nanosecond(string sent, ulong expected)
    {
        Assert.Equal(expected, Decoded.Of(Export.Logs(Export.Record($"\"timeUnixNano\":{sent}"))).Records.Single().Time);
        string point = Export.Point($"\"timeUnixNano\":{sent},\"startTimeUnixNano\":{sent},\"asInt\":1");
        DecodedPoint decoded = Decoded.Of(Export.Metrics(Export.Sum("m", [point]))).Points.Single();
        Assert.Equal((expected, expected), (decoded.Time, decoded.Start));
    }

    // SQLite's integers end in 2262; a later time would come out negative.
    [Theory]
    [InlineData("9223372036854775808")]
    [InlineData("\"18446744073709551615\"")]
    public void A_time_after_2262_counts_as_none(string sent)
    {
        DecodedRecord record = Decoded.Of(Export.Logs(Export.Record($"\"timeUnixNano\":{sent},\"observedTimeUnixNano\":{sent}"))).Records.Single();
        Assert.Equal((0ul, 0ul), (record.Time, record.Observed));
        string start = Export.Point($"\"startTimeUnixNano\":{sent},\"timeUnixNano\":\"{Export.Time}\",\"asInt\":1");
        Assert.Equal(0ul, Decoded.Of(Export.Metrics(Export.Sum("m", [start]))).Points.Single().Start);
    }

    [Fact]
    public void What_is_wrong_with_a_value_is_told_without_the_value_which_may_be_somebodys_text() =>
        Assert.DoesNotContain("secret", Decoded.ErrorOf(Export.Logs(Export.Record("\"timeUnixNano\":\"a secret\""))), StringComparison.Ordinal);

    [Theory]
    [InlineData("-1")]
    [InlineData("\"18446744073709551616\"")]
    [InlineData("1.5")]
    [InlineData("\"yesterday\"")]
    public void A_time_that_is_no_unsigned_integer_is_refused(string sent) => Assert.Contains(
        "is not an unsigned 64-bit integer", Decoded.ErrorOf(Export.Logs(Export.Record($"\"timeUnixNano\":{sent}"))), StringComparison.Ordinal);

    [Theory]
    [InlineData("\"flags\":4294967296")]
    [InlineData("\"flags\":-1")]
    [InlineData("\"severityNumber\":2147483648")]
    [InlineData("\"severityNumber\":\"SEVERITY_NUMBER_INFO\"")]
    public void A_number_that_does_not_fit_its_field_is_refused(string member) => Assert.NotEmpty(Decoded.ErrorOf(Export.Logs(Export.Record(member))));

    [Theory]
    [InlineData("true", "true")]
    [InlineData("\"true\"", "true")]
    [InlineData("false", "false")]
    [InlineData("\"false\"", "false")]
    public void A_boolValue_may_be_a_string(string sent, string stored)
    {
        Assert.Equal(stored, Decoded.ValueOf($$"""{"boolValue":{{sent}}}"""));
        Assert.Equal($"[{stored}]", Decoded.ValueOf(Export.Array($$"""{"boolValue":{{sent}}}""")));
    }

    [Fact]
    public void A_boolValue_that_is_a_number_is_refused() => Assert.Contains(
        "a boolean was expected, not a number",
        Decoded.ErrorOf(Export.Logs(Export.Record($"\"attributes\":[{Export.Attribute("a", """{"boolValue":1}""")}]"))), StringComparison.Ordinal);

    private static string BodyOfPoint(string value) => Export.Metrics(Export.Sum("m", [Export.Point($"\"timeUnixNano\":\"{Export.Time}\",{value}")]));

    private static object? ValueOfPoint(string value) => Decoded.Of(BodyOfPoint(value)).Points.Single().Value;
}
