using System.Buffers.Binary;
using System.Security.Cryptography;

namespace KVCluster.Grains;

/// <summary>
/// The hash chain of a token history: the hash of a block covers the hash before it, so equal hashes mean equal beginnings. SHA-256, cut to
/// 128 bits; tokens as little-endian 32-bit integers.
/// </summary>
public static class BlockHashes
{
    /// <summary>Tokens a block.</summary>
    public const int BlockTokens = 32;

    private const int HashBytes = 16;

    /// <summary>One hash for each whole block.</summary>
    public static BlockHash[] Of(ReadOnlySpan<int> tokens) => Extend(null, tokens);

    /// <summary>
    /// Hashes of the whole blocks of <paramref name="tokens"/>, which come right behind the block <paramref name="before"/> stands for.
    /// </summary>
    public static BlockHash[] Extend(BlockHash? before, ReadOnlySpan<int> tokens)
    {
        var hashes = new BlockHash[tokens.Length / BlockTokens];
        Span<byte> input = stackalloc byte[HashBytes + (BlockTokens * sizeof(int))];
        Span<byte> output = stackalloc byte[SHA256.HashSizeInBytes];
        BlockHash last = before ?? default;
        for (int block = 0; block < hashes.Length; block++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(input, last.High);
            BinaryPrimitives.WriteUInt64LittleEndian(input[8..], last.Low);
            for (int i = 0; i < BlockTokens; i++)
            {
                BinaryPrimitives.WriteInt32LittleEndian(input[(HashBytes + (i * sizeof(int)))..], tokens[(block * BlockTokens) + i]);
            }

            SHA256.HashData(input, output);
            last = new BlockHash(BinaryPrimitives.ReadUInt64LittleEndian(output), BinaryPrimitives.ReadUInt64LittleEndian(output[8..]));
            hashes[block] = last;
        }

        return hashes;
    }
}
