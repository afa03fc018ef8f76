using System.Text;
using OtelLite.Receiver;

namespace OtelLite.Tests.Receiver;

/// <summary>What counts as gzip, down to its last byte: a body that was cut or changed on the way never passes as another one.</summary>
public sealed class GzipTests
{
    private static readonly byte[] Plain = Encoding.UTF8.GetBytes(Exports.Commit());

    private static GzipResult Inflate(byte[] gzip, int max, out byte[] plain)
    {
        Memory<byte> to = Pooled.Rent(16);
        GzipResult result = Gzip.Inflate(gzip, max, ref to, out int written);
        plain = to[..written].ToArray();
        Pooled.Return(to);
        return result;
    }

    [Fact]
    public void No_beginning_of_a_gzip_passes_for_the_whole()
    {
        byte[] whole = Exports.Gzip(Plain);
        for (int length = 0; length < whole.Length; length++)
        {
            Assert.Equal(GzipResult.Bad, Inflate(whole[..length], 1 << 20, out _));
        }
    }

    [Fact]
    public void No_changed_bit_makes_another_body_of_it()
    {
        byte[] whole = Exports.Gzip(Plain);
        for (int bit = 0; bit < whole.Length * 8; bit++)
        {
            byte[] changed = [.. whole];
            changed[bit / 8] ^= (byte)(1 << (bit % 8));
            if (Inflate(changed, 1 << 20, out byte[] plain) == GzipResult.Done)
            {
                // The header's time and operating system do not matter.
                Assert.Equal(Plain, plain);
            }
        }
    }

    [Fact]
    public void A_headers_optional_parts_are_passed_over()
    {
        byte[] gzip = Exports.Gzip(Plain);
        const byte all = 2 | 4 | 8 | 16;
        byte[] full = [.. gzip[..3], all, .. gzip[4..10], 3, 0, 1, 2, 3, .. "name\0"u8, .. "comment\0"u8, 0xAB, 0xCD, .. gzip[10..]];
        Assert.Equal(GzipResult.Done, Inflate(full, 1 << 20, out byte[] plain));
        Assert.Equal(Plain, plain);
    }

    [Theory]
    [InlineData(4, 0xFF)]
    [InlineData(8, 'x')]
    [InlineData(16, 'x')]
    [InlineData(31, 'x')]
    public void A_header_whose_optional_parts_do_not_end_is_bad(byte flags, int filling)
    {
        byte[] gzip = [0x1F, 0x8B, 8, flags, 0, 0, 0, 0, 0, 0, .. Enumerable.Repeat((byte)filling, 20)];
        Assert.Equal(GzipResult.Bad, Inflate(gzip, 1 << 20, out _));
    }

    [Fact]
    public void Any_number_of_members_are_one_stream()
    {
        byte[] members = [.. Plain.Chunk(7).SelectMany(part => Exports.Gzip(part)), .. Exports.Gzip([])];
        Assert.Equal(GzipResult.Done, Inflate(members, 1 << 20, out byte[] plain));
        Assert.Equal(Plain, plain);
    }

    [Fact]
    public void What_follows_the_last_member_and_is_none_is_bad()
    {
        Assert.Equal(GzipResult.Bad, Inflate([.. Exports.Gzip(Plain), 0], 1 << 20, out _));
        Assert.Equal(GzipResult.Bad, Inflate([.. Exports.Gzip(Plain), .. Exports.Gzip(Plain)[..^1]], 1 << 20, out _));
    }

    [Fact]
    public void The_limit_is_exact_over_one_member_and_over_several()
    {
        byte[] one = Exports.Gzip(Plain), two = [.. Exports.Gzip(Plain.AsSpan(0, 50)), .. Exports.Gzip(Plain.AsSpan(50))];
        foreach (byte[] gzip in (byte[][])[one, two])
        {
            Assert.Equal(GzipResult.Done, Inflate(gzip, Plain.Length, out byte[] plain));
            Assert.Equal(Plain, plain);
            Assert.Equal(GzipResult.TooLarge, Inflate(gzip, Plain.Length - 1, out _));
        }
    }

    [Theory]
    [InlineData(16)]
    [InlineData(1 << 16)]
    public void A_bomb_is_inflated_to_the_limit_and_no_further(int firstSize)
    {
        byte[] bomb = Exports.Gzip(new byte[64 << 20]);
        Memory<byte> to = Pooled.Rent(firstSize);
        Assert.Equal(GzipResult.TooLarge, Gzip.Inflate(bomb, 1 << 16, ref to, out int written));
        Assert.Equal((1 << 16, 1 << 16), (written, to.Length));
        Pooled.Return(to);
    }

    [Fact]
    public void The_length_that_is_told_is_the_bodys_own_or_what_its_bytes_could_hold()
    {
        Assert.Equal(Plain.Length, Gzip.LengthTold(Exports.Gzip(Plain)));
        byte[] lie = [.. Exports.Gzip(Plain)[..^4], 0xFF, 0xFF, 0xFF, 0xFF];
        Assert.Equal(1032L * lie.Length, Gzip.LengthTold(lie));
        Assert.Equal(0, Gzip.LengthTold([1, 2, 3]));
    }

    [Fact]
    public void Members_with_the_same_content_are_all_inflated_and_nothing_may_lie_before_the_trailer()
    {
        byte[] a = Exports.Gzip(Plain);
        byte[] b = Exports.Gzip("between"u8);
        Assert.Equal(GzipResult.Done, Inflate([.. a, .. a], 1 << 20, out byte[] twice));
        Assert.Equal([.. Plain, .. Plain], twice);
        Assert.Equal(GzipResult.Done, Inflate([.. a, .. b, .. a], 1 << 20, out byte[] three));
        Assert.Equal([.. Plain, .. "between"u8, .. Plain], three);
        Assert.Equal(GzipResult.Bad, Inflate([.. a[..^8], .. "garbage"u8, .. a[^8..]], 1 << 20, out _));
        Assert.Equal(GzipResult.Bad, Inflate([.. a[..^8], 0, .. a[^8..]], 1 << 20, out _));
    }

    [Fact]
    public void A_member_that_ends_in_a_later_step_of_the_reader_is_followed_by_the_next()
    {
        // Noise does not shrink: the first member takes several of the steps in which .NET reads.
        byte[] noise = new byte[100_000];
        new Random(3).NextBytes(noise);
        Assert.Equal(GzipResult.Done, Inflate([.. Exports.Gzip(noise), .. Exports.Gzip(Plain), .. Exports.Gzip(noise)], 1 << 20, out byte[] plain));
        Assert.Equal([.. noise, .. Plain, .. noise], plain);
    }
}
