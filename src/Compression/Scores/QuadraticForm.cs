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

    /// <summary>Rows of Q taken at a time: a load of k_j serves them all, and their sums fill the registers.</summary>
    private const int Rows = 4;

    private readonly int _size;
    private readonly float[] _linear;
    private readonly float[] _groups;

    /// <summary>
    /// The form of <paramref name="linear"/> m [d] and the symmetric <paramref name="quadratic"/> Q [d, d], of which the lower triangle is
    /// read; Q may be empty.
    /// </summary>
    public QuadraticForm(ReadOnlySpan<float> linear, ReadOnlySpan<float> quadratic)
    {
        _size = linear.Length;
        _linear = new float[Padded(_size)];
        linear.CopyTo(_linear);
        _groups = quadratic.IsEmpty ? [] : Arrange(quadratic, _size);
    }

    /// <summary>Evaluates forms at keys [slots, d]: one row of <paramref name="values"/>, [slots], for each.</summary>
    public static void Evaluate(ReadOnlySpan<float> keys, ReadOnlySpan<QuadraticForm> forms, ReadOnlySpan<float[]> values)
    {
        int size = forms[0]._size;
        int slots = keys.Length / size;
        float[] block = new float[Block * Padded(size)];
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

    private static int Padded(int size) => (size + Rows - 1) / Rows * Rows;

    /// <summary>
    /// The lower triangle by groups of 4 rows: of each group columns 0 to its last row's, 4 rows side by side, zeros right of the diagonal.
    /// An entry left of the diagonal stands for its mirror image too, hence twice.
    /// </summary>
    private static float[] Arrange(ReadOnlySpan<float> quadratic, int size)
    {
        int padded = Padded(size);
        float[] groups = new float[padded * (padded + Rows) / 2];
        int at = 0;
        for (int first = 0; first < padded; first += Rows)
        {
            for (int j = 0; j < first + Rows; j++)
            {
                for (int i = first; i < first + Rows; i++, at++)
                {
                    groups[at] = i >= size || j > i ? 0 : (i == j ? 1 : 2) * quadratic[(i * size) + j];
                }
            }
        }

        return groups;
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

    // sum over i of k_i (m_i + sum over j <= i of q_ij k_j).
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void EvaluateBlock(ReadOnlySpan<float> block, Span<float> values)
    {
        ref float keys = ref MemoryMarshal.GetReference(block);
        ref float linear = ref MemoryMarshal.GetArrayDataReference(_linear);
        ref float factor = ref MemoryMarshal.GetArrayDataReference(_groups);
        Lanes sum = default;
        for (int i = 0; i < _linear.Length; i += Rows, linear = ref Unsafe.Add(ref linear, Rows))
        {
            Lanes row0 = Lanes.Of(linear);
            Lanes row1 = Lanes.Of(Unsafe.Add(ref linear, 1));
            Lanes row2 = Lanes.Of(Unsafe.Add(ref linear, 2));
            Lanes row3 = Lanes.Of(Unsafe.Add(ref linear, 3));
            int columns = _groups.Length > 0 ? i + Rows : 0;
            for (int j = 0; j < columns; j++, factor = ref Unsafe.Add(ref factor, Rows))
            {
                Lanes key = Lanes.Load(ref keys, j);
                row0 = row0.AddProduct(factor, key);
                row1 = row1.AddProduct(Unsafe.Add(ref factor, 1), key);
                row2 = row2.AddProduct(Unsafe.Add(ref factor, 2), key);
                row3 = row3.AddProduct(Unsafe.Add(ref factor, 3), key);
            }

            sum = sum.AddProduct(row0, Lanes.Load(ref keys, i));
            sum = sum.AddProduct(row1, Lanes.Load(ref keys, i + 1));
            sum = sum.AddProduct(row2, Lanes.Load(ref keys, i + 2));
            sum = sum.AddProduct(row3, Lanes.Load(ref keys, i + 3));
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
