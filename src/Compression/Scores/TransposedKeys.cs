using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace KVCluster.Compression.Scores;

/// <summary>
/// Keys of one head side by side, [slots / 64, d, 64], so that a linear and a quadratic form of all of them are sums of vectors: what
/// ExpectedAttention needs for each query head of the group.
/// </summary>
internal sealed class TransposedKeys
{
    private const int Block = 64;

    private readonly float[] _data;
    private readonly int _size;
    private readonly int _slots;

    /// <summary>Takes rows [slots, size].</summary>
    public TransposedKeys(ReadOnlySpan<float> keys, int size)
    {
        _size = size;
        _slots = keys.Length / size;
        _data = new float[(_slots + Block - 1) / Block * Block * size];
        for (int slot = 0; slot < _slots; slot++)
        {
            int to = (slot / Block * Block * size) + (slot % Block);
            for (int i = 0; i < size; i++)
            {
                _data[to + (i * Block)] = keys[(slot * size) + i];
            }
        }
    }

    /// <summary>
    /// destination[slot] = linear.k + k'Qk with a symmetric Q given as its <paramref name="lower"/> triangle [d, d]: entries left of the
    /// diagonal count twice, those right of it not at all. Q may be empty.
    /// </summary>
    public void Evaluate(ReadOnlySpan<float> linear, ReadOnlySpan<float> lower, Span<float> destination)
    {
        Span<float> block = stackalloc float[Block];
        for (int first = 0; first < _slots; first += Block)
        {
            EvaluateBlock(_data.AsSpan(first * _size, Block * _size), linear, lower, block);
            int count = Math.Min(Block, _slots - first);
            block[..count].CopyTo(destination[first..]);
        }
    }

    private void EvaluateBlock(ReadOnlySpan<float> block, ReadOnlySpan<float> linear, ReadOnlySpan<float> lower, Span<float> values)
    {
        ref float keys = ref MemoryMarshal.GetReference(block);
        Vector512<float> s0 = default, s1 = default, s2 = default, s3 = default;
        for (int i = 0; i < _size; i++)
        {
            Vector512<float> a0 = Vector512.Create(linear[i]);
            Vector512<float> a1 = a0, a2 = a0, a3 = a0;
            ReadOnlySpan<float> row = lower.IsEmpty ? [] : lower.Slice(i * _size, i + 1);
            for (int j = 0; j < row.Length; j++)
            {
                Vector512<float> c = Vector512.Create(j < i ? 2 * row[j] : row[j]);
                nuint at = (nuint)(j * Block);
                a0 = Vector512.FusedMultiplyAdd(c, Vector512.LoadUnsafe(ref keys, at), a0);
                a1 = Vector512.FusedMultiplyAdd(c, Vector512.LoadUnsafe(ref keys, at + 16), a1);
                a2 = Vector512.FusedMultiplyAdd(c, Vector512.LoadUnsafe(ref keys, at + 32), a2);
                a3 = Vector512.FusedMultiplyAdd(c, Vector512.LoadUnsafe(ref keys, at + 48), a3);
            }

            nuint own = (nuint)(i * Block);
            s0 = Vector512.FusedMultiplyAdd(a0, Vector512.LoadUnsafe(ref keys, own), s0);
            s1 = Vector512.FusedMultiplyAdd(a1, Vector512.LoadUnsafe(ref keys, own + 16), s1);
            s2 = Vector512.FusedMultiplyAdd(a2, Vector512.LoadUnsafe(ref keys, own + 32), s2);
            s3 = Vector512.FusedMultiplyAdd(a3, Vector512.LoadUnsafe(ref keys, own + 48), s3);
        }

        s0.CopyTo(values);
        s1.CopyTo(values[16..]);
        s2.CopyTo(values[32..]);
        s3.CopyTo(values[48..]);
    }
}
