using System.Security.Cryptography;

namespace OtelLite.Tests;

/// <summary>Our own SHA-256 is everybody's.</summary>
public sealed class Sha256Tests
{
    [Fact]
    public void It_is_that_of_the_platform_for_texts_of_every_length_around_a_block()
    {
        var random = new Random(1);
        for (int length = 0; length <= 300; length++)
        {
            byte[] text = new byte[length], key = new byte[random.Next(0, 65)], hash = new byte[Sha256.Bytes];
            random.NextBytes(text);
            random.NextBytes(key);
            Sha256.Hash(text, hash);
            Assert.Equal(SHA256.HashData(text), hash);
            Sha256.Keyed(key, text, hash);
            Assert.Equal(HMACSHA256.HashData(key, text), hash);
        }
    }

    [Fact]
    public void The_standard_s_own_example_comes_out()
    {
        byte[] hash = new byte[Sha256.Bytes];
        Sha256.Hash("abc"u8, hash);
        Assert.Equal("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", Convert.ToHexStringLower(hash));
    }
}
