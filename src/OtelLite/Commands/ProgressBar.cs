using System.Diagnostics;
using System.Globalization;

namespace OtelLite.Commands;

/// <summary>How far something is, in one line of a terminal that it draws over and takes away again. Where nobody looks it draws nothing.</summary>
internal sealed class ProgressBar(TextWriter to, bool isShown)
{
    private const int Cells = 30;

    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(100);

    private readonly Stopwatch _since = new();
    private int _drawn;

    /// <summary>On stderr, where that is a terminal.</summary>
    public static ProgressBar OnTerminal() => new(Console.Error, !Console.IsErrorRedirected && Environment.GetEnvironmentVariable("TERM") != "dumb");

    /// <summary>Tells how far it is.</summary>
    /// <param name="what">Such as "reading".</param>
    public void Show(string what, long done, long total)
    {
        if (!isShown || total <= 0 || (_since.IsRunning && _since.Elapsed < Between))
        {
            return;
        }

        _since.Restart();
        int cells = (int)Math.Clamp(done * Cells / total, 0, Cells);
        string line = string.Create(
            CultureInfo.InvariantCulture, $"{what} [{new string('#', cells)}{new string('.', Cells - cells)}] {Math.Clamp(done * 100 / total, 0, 100)} %");
        to.Write($"\r{line.PadRight(_drawn)}");
        _drawn = line.Length;
    }

    /// <summary>Takes the line away.</summary>
    public void Clear()
    {
        if (_drawn > 0)
        {
            to.Write($"\r{new string(' ', _drawn)}\r");
            _drawn = 0;
        }

        _since.Reset();
    }
}
