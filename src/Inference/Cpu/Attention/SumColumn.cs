using System.Runtime.Intrinsics;

namespace KVCluster.Inference.Cpu.Attention;

/// <summary>
/// Growing sums of numbers that are not negative, in three bytes each: a float32 without its sign and its last 7 bits. What an addition
/// leaves beyond them is rounded up as often as it is large, by an offset that goes evenly through all values from addition to addition:
/// so many small numbers are not lost beside a large sum. The bytes lie as two of the upper bits and one of the lower.
/// </summary>
internal sealed class SumColumn
{
    /// <summary>Bits of a float32 that are not kept.</summary>
    private const int Dropped = 7;

    private ushort[] _upper = [];
    private byte[] _lower = [];
    private uint _additions;

    /// <summary>Sums there is room for.</summary>
    public int Length => _upper.Length;

    public long Bytes => (_upper.Length * 2L) + _lower.Length;

    public float this[int index]
    {
        get => BitConverter.UInt32BitsToSingle((((uint)_upper[index] << 8) | _lower[index]) << Dropped);
        set => Store(index, value, 1u << (Dropped - 1));
    }

    public SumColumn Copy() => new() { _upper = [.. _upper], _lower = [.. _lower], _additions = _additions };

    public void Grow(int length)
    {
        if (_upper.Length < length)
        {
            int room = Math.Max(length, _upper.Length + (_upper.Length / 8) + 64);
            Array.Resize(ref _upper, room);
            Array.Resize(ref _lower, room);
        }
    }

    /// <summary>Adds a row of numbers to the sums from <paramref name="first"/> on.</summary>
    public void Add(int first, ReadOnlySpan<float> row)
    {
        Span<ushort> upper = _upper.AsSpan(first, row.Length);
        Span<byte> lower = _lower.AsSpan(first, row.Length);

        // 79 is odd and near the golden section of 128: the offsets of any few additions in turn lie far apart.
        uint offset = (_additions++ * 79) % (1u << Dropped);
        int i = 0;
        for (; i + Vector512<float>.Count <= row.Length; i += Vector512<float>.Count)
        {
            Vector512<uint> high = Widen(Vector256.Create<ushort>(upper[i..]));
            (Vector128<ushort> low0, Vector128<ushort> low1) = Vector128.Widen(Vector128.Create<byte>(lower[i..]));
            Vector512<uint> bits = ((high << 8) | Widen(Vector256.Create(low0, low1))) << Dropped;
            bits = ((bits.AsSingle() + Vector512.Create(row[i..])).AsUInt32() + Vector512.Create(offset)) >>> Dropped;
            Narrow(bits >>> 8).CopyTo(upper[i..]);
            Vector256<ushort> rest = Narrow(bits & Vector512.Create(255u));
            Vector128.Narrow(rest.GetLower(), rest.GetUpper()).CopyTo(lower[i..]);
        }

        for (; i < row.Length; i++)
        {
            Store(first + i, this[first + i] + row[i], offset);
        }
    }

    public void Move(int from, int to)
    {
        _upper[to] = _upper[from];
        _lower[to] = _lower[from];
    }

    /// <summary>Sets all from <paramref name="first"/> on to 0.</summary>
    public void Clear(int first)
    {
        int from = Math.Min(first, _upper.Length);
        _upper.AsSpan(from).Clear();
        _lower.AsSpan(from).Clear();
    }

    private void Store(int index, float value, uint offset)
    {
        uint bits = (BitConverter.SingleToUInt32Bits(value) + offset) >> Dropped;
        _upper[index] = (ushort)(bits >> 8);
        _lower[index] = (byte)bits;
    }

    private static Vector512<uint> Widen(Vector256<ushort> values)
    {
        (Vector256<uint> low, Vector256<uint> high) = Vector256.Widen(values);
        return Vector512.Create(low, high);
    }

    private static Vector256<ushort> Narrow(Vector512<uint> values) => Vector256.Narrow(values.GetLower(), values.GetUpper());
}
