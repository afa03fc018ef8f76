using System.Text;
using Microsoft.Win32.SafeHandles;

namespace OtelLite.Rows;

/// <summary>Stdout can't be written: its disk is full, or it is closed. The message is a sentence.</summary>
internal sealed class StdoutException(Exception inner) : Exception($"standard output can't be written: {inner.Message.TrimEnd('.')}.", inner);

/// <summary>
/// The standard streams of this process where they lead elsewhere than to a terminal. What can't be written to stdout ends the command with a sentence, wherever in it
/// that shows; what can't be written to stderr can't be told, and is no reason to end anything.
/// </summary>
internal static class Stdout
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);

    private static readonly Lazy<Stream> Redirected = new(() => Opened(Open));

    /// <summary>Takes the place of .NET's own writers, before anything else opens a file: one that is closed leaves its number to the next file that is opened.</summary>
    public static void TakeOver()
    {
        if (Console.IsOutputRedirected)
        {
            Console.SetOut(new StreamWriter(new Told(Redirected.Value, isQuiet: true), Utf8) { AutoFlush = true });
        }

        if (Console.IsErrorRedirected)
        {
            Console.SetError(new StreamWriter(new Unheard(), Utf8) { AutoFlush = true });
        }
    }

    /// <summary>What is not to go on when its reader has gone; it throws an <see cref="IOException"/> then.</summary>
    public static Stream ForData() => new Told(Redirected.Value, isQuiet: false);

    // .NET's console takes a closed pipe for success, and a long export would go on for nobody. A file's own position is only moved by the console.
    private static Stream Open()
    {
        Stream stream = Console.OpenStandardOutput();
        if (!OperatingSystem.IsWindows())
        {
            var pipe = new FileStream(new SafeFileHandle(1, ownsHandle: false), FileAccess.Write, bufferSize: 0);
            stream = pipe.CanSeek ? stream : pipe;
        }

        return stream;
    }

    private static Stream Opened(Func<Stream> open)
    {
        try
        {
            return open();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new Closed(e);
        }
    }

    private abstract class Outward : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public abstract override void Write(ReadOnlySpan<byte> buffer);
    }

    /// <param name="isQuiet">A reader that has gone is no failure, and what is written for it is nowhere.</param>
    private sealed class Told(Stream to, bool isQuiet) : Outward
    {
        public override void Write(ReadOnlySpan<byte> buffer)
        {
            try
            {
                to.Write(buffer);
                to.Flush();
            }
            catch (IOException e) when (Output.IsClosedPipe(e))
            {
                if (!isQuiet)
                {
                    throw;
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new StdoutException(e is UnauthorizedAccessException { InnerException: { } why } ? why : e);
            }
        }
    }

    private sealed class Unheard : Outward
    {
        private readonly Stream _to = Opened(Console.OpenStandardError);

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            try
            {
                _to.Write(buffer);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // There is nobody to tell.
            }
        }
    }

    private sealed class Closed(Exception why) : Outward
    {
        public override void Write(ReadOnlySpan<byte> buffer) => throw new IOException(why.Message, why);
    }
}
