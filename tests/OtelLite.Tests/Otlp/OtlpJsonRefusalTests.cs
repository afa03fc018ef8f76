using System.Text.Json;

namespace OtelLite.Tests.Otlp;

/// <summary>A body that is no OTLP/JSON request is refused with one sentence, never with an exception.</summary>
public sealed class OtlpJsonRefusalTests
{
    public static TheoryData<string> NoRequests() =>
    [
        "", " ", "\r\n\t", "\uFEFF", "\uFEFF ", "null", "true", "1234", "\"x\"", "[]", "[{}]",
        "{", "{\"", "{\"resourceLogs\"", "{\"resourceLogs\":", "{\"resourceLogs\":[", "{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{",
        "{} x", "{}{}", "{},", "{}\0", "\0", "{\"a\":1,}", "{/**/}", "{'a':1}", "{a:1}", "{\"a\":NaN}", "{\"a\":01}", "{\"a\":\"\\x\"}",
        "{\"a\":\"\\ud83\"}", "{\"a\":\"\n\"}", "{\"a\":\"", "<html></html>",
        """{"resourceLogs":{}}""", """{"resourceLogs":[1]}""", """{"resourceLogs":["x"]}""", """{"resourceMetrics":[[]]}""", """{"resourceMetrics":true}""",
        """{"resourceLogs":[{"resource":[]}]}""", """{"resourceLogs":[{"scopeLogs":[{"scope":"s"}]}]}""",
        """{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":1}]}]}]}""", """{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"sum":[]}]}]}]}""",
        """{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"attributes":{}}]}]}]}""", """{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":"text"}]}]}]}""",
        """{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"attributes":[{"key":5}]}]}]}]}""",
        """{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"arrayValue":[]}}]}]}]}""",
        """{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"kvlistValue":{"values":[1]}}}]}]}]}""",
    ];

    [Theory]
    [MemberData(nameof(NoRequests))]
    public void What_is_no_request_is_refused_with_one_sentence(string body)
    {
        string error = Decoded.ErrorOf(body);
        Assert.StartsWith("the body is ", error, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error);
        Assert.DoesNotContain("LineNumber", error, StringComparison.Ordinal);
        Assert.InRange(error.Length, 30, 250);
    }

    [Fact]
    public void The_sentence_says_where() => Assert.Equal(
        "the body is not valid OTLP/JSON at line 3, byte 25: a metric must be an object, not a number",
        Decoded.ErrorOf("{\"resourceMetrics\":[\n{\"scopeMetrics\":[\n {\"metrics\":[       12345]}]}]}"));

    // The sentences end in .NET's own words. The tests' process always has them; the program only if it is built to.
    [Fact]
    public void The_program_is_built_with_the_words_of_its_sentences()
    {
        string built = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "otellite.runtimeconfig.json"));
        using JsonDocument config = JsonDocument.Parse(built);
        JsonElement properties = config.RootElement.GetProperty("runtimeOptions").GetProperty("configProperties");
        Assert.False(properties.GetProperty("System.Resources.UseSystemResourceKeys").GetBoolean());
    }

    [Fact]
    public void One_record_past_the_limit_of_a_request_is_refused_and_the_next_request_is_not()
    {
        static string Records(int count) => Export.Logs(Repeat("{},", count - 1) + "{}");
        Assert.Contains("send smaller batches", Decoded.ErrorOf(Records(Limits.RecordsPerRequestMax + 1)), StringComparison.Ordinal);
        Assert.Equal(Limits.RecordsPerRequestMax, Decoded.Of(Records(Limits.RecordsPerRequestMax)).Records.Count);
    }

    [Fact]
    public void One_attribute_past_the_limit_of_a_request_is_refused_though_a_record_keeps_far_fewer()
    {
        static string Attributes(int count) => Export.Logs(Export.Record("\"attributes\":[" + Repeat("{},", count - 1) + "{}]"));
        Assert.Contains("send smaller batches", Decoded.ErrorOf(Attributes(Limits.AttributesPerRequestMax + 1)), StringComparison.Ordinal);
        Assert.Single(Decoded.Of(Attributes(Limits.AttributesPerRequestMax)).Records);
    }

    [Theory]
    [InlineData("[", "]")]
    [InlineData("{\"a\":", "}")]
    public void Nesting_one_past_the_limit_is_refused_and_ten_thousand_levels_do_not_break_the_stack(string open, string close)
    {
        // The root object is the first level.
        string Nested(int levels) => "{\"zzz\":" + Repeat(open, levels - 1) + "0" + Repeat(close, levels - 1) + "}";
        Assert.Empty(Decoded.Of(Nested(Limits.JsonDepthMax)).Records);
        Assert.Contains($"maximum configured depth of {Limits.JsonDepthMax}", Decoded.ErrorOf(Nested(Limits.JsonDepthMax + 1)), StringComparison.Ordinal);
        Assert.NotEmpty(Decoded.ErrorOf(Nested(10_000)));
        Assert.NotEmpty(Decoded.ErrorOf(Repeat(open, 10_000)));
    }

    [Fact]
    public void Eighty_arrays_inside_each_other_are_kept_and_ten_thousand_are_refused()
    {
        string Nested(int arrays) => Repeat("""{"arrayValue":{"values":[""", arrays) + Repeat("]}}", arrays);
        Assert.Equal(Repeat("[", 80) + Repeat("]", 80), Decoded.ValueOf(Nested(80)));
        Assert.NotEmpty(Decoded.ErrorOf(Export.Logs(Export.Record($"\"body\":{Nested(10_000)}"))));
    }

    [Fact]
    public void Maps_inside_each_other_are_read_without_reading_each_level_twice_as_often()
    {
        // Each level's value is read from a copy of the reader. If that doubled, 60 levels would outlast the sun.
        string value = """{"intValue":"1"}""";
        for (int i = 0; i < 60; i++)
        {
            value = Export.Map(Export.Attribute("k", value));
        }

        Assert.Equal(Repeat("{\"k\":", 60) + "1" + Repeat("}", 60), Decoded.ValueOf(value));
    }

    private static string Repeat(string text, int times) => string.Concat(Enumerable.Repeat(text, times));
}
