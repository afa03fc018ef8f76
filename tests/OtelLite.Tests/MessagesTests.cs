using OtelLite.Commands;

namespace OtelLite.Tests;

/// <summary>What the program says to its operator, who may not listen.</summary>
public sealed class MessagesTests
{
    // A pipe that is full until somebody reads.
    private sealed class FullPipe : StringWriter
    {
        public ManualResetEventSlim Reading { get; } = new();

        public ManualResetEventSlim Waits { get; } = new();

        public override void WriteLine(string? value)
        {
            Waits.Set();
            Reading.Wait();
            base.WriteLine(value);
        }
    }

    [Fact]
    public void A_reader_who_does_not_read_holds_nobody_up_and_later_hears_how_much_was_lost()
    {
        using var pipe = new FullPipe();
        using (var messages = new Messages(pipe))
        {
            messages.Say("first");
            Assert.True(pipe.Waits.Wait(TimeSpan.FromSeconds(5)));
            for (int i = 0; i < Limits.MessagesWaitingMax + 1; i++)
            {
                messages.Say($"number {i}");
            }

            pipe.Reading.Set();
        }

        string[] lines = pipe.ToString().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(["otellite: first", "otellite: 1 more messages found no reader.", "otellite: number 0"], lines[..3]);
        Assert.Equal($"otellite: number {Limits.MessagesWaitingMax - 1}", lines[^1]);
        Assert.Equal(Limits.MessagesWaitingMax + 2, lines.Length);
    }
}
