using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace KVCluster.Compression.Scores;

/// <summary>
/// f(k) = m.k + k'Qk of many keys k, [d] each: what ExpectedAttention needs for each query head. Keys are laid side by side, 64 at a time,
/// so that the form is a sum of vectors; all heads of a group take a block while it is in the first-level cache.
/// </summary>
internal sealed class QuadraticForm
{
    private const int Block = 64;

    private readonly float[] _linear;
    private readonly float[] _triangle;

    /// <summary>
    /// The form of <paramref name="linear"/> m [d] and the symmetric <paramref name="quadratic"/> Q [d, d], of which the lower triangle is
    /// read; Q may be empty.
    /// </summary>
    public QuadraticForm(ReadOnlySpan<float> linear, ReadOnlySpan<float> quadratic)
    {
        _linear = linear.ToArray();
        _triangle = quadratic.ToArray();
        int size = _linear.Length;
        for (int i = 0; i < size && _triangle.Length > 0; i++)
        {
            // An entry left of the diagonal stands for its mirror image too, which is not read.
            foreach (ref float entry in _triangle.AsSpan(i * size, i))
            {
                entry *= 2;
            }

            _triangle.AsSpan((i * size) + i + 1, size - i - 1).Clear();
        }
    }

    /// <summary>Evaluates forms at keys [slots, d]: one row of <paramref name="values"/>, [slots], for each.</summary>
    public static void Evaluate(ReadOnlySpan<float> keys, ReadOnlySpan<QuadraticForm> forms, ReadOnlySpan<float[]> values)
    {
        int size = forms[0]._linear.Length;
        int slots = keys.Length / size;
        float[] block = new float[Block * size];
        Span<float> results = stackalloc float[Block];
        for (int first = 0; first < slots; first += Block)
        {
            int count = Math.Min(Block, slots - first);
            Transpose(keys.Slice(first * size, count * size), size, block);
            for (int f = 0; f < forms.Length; f++)
            {
                forms[f].EvaluateBlock(block, results);
                results[..count].CopyTo(values[f].AsSpan(first));
            }
        }
    }

    // What a short last block leaves of the one before is computed with and dropped.
    private static void Transpose(ReadOnlySpan<float> keys, int size, Span<float> block)
    {
        for (int slot = 0; slot * size < keys.Length; slot++)
        {
            ReadOnlySpan<float> key = keys.Slice(slot * size, size);
            for (int i = 0; i < key.Length; i++)
            {
                block[(i * Block) + slot] = key[i];
            }
        }
    }

    // sum over i of k_i (m_i + sum over j <= i of q_ij k_j), two rows i at a time: a load of k_j serves both.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void EvaluateBlock(ReadOnlySpan<float> block, Span<float> values)
    {
        ref float keys = ref MemoryMarshal.GetReference(block);
        Lanes sum = default;
        int size = _linear.Length;
        for (int i = 0; i < size; i += 2)
        {
            bool pair = i + 1 < size;
            Lanes upper = Lanes.Of(_linear[i]);
            Lanes lower = Lanes.Of(pair ? _linear[i + 1] : 0);
            if (_triangle.Length > 0)
            {
                // The upper row's entry right of its diagonal is 0, so both have the same length.
                int length = pair ? i + 2 : i + 1;
                ReadOnlySpan<float> q0 = _triangle.AsSpan(i * size, length);
                ReadOnlySpan<float> q1 = pair ? _triangle.AsSpan((i + 1) * size, length) : q0;
                for (int j = 0; j < q0.Length; j++)
                {
                    Lanes key = Lanes.Load(ref keys, j);
                    upper = upper.AddProduct(q0[j], key);
                    lower = lower.AddProduct(q1[j], key);
                }
            }

            sum = sum.AddProduct(upper, Lanes.Load(ref keys, i));
            if (pair)
            {
                sum = sum.AddProduct(lower, Lanes.Load(ref keys, i + 1));
            }
        }

        sum.CopyTo(values);
    }

    /// <summary>One number for each key of a block.</summary>
    private readonly struct Lanes(Vector512<float> a, Vector512<float> b, Vector512<float> c, Vector512<float> d)
    {
        private readonly Vector512<float> _a = a;
        private readonly Vector512<float> _b = b;
        private readonly Vector512<float> _c = c;
        private readonly Vector512<float> _d = d;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Lanes Of(float value)
        {
            Vector512<float> v = Vector512.Create(value);
            return new Lanes(v, v, v, v);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Lanes Load(ref float keys, int dimension)
        {
            nuint at = (nuint)(dimension * Block);
            return new Lanes(
                Vector512.LoadUnsafe(ref keys, at),
                Vector512.LoadUnsafe(ref keys, at + 16),
                Vector512.LoadUnsafe(ref keys, at + 32),
                Vector512.LoadUnsafe(ref keys, at + 48));
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Lanes AddProduct(float factor, in Lanes keys)
        {
            Vector512<float> f = Vector512.Create(factor);
            return new Lanes(
                Vector512.FusedMultiplyAdd(f, keys._a, _a),
                Vector512.FusedMultiplyAdd(f, keys._b, _b),
                Vector512.FusedMultiplyAdd(f, keys._c, _c),
                Vector512.FusedMultiplyAdd(f, keys._d, _d));
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Lanes AddProduct(in Lanes factors, in Lanes keys) => new(
            Vector512.FusedMultiplyAdd(factors._a, keys._a, _a),
            Vector512.FusedMultiplyAdd(factors._b, keys._b, _b),
            Vector512.FusedMultiplyAdd(factors._c, keys._c, _c),
            Vector512.FusedMultiplyAdd(factors._d, keys._d, _d));

        public void CopyTo(Span<float> values)
        {
            _a.CopyTo(values);
            _b.CopyTo(values[16..]);
            _c.CopyTo(values[32..]);
            _d.CopyTo(values[48..]);
        }
    }
}
