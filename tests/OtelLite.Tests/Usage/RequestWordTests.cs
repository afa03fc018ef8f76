using OtelLite.Usage;

namespace OtelLite.Tests.Usage;

public sealed class RequestWordTests
{
    private static readonly RequestWord Known = new(Teller.Transcript, Output: 10, CostNanoUsd: 100, TimeUnixNano: 1000);

    [Fact]
    public void A_transcript_tells_nothing_to_an_event_a_cost_to_a_span_and_more_of_the_same_to_a_transcript()
    {
        RequestWord dearer = Known with { Output = 0, CostNanoUsd = 101, TimeUnixNano = 0 };
        Assert.Equal(TranscriptNews.Nothing, (Known with { Teller = Teller.Event, CostNanoUsd = 0 }).NewsOf(dearer));
        Assert.Equal(TranscriptNews.Cost, (Known with { Teller = Teller.Span, CostNanoUsd = 0 }).NewsOf(dearer));
        Assert.Equal(TranscriptNews.Nothing, (Known with { Teller = Teller.Span, CostNanoUsd = 101 }).NewsOf(dearer));
        Assert.Equal(TranscriptNews.All, Known.NewsOf(dearer));
    }

    [Fact]
    public void Of_two_transcripts_the_one_with_a_price_wins_then_the_longer_answer_then_the_later_line_whichever_comes_first()
    {
        RequestWord[] better = [Known with { CostNanoUsd = 101, Output = 9 }, Known with { Output = 11, TimeUnixNano = 1 }, Known with { TimeUnixNano = 1001 }];
        Assert.All(better, b =>
        {
            Assert.Equal(TranscriptNews.All, Known.NewsOf(b));
            Assert.Equal(TranscriptNews.Nothing, b.NewsOf(Known));
        });
        Assert.Equal(TranscriptNews.Nothing, Known.NewsOf(Known));
    }
}
