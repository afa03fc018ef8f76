using OtelLite.Dashboard;

namespace OtelLite.Tests.Dashboard;

/// <summary>Answers are made a few at a time, and few long ones wait for who asked.</summary>
public sealed class AnswerTurnsTests
{
    [Fact]
    public async Task So_many_answers_are_made_at_once_and_one_more_waits()
    {
        var turns = new AnswerTurns();
        List<AnswerTurn> made = [];
        for (int i = 0; i < Limits.AnswersMadeMax; i++)
        {
            made.Add(await turns.Begin(CancellationToken.None));
        }

        Task<AnswerTurn> more = turns.Begin(CancellationToken.None);
        await Task.Delay(50);
        Assert.False(more.IsCompleted);
        Assert.True(await made[0].Ready(Limits.LongAnswerBytes));
        (await more).Dispose();
        made.ForEach(turn => turn.Dispose());

        // All are free again, and none twice.
        for (int i = 0; i < Limits.AnswersMadeMax; i++)
        {
            await turns.Begin(CancellationToken.None);
        }

        Assert.False(turns.Begin(CancellationToken.None).IsCompleted);
    }

    [Fact]
    public async Task So_many_long_ones_wait_for_their_clients_and_one_more_is_told_to_ask_again()
    {
        var turns = new AnswerTurns();
        List<AnswerTurn> taken = [];
        for (int i = 0; i < Limits.LongAnswersMax; i++)
        {
            taken.Add(await turns.Begin(CancellationToken.None));
            Assert.True(await taken[i].Ready(Limits.LongAnswerBytes + 1));
        }

        // As many wait, one more is told at once, and all the while short ones are made.
        List<Task<bool>> waiting = [];
        for (int i = 0; i < Limits.LongAnswersMax; i++)
        {
            waiting.Add((await turns.Begin(CancellationToken.None)).Ready(Limits.LongAnswerBytes + 1));
        }

        using AnswerTurn more = await turns.Begin(CancellationToken.None);
        Assert.False(await more.Ready(Limits.LongAnswerBytes + 1));
        Assert.All(waiting, w => Assert.False(w.IsCompleted));
        using AnswerTurn during = await turns.Begin(CancellationToken.None);
        Assert.True(await during.Ready(Limits.LongAnswerBytes));
        Assert.All(await Task.WhenAll(waiting), Assert.False);
        Assert.True(Limits.LongAnswerWait < TimeSpan.FromSeconds(5));
        using AnswerTurn small = await turns.Begin(CancellationToken.None);
        Assert.True(await small.Ready(Limits.LongAnswerBytes));
        taken[0].Dispose();
        using AnswerTurn next = await turns.Begin(CancellationToken.None);
        Assert.True(await next.Ready(Limits.LongAnswerBytes + 1));
    }
}
