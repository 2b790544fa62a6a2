using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace KVCluster.Storage.Format;

/// <summary>
/// XXH64 (seed 0; Y. Collet, xxHash specification): a 64-bit checksum over bytes that come piece by piece. It finds faults, not forgers:
/// against those there is encryption.
/// </summary>
public struct Checksum64
{
    private const ulong Prime1 = 0x9E3779B185EBCA87;
    private const ulong Prime2 = 0xC2B2AE3D27D4EB4F;
    private const ulong Prime3 = 0x165667B19E3779F9;
    private const ulong Prime4 = 0x85EBCA77C2B2AE63;
    private const ulong Prime5 = 0x27D4EB2F165667C5;
    private const int StripeBytes = 32;

    private ulong _lane1;
    private ulong _lane2;
    private ulong _lane3;
    private ulong _lane4;
    private ulong _length;
    private Stripe _rest;

    /// <summary>Begins.</summary>
    public Checksum64()
    {
        _lane1 = unchecked(Prime1 + Prime2);
        _lane2 = Prime2;
        _lane3 = 0;
        _lane4 = unchecked(0 - Prime1);
    }

    /// <summary>The checksum of one piece.</summary>
    public static ulong Of(ReadOnlySpan<byte> bytes)
    {
        var sum = new Checksum64();
        sum.Add(bytes);
        return sum.Value;
    }

    /// <summary>Takes more bytes in.</summary>
    public void Add(ReadOnlySpan<byte> bytes)
    {
        int pending = (int)(_length % StripeBytes);
        _length += (ulong)bytes.Length;
        Span<byte> rest = _rest;
        if (pending > 0)
        {
            int taken = Math.Min(StripeBytes - pending, bytes.Length);
            bytes[..taken].CopyTo(rest[pending..]);
            bytes = bytes[taken..];
            if (pending + taken < StripeBytes)
            {
                return;
            }

            Stripes(rest);
        }

        int whole = bytes.Length / StripeBytes * StripeBytes;
        Stripes(bytes[..whole]);
        bytes[whole..].CopyTo(rest);
    }

    /// <summary>The checksum of everything taken in so far.</summary>
    public readonly ulong Value
    {
        get
        {
            ulong hash = Prime5;
            if (_length >= StripeBytes)
            {
                hash = BitOperations.RotateLeft(_lane1, 1) + BitOperations.RotateLeft(_lane2, 7)
                    + BitOperations.RotateLeft(_lane3, 12) + BitOperations.RotateLeft(_lane4, 18);
                hash = Merge(Merge(Merge(Merge(hash, _lane1), _lane2), _lane3), _lane4);
            }

            ReadOnlySpan<byte> rest = _rest;
            return Finish(hash + _length, rest[..(int)(_length % StripeBytes)]);
        }
    }

    private static ulong Finish(ulong hash, ReadOnlySpan<byte> rest)
    {
        for (; rest.Length >= 8; rest = rest[8..])
        {
            hash ^= Round(0, BinaryPrimitives.ReadUInt64LittleEndian(rest));
            hash = (BitOperations.RotateLeft(hash, 27) * Prime1) + Prime4;
        }

        if (rest.Length >= 4)
        {
            hash ^= BinaryPrimitives.ReadUInt32LittleEndian(rest) * Prime1;
            hash = (BitOperations.RotateLeft(hash, 23) * Prime2) + Prime3;
            rest = rest[4..];
        }

        foreach (byte b in rest)
        {
            hash ^= b * Prime5;
            hash = BitOperations.RotateLeft(hash, 11) * Prime1;
        }

        hash = (hash ^ (hash >> 33)) * Prime2;
        hash = (hash ^ (hash >> 29)) * Prime3;
        return hash ^ (hash >> 32);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Round(ulong lane, ulong input) => BitOperations.RotateLeft(lane + (input * Prime2), 31) * Prime1;

    private static ulong Merge(ulong hash, ulong lane) => ((hash ^ Round(0, lane)) * Prime1) + Prime4;

    /// <summary>Compiled at its best from the first call on: a process that has just started verifies as fast as one that runs for long.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Stripes(ReadOnlySpan<byte> bytes)
    {
        (ulong a, ulong b, ulong c, ulong d) = (_lane1, _lane2, _lane3, _lane4);
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(bytes);
        for (int i = 0; i <= words.Length - 4; i += 4)
        {
            a = Round(a, words[i]);
            b = Round(b, words[i + 1]);
            c = Round(c, words[i + 2]);
            d = Round(d, words[i + 3]);
        }

        (_lane1, _lane2, _lane3, _lane4) = (a, b, c, d);
    }

    [InlineArray(StripeBytes)]
    private struct Stripe
    {
        private byte _first;
    }
}
