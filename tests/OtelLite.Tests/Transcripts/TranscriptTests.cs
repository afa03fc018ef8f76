using System.Text;
using System.Text.Json.Nodes;
using OtelLite.Tests.Storage;
using OtelLite.Transcripts;

namespace OtelLite.Tests.Transcripts;

/// <summary>Transcripts as they may be found: half written, damaged, far too long; and what is made of them.</summary>
public sealed class TranscriptTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("otellite-").FullName;
    private readonly TranscriptRequests _requests = new();
    private readonly ModelPrices _prices = new();
    private readonly TranscriptReader _reader;

    public TranscriptTests() => _reader = new TranscriptReader(_requests, _prices);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void The_line_that_is_half_written_is_read_when_it_is_whole()
    {
        string first = Line("m1", 10), second = Line("m2", 20);
        TranscriptFile file = Written($"{first}\n{second[..40]}");
        Read(file);
        Assert.Equal(["m1"], Ids);
        File.AppendAllText(file.Path, second[40..]);
        Read(file);
        Assert.Equal(["m1"], Ids);
        File.AppendAllText(file.Path, "\n");
        Read(file);
        Assert.Equal(["m1", "m2"], Ids);
        Assert.Equal(new FileInfo(file.Path).Length, file.Offset);
        Assert.Equal(0, file.BrokenLines);
    }

    [Fact]
    public void A_file_that_became_shorter_is_read_from_its_beginning()
    {
        TranscriptFile file = Written($"{Line("m1", 10)}\n{Line("m2", 20)}\n");
        Read(file);
        File.WriteAllText(file.Path, $"{Line("m3", 30)}\n");
        Read(file);
        Assert.Equal(["m1", "m2", "m3"], Ids);
    }

    [Fact]
    public void A_broken_line_costs_nothing_but_itself_and_half_a_surrogate_pair_not_even_its_line()
    {
        TranscriptFile file = Written($"{Line("m1", 10)}\n{Line("m2", 20)[..^9]}\n{Line("m\\ud83d", 20)}\n[1]\n\n{Line("m3", 30)}\r\n");
        Read(file);
        Assert.Equal(["m1", "m3", "m\uFFFD"], Ids.Order(StringComparer.Ordinal));
        Assert.Equal(1, file.BrokenLines);
    }

    [Theory]
    [InlineData("0001-01-01T00:00:00Z")]
    [InlineData("1969-01-01T00:00:00Z")]
    [InlineData("1970-01-01T00:00:00.000Z")]
    [InlineData("9999-12-31T23:59:59.999Z")]
    [InlineData("2026-13-45T12:00:00.000Z")]
    [InlineData("")]
    public async Task A_line_with_a_time_that_can_not_be_is_left_out_and_costs_no_other_one(string time)
    {
        const string usual = "2026-01-15T12:00:00.000Z";
        string odd = Line("m2", 20).Replace(usual, time, StringComparison.Ordinal), prompt = $$"""{"type":"user","timestamp":"{{time}}","promptId":"p","sessionId":"s"}""";
        string last = Line("m3", 30).Replace(usual, Limits.TranscriptTimeEnd.AddTicks(-1).ToString("yyyy-MM-ddTHH:mm:ss.fffffffZ", System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal);
        TranscriptFile file = Written($"{prompt}\n{odd}\n{Line("m1", 10)}\n{odd}\n{last}\n");
        Read(file);
        Assert.Equal(["m1", "m3"], Ids);
        Assert.Equal((2L, 0L, DateTimeOffset.Parse(usual, System.Globalization.CultureInfo.InvariantCulture)), (file.OddTimes, file.BrokenLines, file.FirstAt));
        using var open = new OpenWriter();
        foreach (ReadOnlyMemory<byte> body in new TranscriptBodies("1").Write([.. _requests.Asked]))
        {
            await open.Write(Encoding.UTF8.GetString(body.Span));
        }

        Assert.Equal("m1 p,m3 p", open.Sql("SELECT group_concat(request_id || ' ' || prompt_id) FROM (SELECT * FROM usage_request ORDER BY time_unix_nano)"));
    }

    [Fact]
    public void A_line_as_long_as_may_be_is_read_and_one_byte_more_is_left_out()
    {
        int empty = Line("m1", 10).Length;
        string longest = Line("m1", 10, new string('x', Limits.TranscriptLineBytesMax - empty)), longer = Line("m2", 10, new string('x', Limits.TranscriptLineBytesMax - empty + 1));
        TranscriptFile file = Written($"{longest}\n{longer}\n{Line("m3", 30)}\n");
        Read(file);
        Assert.Equal(["m1", "m3"], Ids);
        Assert.Equal((1, new FileInfo(file.Path).Length), (file.LongLines, file.Offset));
    }

    [Fact]
    public void A_name_as_long_as_may_be_is_kept_and_a_longer_one_breaks_its_line()
    {
        TranscriptFile file = Written($"{Line(new string('m', Limits.TranscriptNameBytesMax), 10)}\n{Line(new string('n', Limits.TranscriptNameBytesMax + 1), 10)}\n");
        Read(file);
        Assert.Equal((1, 1L), (Ids.Length, file.BrokenLines));
    }

    [Fact]
    public void Only_so_many_transcripts_are_read()
    {
        var files = new TranscriptFiles();
        files.Add(Enumerable.Range(0, Limits.TranscriptFilesMax + 1).Select(i => $"/{i}.jsonl"), isAsked: true);
        files.Add(["/0.jsonl"], isAsked: true);
        Assert.Equal((Limits.TranscriptFilesMax, 1L), (files.All.Count(), files.LeftOut));
    }

    [Fact]
    public void Only_so_many_requests_are_held()
    {
        var line = new TranscriptLine();
        var file = new TranscriptFile("/t.jsonl", isAsked: true);
        for (int i = 0; i <= Limits.TranscriptRequestsMax; i++)
        {
            Assert.True(line.TryRead(Encoding.UTF8.GetBytes(Line($"m{i}", 10))));
            _requests.Add(file, line);
        }

        Assert.Equal((Limits.TranscriptRequestsMax, 1L), (_requests.Asked.Count(), _requests.LeftOut));
    }

    [Fact]
    public void Only_so_many_prices_are_weighed()
    {
        var file = new TranscriptFile("/t.jsonl", isAsked: true);
        _prices.Add(file, [.. Enumerable.Range(0, Limits.TranscriptPricesMax + 1).Select(i => new ModelTotal($"model{i}") { Input = 1_000_000, CostUsd = 3 })]);
        Assert.Equal(3_000_000_000, Cost($"model{Limits.TranscriptPricesMax - 1}"));
        Assert.Null(Cost($"model{Limits.TranscriptPricesMax}"));
        Assert.Equal(Limits.TranscriptPricesMax, file.Totals.Count);

        long? Cost(string model) => _prices.CostNanoUsd(new TranscriptRequest { MessageId = "m", RequestId = null, Session = "s", File = file, Model = model, Input = 1_000_000 });
    }

    [Theory]
    [InlineData("old", 0.1, 3.0)]
    [InlineData("new", 0.05, 4.0)]
    [InlineData("cheap", 0.1, 0.25)]
    public void The_price_of_a_cache_read_shows_in_the_price_of_input_being_a_round_one(string model, double share, double usdOfAMillion)
    {
        var file = new TranscriptFile("/t.jsonl", isAsked: true);
        double Usd(double input, double output, double read, double minutes, double hour, int searches) =>
            (((input + (5 * output) + (share * read) + (1.25 * minutes) + (2 * hour)) * usdOfAMillion) / 1e6) + (searches * 0.01);
        _prices.Add(file, [Total(987, 343, 13_728, 2624, 100, 2, Usd(987, 343, 13_728, 2624, 100, 2))]);
        var request = new TranscriptRequest
        {
            MessageId = "m",
            RequestId = null,
            Session = "s",
            File = file,
            Model = model,
            Input = 127,
            Output = 43,
            CacheRead = 2048,
            CacheCreation = 96,
            CacheCreation1h = 90,
            WebSearches = 1,
        };
        Assert.Equal((long)Math.Round(Usd(127, 43, 2048, 6, 90, 1) * 1e9), _prices.CostNanoUsd(request));

        // What is fast has another price.
        request.Speed = "fast";
        Assert.Null(_prices.CostNanoUsd(request));

        ModelTotal Total(long input, long output, long read, long minutes, long hour, long searches, double usd) => new(model)
        {
            Input = input,
            Output = output,
            CacheRead = read,
            CacheCreation = minutes + hour,
            CacheCreation5m = minutes,
            CacheCreation1h = hour,
            WebSearches = searches,
            CostUsd = usd,
        };
    }

    [Fact]
    public void A_total_that_no_price_explains_tells_none_and_without_cache_reads_it_tells_nothing_of_them()
    {
        var file = new TranscriptFile("/t.jsonl", isAsked: true);
        _prices.Add(file, [new("odd") { Input = 1000, CacheRead = 777, CostUsd = 0.0123456789 }, new("plain") { Input = 1000, CostUsd = 0.003 }]);
        long? Cost(string model, long read) => _prices.CostNanoUsd(new TranscriptRequest { MessageId = "m", RequestId = null, Session = "s", File = file, Model = model, Input = 10, CacheRead = read });
        Assert.Equal((null, 30_000L, null), (Cost("odd", 0), Cost("plain", 0), Cost("plain", 1)));
    }

    [Fact]
    public async Task A_body_is_never_larger_than_it_may_be_and_all_bodies_together_hold_every_request()
    {
        int count = (Limits.ImportBodyBytesMax / 500) + 1;
        TranscriptFile file = Written(string.Concat(Enumerable.Range(0, count).Select(i => $"{Line($"m{i}", 10)}\n")));
        Read(file);
        using var open = new OpenWriter();
        int bodies = 0;
        foreach (ReadOnlyMemory<byte> body in new TranscriptBodies("1").Write([.. _requests.Asked]))
        {
            Assert.InRange(body.Length, 1, Limits.ImportBodyBytesMax);
            bodies++;
            await open.Write(Encoding.UTF8.GetString(body.Span));
        }

        Assert.True(bodies > 1);
        Assert.Equal((long)count, open.Sql("SELECT count(*) FROM usage_request WHERE told_by = 3 AND cost_kind = 2 AND output_is_low = 0"));
    }

    [Fact]
    public async Task A_request_is_told_in_the_client_s_own_names_with_what_the_transcript_alone_knows()
    {
        foreach (string path in Directory.GetFiles(RecordedTranscripts.Projects("t20-rich"), "*.jsonl", SearchOption.AllDirectories))
        {
            Read(new TranscriptFile(path, isAsked: true));
        }

        List<TranscriptRequest> requests = [.. _requests.Asked];
        requests.ForEach(r => r.CostNanoUsd = _prices.CostNanoUsd(r));
        using var open = new OpenWriter();
        foreach (ReadOnlyMemory<byte> body in new TranscriptBodies("1").Write(requests))
        {
            await open.Write(Encoding.UTF8.GetString(body.Span));
        }

        JsonNode told = JsonNode.Parse((string)open.Sql("SELECT attributes FROM otel_events WHERE attributes ->> 'request_id' = 'req_011FAKE002016'")!)!;
        Assert.EndsWith("agent-a28d7e75aa83a1ab4.jsonl", (string)told["transcript"]!, StringComparison.Ordinal);
        told["transcript"] = "";
        Assert.Equal(
            """
            {"event.name":"transcript_request","session.id":"d03da340-96a5-4302-83ea-4810e8448497","prompt.id":"2d529970-10b8-481f-9e00-110942474352","request_id":"req_011FAKE002016","message.id":"msg_01FAKE002016","model":"claude-sonnet-5-5","input_tokens":127,"output_tokens":43,"cache_read_tokens":2048,"cache_creation_tokens":96,"cache_creation_5m_tokens":96,"cache_creation_1h_tokens":0,"cost_usd":0.0011288,"cost_usd_derived":true,"query_source":"agent:custom:my-reviewer","agent.name":"my-reviewer","agent_id":"a28d7e75aa83a1ab4","effort":"medium","speed":"standard","service_tier":"standard","cwd":"/home/dev/work/demo-app","vcs.ref.head.name":"main","transcript":""}
            """, told.ToJsonString());
        Assert.Equal(
            """claude-code|2.1.330|otellite.import""",
            open.Sql("SELECT (r.attributes ->> 'service.name') || '|' || (r.attributes ->> 'service.version') || '|' || s.name FROM otel_events e JOIN otel_resource r ON r.id = resource_id JOIN otel_scope s ON s.id = scope_id LIMIT 1"));
    }

    [Fact]
    public void What_is_no_answer_s_line_does_not_count()
    {
        // A subagent's usage is repeated in its result, and an error has a line like an answer's.
        Read(new TranscriptFile(Written("""
            {"type":"user","promptId":"p","toolUseResult":{"type":"assistant","usage":{"input_tokens":5,"output_tokens":5},"totalTokens":10},"timestamp":"2026-01-15T12:00:00.000Z","sessionId":"s"}
            {"type":"assistant","message":{"id":"a","model":"<synthetic>","usage":{"input_tokens":0,"output_tokens":0}},"timestamp":"2026-01-15T12:00:01.000Z","sessionId":"s"}
            {"type":"assistant","message":{"id":"b","model":"m"},"timestamp":"2026-01-15T12:00:01.000Z","sessionId":"s"}
            {"type":"attachment","message":{"id":"c","model":"m","usage":{"input_tokens":5}},"timestamp":"2026-01-15T12:00:01.000Z","sessionId":"s"}

            """).Path, isAsked: true));
        Assert.Empty(Ids);
    }

    private string[] Ids => [.. _requests.Asked.Select(r => r.MessageId).Order(StringComparer.Ordinal)];

    private TranscriptFile Written(string text)
    {
        string path = Path.Combine(_folder, "t.jsonl");
        File.WriteAllText(path, text);
        return new TranscriptFile(path, isAsked: true);
    }

    private void Read(TranscriptFile file) => Assert.Null(_reader.Read(file));

    private static string Line(string id, int output, string text = "") =>
        $$$"""{"message":{"id":"{{{id}}}","model":"m","content":[{"type":"text","text":"{{{text}}}"}],"stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens":{{{output}}}}},"type":"assistant","timestamp":"2026-01-15T12:00:00.000Z","sessionId":"s"}""";
}
