using System.Buffers.Binary;
using System.Numerics;

namespace OtelLite;

/// <summary>
/// SHA-256 (FIPS 180-4), and HMAC with it (RFC 2104). .NET's own loads OpenSSL on Linux, which the one file must not need; what is hashed here are short texts, some in
/// a second.
/// </summary>
internal static class Sha256
{
    public const int Bytes = 32;

    private const int BlockBytes = 64;

    private static ReadOnlySpan<uint> K =>
    [
        0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
        0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
        0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
        0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
    ];

    private static ReadOnlySpan<uint> Start => [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];

    /// <summary>Writes the hash of a text.</summary>
    public static void Hash(ReadOnlySpan<byte> text, Span<byte> hash)
    {
        Span<uint> state = stackalloc uint[8];
        Start.CopyTo(state);
        Finish(state, text, text.Length, hash);
    }

    /// <summary>Writes the keyed hash of a text: who does not have the key can't tell what was hashed by trying.</summary>
    /// <param name="key">At most 64 bytes.</param>
    public static void Keyed(ReadOnlySpan<byte> key, ReadOnlySpan<byte> text, Span<byte> hash)
    {
        Span<byte> block = stackalloc byte[BlockBytes];
        Span<uint> state = stackalloc uint[8];
        Span<byte> inner = stackalloc byte[Bytes];
        BeginWith(key, 0x36, block, state);
        Finish(state, text, text.Length + BlockBytes, inner);
        BeginWith(key, 0x5c, block, state);
        Finish(state, inner, Bytes + BlockBytes, hash);
    }

    private static void BeginWith(ReadOnlySpan<byte> key, byte pad, Span<byte> block, Span<uint> state)
    {
        block.Fill(pad);
        for (int i = 0; i < key.Length; i++)
        {
            block[i] ^= key[i];
        }

        Start.CopyTo(state);
        Add(state, block);
    }

    // The last block or two hold what is left, a bit, and the length of all.
    private static void Finish(Span<uint> state, ReadOnlySpan<byte> text, long length, Span<byte> hash)
    {
        while (text.Length >= BlockBytes)
        {
            Add(state, text[..BlockBytes]);
            text = text[BlockBytes..];
        }

        Span<byte> last = stackalloc byte[2 * BlockBytes];
        last.Clear();
        text.CopyTo(last);
        last[text.Length] = 0x80;
        int end = text.Length < BlockBytes - 8 ? BlockBytes : 2 * BlockBytes;
        BinaryPrimitives.WriteInt64BigEndian(last[(end - 8)..], length * 8);
        for (int at = 0; at < end; at += BlockBytes)
        {
            Add(state, last.Slice(at, BlockBytes));
        }

        for (int i = 0; i < state.Length; i++)
        {
            BinaryPrimitives.WriteUInt32BigEndian(hash[(4 * i)..], state[i]);
        }
    }

    private static void Add(Span<uint> state, ReadOnlySpan<byte> block)
    {
        Span<uint> w = stackalloc uint[64];
        for (int i = 0; i < 16; i++)
        {
            w[i] = BinaryPrimitives.ReadUInt32BigEndian(block[(4 * i)..]);
        }

        for (int i = 16; i < w.Length; i++)
        {
            uint s0 = BitOperations.RotateRight(w[i - 15], 7) ^ BitOperations.RotateRight(w[i - 15], 18) ^ (w[i - 15] >> 3);
            uint s1 = BitOperations.RotateRight(w[i - 2], 17) ^ BitOperations.RotateRight(w[i - 2], 19) ^ (w[i - 2] >> 10);
            w[i] = w[i - 16] + s0 + w[i - 7] + s1;
        }

        (uint a, uint b, uint c, uint d, uint e, uint f, uint g, uint h) = (state[0], state[1], state[2], state[3], state[4], state[5], state[6], state[7]);
        for (int i = 0; i < w.Length; i++)
        {
            uint one = BitOperations.RotateRight(e, 6) ^ BitOperations.RotateRight(e, 11) ^ BitOperations.RotateRight(e, 25);
            uint first = h + one + ((e & f) ^ (~e & g)) + K[i] + w[i];
            uint two = BitOperations.RotateRight(a, 2) ^ BitOperations.RotateRight(a, 13) ^ BitOperations.RotateRight(a, 22);
            uint second = two + ((a & b) ^ (a & c) ^ (b & c));
            (h, g, f, e, d, c, b, a) = (g, f, e, d + first, c, b, a, first + second);
        }

        state[0] += a;
        state[1] += b;
        state[2] += c;
        state[3] += d;
        state[4] += e;
        state[5] += f;
        state[6] += g;
        state[7] += h;
    }
}
