using System.Numerics.Tensors;

namespace KVCluster.Compression.Pressure;

/// <summary>
/// For each KV head and number of whole pages: the least score among the slots that stay when it is cut to them, and what they add up to.
/// Sixteen bytes a page, made of sorted rows before memory is short, so that a cut looks for nothing.
/// </summary>
internal sealed class PageRanks
{
    private readonly RankBorder[][] _borders;
    private readonly double[] _all;

    private PageRanks(RankBorder[][] borders, double[] all, int pageTokens)
    {
        _borders = borders;
        _all = all;
        PageTokens = pageTokens;
    }

    /// <summary>Slots of a page.</summary>
    public int PageTokens { get; }

    /// <summary>What a head's scores add up to, [layers, kvHeads].</summary>
    public double All(int head) => _all[head];

    /// <summary>
    /// The border of a head cut to so many slots; null where that is no whole number of pages, or less than its protected slots.
    /// </summary>
    public RankBorder? Border(int head, int kept)
    {
        RankBorder[] borders = _borders[head];
        int page = kept / PageTokens;
        return kept % PageTokens == 0 && page < borders.Length && borders[page].Equal >= 0 ? borders[page] : null;
    }

    /// <summary>Makes them.</summary>
    /// <param name="scores">As they are, [layers, kvHeads, slots].</param>
    /// <param name="sorted">The same, each row in descending order, with protected slots before all others.</param>
    /// <param name="guarded">How many protected slots each head has.</param>
    /// <param name="pageTokens">Slots of a page.</param>
    public static PageRanks Of(AttentionScores scores, AttentionScores sorted, ReadOnlySpan<int> guarded, int pageTokens)
    {
        var borders = new RankBorder[guarded.Length][];
        var all = new double[guarded.Length];
        for (int i = 0; i < borders.Length; i++)
        {
            ReadOnlySpan<float> others = sorted.Row(i / scores.Heads, i % scores.Heads)[guarded[i]..];
            all[i] = TensorPrimitives.Sum<float>(scores.Row(i / scores.Heads, i % scores.Heads));
            borders[i] = OfHead(others, guarded[i], Math.Max(0, all[i] - TensorPrimitives.Sum(others)), pageTokens);
        }

        return new PageRanks(borders, all, pageTokens);
    }

    private static RankBorder[] OfHead(ReadOnlySpan<float> others, int guarded, double mass, int pageTokens)
    {
        var borders = new RankBorder[((guarded + others.Length) / pageTokens) + 1];
        int done = 0;
        int run = 0;
        for (int page = 0; page < borders.Length; page++)
        {
            int count = (page * pageTokens) - guarded;
            if (count <= 0)
            {
                borders[page] = new RankBorder(float.PositiveInfinity, count == 0 ? 0 : -1, mass);
                continue;
            }

            mass += TensorPrimitives.Sum(others[done..count]);
            float lowest = others[count - 1];

            // Equal scores may begin in an earlier page.
            int same = count - done - Math.Max(0, others[done..count].IndexOf(lowest));
            run = same == count - done && done > 0 && others[done - 1] == lowest ? run + same : same;
            borders[page] = new RankBorder(lowest, run, mass);
            done = count;
        }

        return borders;
    }
}

/// <summary>Where a head's kept slots end.</summary>
/// <param name="Lowest">The least score among those not protected.</param>
/// <param name="Equal">How many of them score just that; below 0: no border.</param>
/// <param name="Mass">What all that stay add up to, protected ones included.</param>
internal readonly record struct RankBorder(float Lowest, int Equal, double Mass);
