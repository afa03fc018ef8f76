namespace OtelLite.Dashboard;

/// <summary>
/// What is asked is answered a few at a time, for an answer may be made of records of megabytes; and a few long answers wait for their clients to take them. Whoever asks much and reads nothing would
/// else have all of them kept: 16 readers of records of 8 MiB took 1.2 GB.
/// </summary>
#pragma warning disable CA1001 // A semaphore whose wait handle nobody asks for holds nothing to dispose of.
internal sealed class AnswerTurns
#pragma warning restore CA1001
{
    private readonly SemaphoreSlim _making = new(Limits.AnswersMadeMax, Limits.AnswersMadeMax);
    private readonly SemaphoreSlim _long = new(Limits.LongAnswersMax, Limits.LongAnswersMax);
    private readonly SemaphoreSlim _longWaiting = new(Limits.LongAnswersMax, Limits.LongAnswersMax);

    /// <summary>Waits until this one may be made. To be disposed of once it is written.</summary>
    public async Task<AnswerTurn> Begin(CancellationToken gone)
    {
        await _making.WaitAsync(gone).ConfigureAwait(false);
        return new AnswerTurn(_making, _long, _longWaiting);
    }
}

/// <summary>The turn of one request.</summary>
internal sealed class AnswerTurn(SemaphoreSlim making, SemaphoreSlim isLong, SemaphoreSlim longWaiting) : IDisposable
{
    private SemaphoreSlim? _held = making;

    /// <summary>Lets the next one be made, once this one may be written; false where too many long ones wait for their clients.</summary>
    /// <param name="bytes">How long it is.</param>
    public async Task<bool> Ready(int bytes)
    {
        // Who is made already keeps nobody from being made, however long it waits.
        Dispose();
        if (bytes <= Limits.LongAnswerBytes)
        {
            return true;
        }

        bool mayWrite = await isLong.WaitAsync(TimeSpan.Zero).ConfigureAwait(false) || await WaitForLong().ConfigureAwait(false);
        _held = mayWrite ? isLong : null;
        return mayWrite;
    }

    private async Task<bool> WaitForLong()
    {
        if (!await longWaiting.WaitAsync(TimeSpan.Zero).ConfigureAwait(false))
        {
            return false;
        }

        try
        {
            return await isLong.WaitAsync(Limits.LongAnswerWait).ConfigureAwait(false);
        }
        finally
        {
            longWaiting.Release();
        }
    }

    public void Dispose()
    {
        _held?.Release();
        _held = null;
    }
}
