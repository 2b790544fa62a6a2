using System.Buffers.Binary;
using System.Security.Cryptography;

namespace KVCluster.Storage.Format;

/// <summary>
/// Says which tokens a copy stands for without holding them. The chain of n tokens has one link for each 32 of them, the last for what is
/// left; link i is SHA-256 of link i - 1 (32 bytes; before the first, SHA-256 of the domain text) and the tokens as little-endian 32-bit
/// numbers. Of each link the first 16 bytes are kept. SHA-256 and not a fast hash: a history is chosen by users, and nobody may find
/// another with the same chain.
/// </summary>
internal static class TokenChain
{
    public const int LinkTokens = 32;
    public const int LinkBytes = 16;

    private static readonly byte[] Seed = SHA256.HashData("KVCluster token chain 1"u8);

    /// <summary>Links of this many tokens.</summary>
    public static int Links(int tokens) => (int)(((long)tokens + LinkTokens - 1) / LinkTokens);

    public static byte[] Of(ReadOnlySpan<int> tokens)
    {
        var chain = new byte[Links(tokens.Length) * LinkBytes];
        Span<byte> state = stackalloc byte[SHA256.HashSizeInBytes];
        Seed.CopyTo(state);
        for (int link = 0; link * LinkTokens < tokens.Length; link++)
        {
            Next(state, Tokens(tokens, link));
            state[..LinkBytes].CopyTo(chain.AsSpan(link * LinkBytes));
        }

        return chain;
    }

    /// <summary>
    /// How many first tokens agree with the chain of <paramref name="chained"/> tokens: in steps of 32, or all that are chained.
    /// </summary>
    public static int Agreeing(ReadOnlySpan<byte> chain, int chained, ReadOnlySpan<int> tokens)
    {
        Span<byte> state = stackalloc byte[SHA256.HashSizeInBytes];
        Seed.CopyTo(state);
        int agreed = 0;
        while (agreed < chained)
        {
            int end = Math.Min(chained, agreed + LinkTokens);
            if (end > tokens.Length)
            {
                break;
            }

            Next(state, tokens[agreed..end]);
            if (!state[..LinkBytes].SequenceEqual(chain.Slice(agreed / LinkTokens * LinkBytes, LinkBytes)))
            {
                break;
            }

            agreed = end;
        }

        return agreed;
    }

    private static ReadOnlySpan<int> Tokens(ReadOnlySpan<int> tokens, int link)
    {
        int first = link * LinkTokens;
        return tokens.Slice(first, Math.Min(LinkTokens, tokens.Length - first));
    }

    private static void Next(Span<byte> state, ReadOnlySpan<int> tokens)
    {
        Span<byte> input = stackalloc byte[SHA256.HashSizeInBytes + (LinkTokens * sizeof(int))];
        state.CopyTo(input);
        for (int i = 0; i < tokens.Length; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(input[(SHA256.HashSizeInBytes + (i * sizeof(int)))..], tokens[i]);
        }

        SHA256.HashData(input[..(SHA256.HashSizeInBytes + (tokens.Length * sizeof(int)))], state);
    }
}
