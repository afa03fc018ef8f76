using System.Text;
using CsCheck;
using OtelLite.ClaudeSettings;

namespace OtelLite.Tests.ClaudeSettings;

/// <summary>A settings text is changed where it must be, and nowhere else.</summary>
public sealed class SettingsTextTests
{
    private static SettingsText Parse(string text) => SettingsText.Parse(Encoding.UTF8.GetBytes(text));

    private static string Text(SettingsText text) => Encoding.UTF8.GetString(text.Bytes);

    [Theory]
    [InlineData("{\n  \"a\": 1\n}\n", "{\n  \"a\": 1,\n  \"env\": {\n    \"X\": \"1\"\n  }\n}\n")]
    [InlineData("{\n    \"a\": 1\n}", "{\n    \"a\": 1,\n    \"env\": {\n        \"X\": \"1\"\n    }\n}")]
    [InlineData("{\r\n\t\"a\": 1\r\n}\r\n", "{\r\n\t\"a\": 1,\r\n\t\"env\": {\r\n\t\t\"X\": \"1\"\r\n\t}\r\n}\r\n")]
    [InlineData("{\"a\":1}", "{\"a\":1,\"env\":{\"X\":\"1\"}}")]
    [InlineData("{\"a\": 1, \"b\": 2}", "{\"a\": 1, \"b\": 2, \"env\": {\"X\": \"1\"}}")]
    [InlineData("{}\n", "{\n  \"env\": {\n    \"X\": \"1\"\n  }\n}\n")]
    [InlineData("", "{\n  \"env\": {\n    \"X\": \"1\"\n  }\n}\n")]
    [InlineData(" \n", "{\n  \"env\": {\n    \"X\": \"1\"\n  }\n}\n")]
    public void What_is_added_is_laid_out_like_the_file(string before, string after) =>
        Assert.Equal(after, Text(Parse(before).With(["env"], "{}").With(["env", "X"], "\"1\"")));

    [Fact]
    public void What_stands_around_a_change_stays_to_the_byte()
    {
        const string before = "{ \"x\" :1.0e0 ,\n\n  \"env\": {\"B\":\"\\u00e4\",   \"A\" : \"old\" },\n\t\"y\": [ 1,2 ] }\n\n";
        string after = before.Replace("\"old\"", "\"new\"", StringComparison.Ordinal);
        Assert.Equal(after, Text(Parse(before).With(["env", "A"], "\"new\"")));
    }

    [Fact]
    public void A_list_is_laid_out_too_and_no_character_is_escaped_that_need_not_be()
    {
        SettingsText text = Parse("{\n  \"a\": 1\n}").With(["list"], "[]").WithElement(["list"], """{"c":["it's ä & <b>"]}""");
        Assert.Equal("{\n  \"a\": 1,\n  \"list\": [\n    {\n      \"c\": [\n        \"it's ä & <b>\"\n      ]\n    }\n  ]\n}", Text(text));
    }

    [Fact]
    public void What_was_added_and_taken_out_again_leaves_no_trace() =>
        (from members in Gen.Select(Gen.String[Gen.Char.AlphaNumeric, 1, 5], Gen.OneOfConst("1", "\"s\"", "null", "[ 1, {\"z\":2} ]", "{ }", "{\"q\": true}")).List[0, 6]
         from blank in Gen.OneOfConst("", " ", "\n  ", "\n\t", "\r\n    ")
         from mark in Gen.Bool
         select (mark ? "\uFEFF" : "") + "{" + string.Join(",", members.Select(m => $"{blank}\"{m.Item1}\":{m.Item2}")) + "}").Sample(before =>
         {
             SettingsText text = Parse(before).With(["new key"], "{}").With(["new key", "A"], "\"1\"").With(["new key", "B"], "{\"x\":[1]}");
             Assert.NotEqual(before, Text(text));
             Assert.Equal(before, Text(text.Without(["new key", "A"]).Without(["new key", "B"]).Without(["new key"])));
         });

    [Theory]
    [InlineData("{\"a\":1,\"b\":2,\"c\":3}", "a", "{\"b\":2,\"c\":3}")]
    [InlineData("{\"a\":1,\"b\":2,\"c\":3}", "b", "{\"a\":1,\"c\":3}")]
    [InlineData("{\n  \"a\": 1,\n  \"b\": 2\n}", "b", "{\n  \"a\": 1\n}")]
    [InlineData("{\n  \"a\": 1\n}", "a", "{}")]
    public void What_is_taken_out_takes_its_comma_along(string before, string name, string after) => Assert.Equal(after, Text(Parse(before).Without([name])));

    [Fact]
    public void Of_a_name_that_comes_twice_the_last_counts_as_it_does_for_the_client()
    {
        SettingsText text = Parse("""{"env":{"A":"1"},"env":{"A":"2"}}""");
        Assert.Equal("2", text.Text(text.Find("env", "A")!));
        Assert.Equal("""{"env":{"A":"1"},"env":{"A":"3"}}""", Text(text.With(["env", "A"], "\"3\"")));
    }

    [Theory]
    [InlineData("{\n  \"a\": 1,\n  // why\n  \"b\": 2\n}", 3, 3, "a comment is not JSON")]
    [InlineData("// why\n{}", 1, 1, "a comment is not JSON")]
    [InlineData("{\n  \"a\": 1,\n}", 3, 1, "a comma stands before a closing bracket")]
    [InlineData("{\"a\": [1,]}", 1, 10, "a comma stands before a closing bracket")]
    [InlineData("{\"äöü\": x}", 1, 9, "a value is missing here, or is none: text stands in double quotes")]
    [InlineData("{\"a\": 1", 1, 8, "")]
    [InlineData("{\"a\": \"1\"", 1, 10, "the file ends before its last brace or bracket is closed")]
    [InlineData("{\"a\": 1,, \"b\": 2}", 1, 9, "a name in double quotes is missing here")]
    [InlineData("{} x", 1, 4, "")]
    [InlineData("[]", 1, 1, "the whole is not an object in braces")]
    [InlineData("null", 1, 1, "the whole is not an object in braces")]
    public void What_the_client_does_not_read_is_refused_with_its_place(string text, int line, int column, string reason)
    {
        JsonPlaceException refused = Assert.Throws<JsonPlaceException>(() => Parse(text));
        Assert.Equal((line, column), (refused.Line, refused.Column));
        Assert.StartsWith(reason, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("LineNumber", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Half_a_surrogate_pair_is_read_as_the_client_reads_it_and_stays_as_it_is_written()
    {
        SettingsText text = Parse("""{"\ud800":{"a":["\ude00"]},"env":{"A":"x\ud83d","B":"\ud83d\ude00","C":"\\ud83d"}}""");
        Assert.Equal(("x\uFFFD", "\U0001F600", "\\ud83d"), (text.Text(text.Find("env", "A")!), text.Text(text.Find("env", "B")!), text.Text(text.Find("env", "C")!)));
        Assert.True(text.Means(text.Find("\uFFFD")!, """{"a":["\udfff"]}"""));
        Assert.Equal("""{"\ud800":{"a":["\ude00"]},"env":{"A":"y","B":"\ud83d\ude00","C":"\\ud83d"}}""", Text(text.With(["env", "A"], "\"y\"")));
    }

    [Fact]
    public void Text_in_another_encoding_is_refused() =>
        Assert.Throws<JsonPlaceException>(() => SettingsText.Parse([.. "{\"a\": \""u8, 0xE4, .. "\"}"u8]));

    [Fact]
    public void Any_text_is_read_or_refused() => Gen.String[Gen.OneOfConst('{', '}', '[', ']', '"', ':', ',', '\\', 'u', 'd', '8', '0', '1', '/', '\n', 'ä'), 0, 30].Sample(text =>
    {
        try
        {
            Assert.Equal(text.Trim().Length == 0 ? "{}\n" : text, Text(Parse(text)));
        }
        catch (JsonPlaceException e)
        {
            Assert.InRange(e.Line, 1, text.Count(c => c == '\n') + 1);
            Assert.InRange(e.Column, 1, text.Length + 1);
        }
    });
}
