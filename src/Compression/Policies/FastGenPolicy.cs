using System.Numerics.Tensors;
using KVCluster.Compression.Budgets;
using KVCluster.Compression.Scores;

namespace KVCluster.Compression.Policies;

/// <summary>
/// FastGen (arXiv 2310.01801): each head keeps the cheapest of special tokens; those and punctuation; those and heavy hitters; those and the
/// most recent; everything - that recovers enough of its attention. Where that exceeds the budget, heads step down where it costs the least
/// attention a slot.
/// </summary>
public sealed class FastGenPolicy : ICompressionPolicy
{
    internal const string PolicyName = "fastgen";

    private readonly FastGenParameters _parameters;

    /// <summary>The policy; throws <see cref="PolicyException"/> where a parameter is out of range.</summary>
    public FastGenPolicy(FastGenParameters? parameters = null)
    {
        _parameters = parameters ?? new FastGenParameters();
        _parameters.Validate();
    }

    /// <inheritdoc/>
    public string Name => PolicyName;

    /// <inheritdoc/>
    public PolicyParameters Parameters => _parameters;

    /// <inheritdoc/>
    public ScoreRequest Request => new()
    {
        Attention = new AttentionRequest(AttentionSource.Window, QueryAggregation.Mean)
        {
            Window = _parameters.Window,
            OrObserved = true,
        },
        TokenKinds = true,
    };

    /// <inheritdoc/>
    public RetentionPlan Plan(PolicyInput input, RetentionBudget budget)
    {
        ArgumentNullException.ThrowIfNull(input);
        CacheShape shape = input.Shape;
        AttentionScores attention = ScoreOperations.GroupToKvHeads(input.RequireAttention(), shape.KvHeads);
        ScoreOperations.CheckFinite(attention);
        ReadOnlyMemory<TokenKind> kinds = input.RequireTokenKinds();
        List<Strategy>[] strategies = new List<Strategy>[shape.Layers * shape.KvHeads];
        int[] chosen = new int[strategies.Length];
        for (int i = 0; i < strategies.Length; i++)
        {
            strategies[i] = Strategies(attention.Row(i / shape.KvHeads, i % shape.KvHeads), shape, i, kinds.Span);
            chosen[i] = strategies[i].FindIndex(s => s.Recovered >= _parameters.Recovery);
            chosen[i] = chosen[i] < 0 ? strategies[i].Count - 1 : chosen[i];
        }

        long least = Math.Min((long)strategies.Length * _parameters.MinimumPerHead, shape.TotalSlots);
        return StepDown(strategies, chosen, Math.Max(budget.Slots(shape), least))
            ? new RetentionPlan(shape.Layers, shape.KvHeads, [.. strategies.Select((s, i) => s[chosen[i]].Kept)])
            : HeadPlan.Equal(attention, HeadPlan.Share(shape, budget, _parameters.MinimumPerHead));
    }

    /// <summary>Sets of slots of one head, cheapest first; the last is everything.</summary>
    private List<Strategy> Strategies(ReadOnlySpan<float> row, CacheShape shape, int index, ReadOnlySpan<TokenKind> kinds)
    {
        int layer = index / shape.KvHeads;
        int head = index % shape.KvHeads;
        bool[] kept = new bool[row.Length];
        kept.AsSpan(0, shape.SlotsBefore(layer, head, _parameters.Sinks)).Fill(true);
        foreach (int slot in SlotSelection.Best(row, Math.Min(_parameters.MinimumPerHead, row.Length)))
        {
            kept[slot] = true;
        }

        List<Strategy> strategies = [];
        foreach (TokenKind kind in (TokenKind[])[TokenKind.Special, TokenKind.Punctuation])
        {
            for (int slot = 0; slot < kept.Length; slot++)
            {
                kept[slot] |= kinds[shape.Position(layer, head, slot)] == kind;
            }

            strategies.Add(Strategy.Of(kept, row));
        }

        float[] ranked = row.ToArray();
        for (int slot = 0; slot < ranked.Length && _parameters.SeenMean; slot++)
        {
            ranked[slot] *= (float)shape.LogicalLength / (shape.LogicalLength - shape.Position(layer, head, slot));
        }

        bool[] recent = [.. kept];
        recent.AsSpan(row.Length - (int)(row.Length * _parameters.LocalShare)).Fill(true);
        strategies.Add(Strategy.Of(WithFrequent(kept, ranked), row));
        strategies.Add(Strategy.Of(WithFrequent(recent, ranked), row));
        kept.AsSpan().Fill(true);
        strategies.Add(Strategy.Of(kept, row));
        return strategies;
    }

    /// <summary>What is kept and the heavy hitters.</summary>
    private bool[] WithFrequent(bool[] kept, float[] ranked)
    {
        bool[] all = [.. kept];
        double share = ranked.Length * _parameters.FrequentShare;
        float[] candidates = [.. ranked];
        for (int slot = 0; slot < kept.Length && _parameters.Apart; slot++)
        {
            candidates[slot] = kept[slot] ? float.NegativeInfinity : candidates[slot];
        }

        foreach (int slot in SlotSelection.Best(candidates, _parameters.Apart ? (int)Math.Ceiling(share) : (int)share))
        {
            all[slot] = true;
        }

        return all;
    }

    /// <summary>Takes cheaper strategies until all fit; false where even the cheapest do not.</summary>
    private static bool StepDown(List<Strategy>[] strategies, int[] chosen, long slots)
    {
        long total = 0;
        PriorityQueue<int, double> cheapest = new();
        for (int i = 0; i < chosen.Length; i++)
        {
            total += strategies[i][chosen[i]].Kept.Length;
            Offer(cheapest, strategies[i], chosen[i], i);
        }

        while (total > slots && cheapest.TryDequeue(out int head, out _))
        {
            total -= strategies[head][chosen[head]].Kept.Length - strategies[head][--chosen[head]].Kept.Length;
            Offer(cheapest, strategies[head], chosen[head], head);
        }

        return total <= slots;
    }

    private static void Offer(PriorityQueue<int, double> queue, List<Strategy> strategies, int chosen, int head)
    {
        if (chosen > 0)
        {
            int saved = strategies[chosen].Kept.Length - strategies[chosen - 1].Kept.Length;
            queue.Enqueue(head, (strategies[chosen].Recovered - strategies[chosen - 1].Recovered) / Math.Max(1, saved));
        }
    }

    private sealed record Strategy(int[] Kept, double Recovered)
    {
        public static Strategy Of(bool[] kept, ReadOnlySpan<float> attention)
        {
            int[] slots = [.. Enumerable.Range(0, kept.Length).Where(s => kept[s])];
            double all = TensorPrimitives.Sum(attention);
            double sum = 0;
            foreach (int slot in slots)
            {
                sum += attention[slot];
            }

            return new Strategy(slots, all > 0 ? sum / all : 1);
        }
    }
}
