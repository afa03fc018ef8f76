using System.Text;
using Microsoft.Win32.SafeHandles;

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

        // .NET's console takes a closed pipe for success, and a long export would go on for nobody. A file's own position is only moved by the console.
        Stream stream = Console.OpenStandardOutput();
        if (!OperatingSystem.IsWindows())
        {
            var pipe = new FileStream(new SafeFileHandle(1, ownsHandle: false), FileAccess.Write, bufferSize: 0);
            stream = pipe.CanSeek ? stream : pipe;
        }

        return new StreamWriter(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), BufferBytes);
    }

    /// <summary>True when the reader of a pipe has closed it, as <c>head</c> does when it has enough: no failure.</summary>
    public static bool IsClosedPipe(IOException e)
    {
        const int epipe = 32, brokenPipe = unchecked((int)0x8007006D), noData = unchecked((int)0x800700E8);
        return e.HResult is epipe or brokenPipe or noData;
    }
}
