namespace OtelLite.Transcripts;

/// <summary>Takes one line, without its end.</summary>
internal delegate void TakeLine(ReadOnlySpan<byte> line);

/// <summary>Reads a file line by line in bounded memory. The last line, while it has no end, may be half written and is left for the next time.</summary>
internal sealed class LineReader
{
    private const int BytesAtFirst = 256 << 10;

    private byte[] _buffer = new byte[BytesAtFirst];

    /// <summary>Reads on from a line's beginning. Answers where the next one begins, and how many lines were too long and left out.</summary>
    public (long Offset, long LongLines) Read(Stream stream, long offset, TakeLine take)
    {
        stream.Seek(offset, SeekOrigin.Begin);
        long tooLong = 0;
        bool isTooLong = false;
        int held = 0;
        long next = offset;
        for (long passed = 0; ;)
        {
            int read = stream.Read(_buffer, held, _buffer.Length - held);
            if (read == 0)
            {
                return (next, tooLong);
            }

            int searched = held;
            held += read;
            int begin = 0;
            for (int end; (end = _buffer.AsSpan(searched, held - searched).IndexOf((byte)'\n')) >= 0;)
            {
                end += searched;
                if (isTooLong)
                {
                    tooLong++;
                }
                else
                {
                    take(_buffer.AsSpan(begin, end - begin).TrimEnd((byte)'\r'));
                }

                next += passed + (end - begin) + 1;
                (passed, isTooLong) = (0, false);
                begin = searched = end + 1;
            }

            // What is left is the beginning of a line, for which there must be room.
            _buffer.AsSpan(begin, held - begin).CopyTo(_buffer);
            held -= begin;
            if (isTooLong || held > Limits.TranscriptLineBytesMax)
            {
                passed += held;
                (held, isTooLong) = (0, true);
            }
            else if (held == _buffer.Length)
            {
                Array.Resize(ref _buffer, (int)Math.Min(_buffer.Length * 2L, Limits.TranscriptLineBytesMax + 1L));
            }
        }
    }
}
