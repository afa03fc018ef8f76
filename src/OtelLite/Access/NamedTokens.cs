using System.Security.Cryptography;
using System.Text;

namespace OtelLite.Access;

/// <summary>The named tokens that are good now. Their file is looked at while the server runs, so that one that is added or taken back counts within a moment.</summary>
internal sealed class NamedTokens : IDisposable
{
    private readonly string _dataDir;
    private readonly Action<string> _say;
    private readonly Func<bool> _isInPlace;
    private readonly Timer _timer;
    private readonly Lock _looking = new();

    private volatile Known[] _known = [];
    private DateTime _readAt;
    private DateTime _toldAt;
    private bool _isMissing;

    /// <param name="say">Tells the operator one sentence.</param>
    /// <param name="isInPlace">Whether the folder is still the one that is held: of one that was deleted as a whole nobody took a token back.</param>
    /// <exception cref="TokenException">The file can't be read.</exception>
    public NamedTokens(string dataDir, Action<string> say, Func<bool> isInPlace)
    {
        (_dataDir, _say, _isInPlace) = (dataDir, say, isInPlace);
        _readAt = WrittenAt();
        Take(TokenFile.Read(dataDir));
        _timer = new Timer(_ => Look(), null, Limits.TokenLookInterval, Limits.TokenLookInterval);
    }

    private sealed record Known(NamedToken Token, byte[] Hash, CancellationTokenSource Revoked);

    /// <summary>Whose token this is, or null. Each is compared whole, so that the time tells nothing.</summary>
    public Caller? Of(string candidate)
    {
        Known[] known = _known;
        if (known.Length == 0 || !Token.IsValid(candidate))
        {
            return null;
        }

        Span<byte> hash = stackalloc byte[Sha256.Bytes];
        Sha256.Hash(Encoding.ASCII.GetBytes(candidate), hash);
        Known? found = null;
        foreach (Known one in known)
        {
            found = CryptographicOperations.FixedTimeEquals(hash, one.Hash) ? one : found;
        }

        return found is null ? null : new Caller(candidate, found.Token.Name, found.Token.Scope, found.Revoked.Token);
    }

    /// <summary>The file that holds them; null where there are none.</summary>
    public SmallFile? AsFile() => _known is { Length: > 0 } known ? TokenFile.Of(known.Select(k => k.Token)) : null;

    public void Dispose() => _timer.Dispose();

    private void Look()
    {
        // A slow disk must not let looks pile up.
        if (!_looking.TryEnter())
        {
            return;
        }

        DateTime writtenAt = WrittenAt();
        try
        {
            if (writtenAt == _readAt)
            {
                return;
            }

            // Of a folder that is being deleted this file may be gone before the lock is: that it was deleted by itself is believed at the second look.
            bool isMissing = !File.Exists(Path.Combine(_dataDir, TokenFile.Name)), wasMissing = _isMissing;
            _isMissing = isMissing && _isInPlace();
            if (!isMissing || (_isMissing && wasMissing))
            {
                Take(TokenFile.Read(_dataDir));
                _readAt = writtenAt;
            }
        }
        catch (TokenException e)
        {
            // What hinders, such as whose file it is, may be mended without its being written: it is looked at again, and told of once.
            if (_toldAt == writtenAt)
            {
                return;
            }

            _toldAt = writtenAt;
            _say($"{e.Message} Those that were good stay so until then.");
        }
        finally
        {
            _looking.Exit();
        }
    }

    private void Take(IReadOnlyList<NamedToken> tokens)
    {
        Known[] before = _known;
        // One that is still there keeps what is under way with it.
        _known = [.. tokens.Select(t => before.FirstOrDefault(k => k.Token == t) ?? new Known(t, Convert.FromHexString(t.Hash), new CancellationTokenSource()))];
        foreach (Known gone in before.Except(_known))
        {
            gone.Revoked.Cancel();
        }
    }

    private DateTime WrittenAt() => LastWritten.Of(Path.Combine(_dataDir, TokenFile.Name), _readAt);
}
