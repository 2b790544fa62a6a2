using System.Buffers;
using System.Numerics.Tensors;

namespace KVCluster.Compression.Pressure;

/// <summary>A histogram while it is made.</summary>
internal sealed class HistogramParts
{
    public HistogramParts(ReadOnlySpan<int> lengths, ReadOnlySpan<long> entryBytes, ReadOnlySpan<int> floors, int pageEntries)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(pageEntries);
        if (entryBytes.Length != lengths.Length || floors.Length != lengths.Length)
        {
            throw new ArgumentException($"{lengths.Length} lengths, {entryBytes.Length} sizes and {floors.Length} floors of rows");
        }

        PageEntries = pageEntries;
        Lengths = lengths.ToArray();
        EntryBytes = entryBytes.ToArray();
        Floors = floors.ToArray();
        for (int row = 0; row < Floors.Length; row++)
        {
            // A page that is begun costs the whole of it, so the floor takes all its entries.
            long pages = (Floors[row] + (long)pageEntries - 1) / pageEntries;
            Floors[row] = (int)Math.Min(pages * pageEntries, Lengths[row]);
        }
    }

    public int PageEntries { get; }

    public int[] Lengths { get; }

    public long[] EntryBytes { get; }

    public int[] Floors { get; }

    public int FirstBin { get; init; }

    public int[] Above { get; set; } = [];

    public double[] MassAbove { get; set; } = [0];

    public double TotalMass { get; set; }

    public ScoreFault? Fault { get; set; }

    private int First { get; set; } = -1;

    public static HistogramParts Of(IReadOnlyList<HistogramRow> rows, int pageEntries) => new(
        rows.Select(r => r.Scores.Length).ToArray(),
        rows.Select(r => r.EntryBytes).ToArray(),
        rows.Select(r => r.Floor).ToArray(),
        pageEntries);

    /// <summary>All entries alike, in the middle of the lowest bin; their mass is what they score there, so that shares of it are true.</summary>
    public void FillAlike()
    {
        double score = Math.ScaleB(1, ScoreBins.LowestExponent - 1);
        First = 0;
        Above = new int[2 * Lengths.Length];
        MassAbove = new double[2];
        TotalMass = 0;
        for (int row = 0; row < Lengths.Length; row++)
        {
            Above[2 * row] = Lengths[row] - Floors[row];
            MassAbove[0] += Above[2 * row] * score;
            TotalMass += Lengths[row] * score;
        }
    }

    /// <summary>Sorts rows, checked before, into bins.</summary>
    public void Fill(IReadOnlyList<HistogramRow> rows)
    {
        (int first, int bins) = Range(rows);
        First = first;
        Above = new int[rows.Count * (bins + 1)];
        MassAbove = new double[bins + 1];
        for (int row = 0; row < rows.Count; row++)
        {
            ReadOnlySpan<float> scores = rows[row].Scores.Span;
            TotalMass += FloorMass(rows[row], Floors[row]);
            Count(scores[Floors[row]..], first, Above.AsSpan(row * (bins + 1), bins + 1));
        }

        for (int bin = bins - 1; bin >= 0; bin--)
        {
            MassAbove[bin] += MassAbove[bin + 1];
        }

        TotalMass += MassAbove[0];
    }

    /// <summary>Two histograms of equal rows, added.</summary>
    public static HistogramParts Sum(HistogramParts a, HistogramParts b)
    {
        int first = Math.Min(a.FirstBin, b.FirstBin);
        int end = Math.Max(a.FirstBin + a.MassAbove.Length, b.FirstBin + b.MassAbove.Length);
        HistogramParts sum = new(
            a.Lengths.Zip(b.Lengths, (x, y) => x + y).ToArray(), a.EntryBytes, a.Floors.Zip(b.Floors, (x, y) => x + y).ToArray(), a.PageEntries)
        {
            First = first,
            Above = new int[a.Lengths.Length * (end - first)],
            MassAbove = new double[end - first],
            TotalMass = a.TotalMass + b.TotalMass,
            Fault = a.Fault ?? b.Fault,
        };
        foreach (HistogramParts part in new[] { a, b })
        {
            for (int k = 0; k < end - first; k++)
            {
                int from = Math.Clamp(first + k - part.FirstBin, 0, part.MassAbove.Length - 1);
                sum.MassAbove[k] += part.MassAbove[from];
                for (int row = 0; row < a.Lengths.Length; row++)
                {
                    sum.Above[(row * (end - first)) + k] += part.Above[(row * part.MassAbove.Length) + from];
                }
            }
        }

        return sum;
    }

    /// <summary>A histogram whose rows keep only their best entries; the counts are checked before.</summary>
    public static HistogramParts Cut(HistogramParts parts, ReadOnlySpan<int> kept)
    {
        int width = parts.MassAbove.Length;
        HistogramParts cut = new(kept, parts.EntryBytes, parts.Floors, parts.PageEntries)
        {
            First = parts.FirstBin,
            Above = new int[parts.Above.Length],
            MassAbove = new double[width],
            Fault = parts.Fault,
        };
        for (int row = 0; row < kept.Length; row++)
        {
            for (int k = 0; k < width; k++)
            {
                cut.Above[(row * width) + k] = Math.Min(parts.Above[(row * width) + k], kept[row] - parts.Floors[row]);
            }
        }

        for (int k = width - 2; k >= 0; k--)
        {
            long before = InBin(parts.Above, k, width);
            double share = before == 0 ? 0 : (double)InBin(cut.Above, k, width) / before;
            cut.MassAbove[k] = cut.MassAbove[k + 1] + (share * (parts.MassAbove[k] - parts.MassAbove[k + 1]));
        }

        cut.TotalMass = parts.TotalMass - parts.MassAbove[0] + cut.MassAbove[0];
        return cut;
    }

    /// <summary>Bytes of all rows by bin.</summary>
    public ByteProfile Profile()
    {
        int width = MassAbove.Length;
        long[] above = new long[width];
        long floors = 0;
        for (int row = 0; row < Lengths.Length; row++)
        {
            floors = checked(floors + (Floors[row] * EntryBytes[row]));
            for (int k = 0; k < width; k++)
            {
                above[k] = checked(above[k] + (Above[(row * width) + k] * EntryBytes[row]));
            }
        }

        return new ByteProfile(First < 0 ? FirstBin : First, above, floors);
    }

    private static long InBin(int[] above, int bin, int width)
    {
        long entries = 0;
        for (int i = bin; i < above.Length; i += width)
        {
            entries += above[i] - above[i + 1];
        }

        return entries;
    }

    // Rows do not increase, so their ends tell the range.
    private (int First, int Bins) Range(IReadOnlyList<HistogramRow> rows)
    {
        int first = ScoreBins.Count;
        int last = -1;
        for (int row = 0; row < rows.Count; row++)
        {
            ReadOnlySpan<float> beyond = rows[row].Scores.Span[Floors[row]..];
            if (beyond.Length > 0)
            {
                first = Math.Min(first, ScoreBins.Of(beyond[^1]));
                last = Math.Max(last, ScoreBins.Of(beyond[0]));
            }
        }

        return last < 0 ? (0, 0) : (first, last - first + 1);
    }

    // Rounding to pages adds entries to the floor whose scores stand in the row as they are.
    private static double FloorMass(HistogramRow row, int floor) => row.FloorMass is { } mass
        ? mass + FiniteSum(row.Scores.Span[Math.Min(row.Floor, floor)..floor])
        : FiniteSum(row.Scores.Span[..floor]);

    private void Count(ReadOnlySpan<float> scores, int first, Span<int> above)
    {
        int[] bins = ArrayPool<int>.Shared.Rent(scores.Length);
        ScoreBins.Of(scores, bins);
        int begin = 0;
        while (begin < scores.Length)
        {
            // Equal bins lie side by side: one sum for each.
            int bin = bins[begin];
            int end = begin + bins.AsSpan(begin, scores.Length - begin).IndexOfAnyExcept(bin);
            end = end < begin ? scores.Length : end;
            above[bin - first] = end - begin;
            MassAbove[bin - first] += FiniteSum(scores[begin..end]);
            begin = end;
        }

        ArrayPool<int>.Shared.Return(bins);
        for (int k = above.Length - 2; k >= 0; k--)
        {
            above[k] += above[k + 1];
        }
    }

    // Scores raised to protect an entry are no mass; nor are negative ones.
    private static double FiniteSum(ReadOnlySpan<float> scores)
    {
        float sum = TensorPrimitives.Sum(scores);
        if (float.IsFinite(sum) && (scores.Length == 0 || scores[^1] >= 0))
        {
            return sum;
        }

        double finite = 0;
        foreach (float score in scores)
        {
            finite += float.IsFinite(score) ? Math.Max(0, score) : 0;
        }

        return finite;
    }
}
