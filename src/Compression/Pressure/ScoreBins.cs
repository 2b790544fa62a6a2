using System.Numerics;
using System.Runtime.InteropServices;

namespace KVCluster.Compression.Pressure;

/// <summary>
/// Log-spaced bins of scores: eight to each octave, the exponent and the upper three bits of the mantissa of a float, so that a score finds
/// its bin by one shift, exactly. Bin 0 holds what is below 2^-32 (zero and negative scores too), the last bin all from its lower edge on.
/// </summary>
/// <remarks>
/// A threshold is a position among the bins: a fixed-point number whose integer part is the bin and whose fraction (20 bits) is the share of
/// the bin that lies below the threshold. Entries of the threshold's bin count as spread evenly over it. All sums over positions are
/// integers, hence the same in every order.
/// </remarks>
public static class ScoreBins
{
    /// <summary>Bins to an octave.</summary>
    public const int PerOctave = 8;

    /// <summary>The lower edge of bin 1 is two to this power.</summary>
    public const int LowestExponent = -32;

    /// <summary>Octaves between the lower edge of bin 1 and the end of the last bin.</summary>
    public const int Octaves = 48;

    /// <summary>All bins.</summary>
    public const int Count = 1 + (Octaves * PerOctave);

    /// <summary>Bits of a position's fraction.</summary>
    public const int FractionBits = 20;

    /// <summary>The position one bin further.</summary>
    public const long One = 1L << FractionBits;

    /// <summary>The position above all bins.</summary>
    public const long End = Count * One;

    // A double keeps 52 bits of mantissa, of which three tell the bin; a float keeps 23.
    private const int DoubleBinShift = 49;
    private const int FloatBinShift = 20;
    private const int FirstFloatBin = (127 + LowestExponent) * PerOctave;
    private const long LowestBits = (long)(1023 + LowestExponent) << 52;
    private static readonly double _lowest = Math.ScaleB(1, LowestExponent);

    /// <summary>The bin of a score. NaN has none: the result is arbitrary.</summary>
    public static int Of(float score) =>
        Math.Clamp((BitConverter.SingleToInt32Bits(score) >> FloatBinShift) - FirstFloatBin + 1, 0, Count - 1);

    /// <summary>The bins of many scores, into a span at least as long.</summary>
    public static void Of(ReadOnlySpan<float> scores, Span<int> bins)
    {
        ReadOnlySpan<int> bits = MemoryMarshal.Cast<float, int>(scores);
        var offset = new Vector<int>(1 - FirstFloatBin);
        var last = new Vector<int>(Count - 1);
        int i = 0;
        for (; i <= bits.Length - Vector<int>.Count; i += Vector<int>.Count)
        {
            Vector<int> bin = Vector.ShiftRightArithmetic(new Vector<int>(bits[i..]), FloatBinShift) + offset;
            Vector.Min(Vector.Max(bin, Vector<int>.Zero), last).CopyTo(bins[i..]);
        }

        for (; i < bits.Length; i++)
        {
            bins[i] = Of(scores[i]);
        }
    }

    /// <summary>
    /// The position of a threshold, in [0, <see cref="End"/>], rounded up: it never keeps more than the threshold asks for. Not decreasing in
    /// the value; 0 for values that are not positive.
    /// </summary>
    public static long Position(double value)
    {
        if (!(value > 0))
        {
            return 0;
        }

        if (value < _lowest)
        {
            return (long)Math.Ceiling(value / _lowest * One);
        }

        const int Shift = DoubleBinShift - FractionBits;
        long beyond = BitConverter.DoubleToInt64Bits(value) - LowestBits;
        return Math.Min(End, One + ((beyond + (1L << Shift) - 1) >> Shift));
    }

    /// <summary>The value at a position that may lie above <see cref="End"/>: the inverse of <see cref="Position"/>.</summary>
    public static double ValueAt(long position)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        return position < One
            ? (double)position / One * _lowest
            : BitConverter.Int64BitsToDouble(LowestBits + ((position - One) << (DoubleBinShift - FractionBits)));
    }

    /// <summary>The smallest score of a bin; 0 for the first.</summary>
    public static double LowerEdge(int bin) => ValueAt(bin * One);

    /// <summary>floor(amount * share), where the share is <paramref name="fraction"/> / <see cref="One"/>, without overflow.</summary>
    internal static long Share(long amount, long fraction) =>
        ((amount >> FractionBits) * fraction) + (((amount & (One - 1)) * fraction) >> FractionBits);
}
