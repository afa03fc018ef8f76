using System.Text;

namespace OtelLite.Rows;

/// <summary>Where data goes: stdout, guarded where it is a terminal, or told apart where its reader has gone.</summary>
internal static class Output
{
    private const int BufferBytes = 64 << 10;

    /// <summary>Stdout. Flush it at the end; it throws an <see cref="IOException"/> when nobody reads any more.</summary>
    public static TextWriter Stdout()
    {
        if (!Console.IsOutputRedirected)
        {
            return TerminalText.Guard(Console.Out);
        }

        return new StreamWriter(OtelLite.Rows.Stdout.ForData(), new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), BufferBytes);
    }

    /// <summary>True when the reader of a pipe has closed it, as <c>head</c> does when it has enough: no failure.</summary>
    public static bool IsClosedPipe(IOException e)
    {
        const int epipe = 32, brokenPipe = unchecked((int)0x8007006D), noData = unchecked((int)0x800700E8);
        return e.HResult is epipe or brokenPipe or noData;
    }
}
