using System.Threading.Channels;

namespace OtelLite.Commands;

/// <summary>
/// What the program says to its operator, on stderr. A pipe that nobody reads blocks whoever writes to it: so a thread of its own writes, and what
/// finds no room is dropped and counted. The writer of exports must never wait for a reader of messages.
/// </summary>
internal sealed class Messages : IDisposable
{
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(1);

    private readonly Channel<string> _waiting = Channel.CreateBounded<string>(Limits.MessagesWaitingMax);
    private readonly Thread _thread;
    private long _dropped;

    /// <param name="to">Where they are written: stderr, which a reader may leave full.</param>
    public Messages(TextWriter to)
    {
        _thread = new Thread(() => Write(to)) { Name = "messages", IsBackground = true };
        _thread.Start();
    }

    /// <summary>Says one sentence, now or never.</summary>
    public void Say(string sentence) => SayPlain($"otellite: {sentence}");

    public void SayPlain(string text)
    {
        if (!_waiting.Writer.TryWrite(text))
        {
            Interlocked.Increment(ref _dropped);
        }
    }

    /// <summary>Lets what waits be written, for a moment.</summary>
    public void Dispose()
    {
        _waiting.Writer.Complete();
        _thread.Join(LastWords);
    }

    private void Write(TextWriter to)
    {
        while (_waiting.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
        {
            while (_waiting.Reader.TryRead(out string? text))
            {
                try
                {
                    to.WriteLine(text);
                    long dropped = Interlocked.Exchange(ref _dropped, 0);
                    if (dropped > 0)
                    {
                        to.WriteLine($"otellite: {dropped} more messages found no reader.");
                    }
                }
                catch (IOException)
                {
                    // Its terminal is gone, or the disk under its log is full: what has to be said must not end who says it.
                }
            }
        }
    }
}
