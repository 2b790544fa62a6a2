using KVCluster.Inference.Backend;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Models;
using KVCluster.Inference.Torch.Attention;
using KVCluster.Inference.Torch.Memory;

namespace KVCluster.Inference.Torch.Passes;

/// <summary>
/// Everything a step's kernels must know of its caches, written on the host before the first kernel runs: ids, positions, where each row's
/// keys and values go, and the groups of lanes that attend together.
/// </summary>
internal sealed class StepPlan(ModelConfig model, TorchPageStore store, IndexBuffer buffer)
{
    private readonly LanePlanner _lanes = new(model, store, buffer);
    private readonly List<AttentionJob> _jobs = [];

    /// <summary>Rows of the step.</summary>
    public int Rows { get; private set; }

    /// <summary>[rows] token ids.</summary>
    public int Ids { get; private set; }

    /// <summary>[rows] positions.</summary>
    public int Positions { get; private set; }

    /// <summary>[layers, 2, rows * Hkv] row numbers in the arena of keys, then values.</summary>
    public int Targets { get; private set; }

    /// <summary>[wanted] rows whose logits are wanted.</summary>
    public int LogitRows { get; private set; }

    public int LogitCount { get; private set; }

    /// <summary>Single tokens of all sequences together; prompts' chunks each alone.</summary>
    public IReadOnlyList<AttentionJob> Jobs => _jobs;

    /// <summary>Row numbers of one layer's keys (0) or values (1).</summary>
    public int TargetsOf(int layer, int plane) => Targets + (((layer * 2) + plane) * Rows * model.KvHeads);

    /// <summary>Writes the plan; caches have room for their tokens and are seated.</summary>
    public void Build(IReadOnlyList<ForwardRequest> batch)
    {
        buffer.Clear();
        _jobs.Clear();
        Rows = batch.Sum(r => r.Tokens.Length);
        Ids = buffer.Add(Rows);
        Positions = buffer.Add(Rows);
        Targets = buffer.Add(model.Layers * 2 * Rows * model.KvHeads);
        int row = 0;
        var singles = new List<(KvCache Cache, int Row)>();
        for (int i = 0; i < batch.Count; i++)
        {
            WriteRows(batch[i], row);
            if (batch[i].Tokens.Length == 1)
            {
                singles.Add((batch[i].Cache, row));
            }
            else
            {
                _jobs.Add(Chunk(batch[i].Cache, row, batch[i].Tokens.Length));
            }

            row += batch[i].Tokens.Length;
        }

        if (singles.Count > 0)
        {
            _jobs.Add(Singles(singles));
        }

        WantLogits(batch);
    }

    private void WriteRows(ForwardRequest request, int first)
    {
        ReadOnlySpan<int> tokens = request.Tokens.Span;
        for (int t = 0; t < tokens.Length; t++)
        {
            buffer.Span(Ids, Rows)[first + t] = tokens[t];
            buffer.Span(Positions, Rows)[first + t] = request.Cache.LogicalLength + t;
        }

        for (int layer = 0; layer < model.Layers; layer++)
        {
            for (int head = 0; head < model.KvHeads; head++)
            {
                int slot = request.Cache.Length(layer, head);
                WriteTargets(request.Cache.KeyPages(layer, head), slot, TargetsOf(layer, 0), first, head, tokens.Length);
                WriteTargets(request.Cache.ValuePages(layer, head), slot, TargetsOf(layer, 1), first, head, tokens.Length);
            }
        }
    }

    private void WriteTargets(ReadOnlySpan<int> pages, int slot, int targets, int first, int head, int tokens)
    {
        int pageTokens = store.Geometry.PageTokens;
        Span<long> to = buffer.Span(targets, Rows * model.KvHeads);
        for (int t = 0; t < tokens; t++)
        {
            int at = slot + t;
            to[((first + t) * model.KvHeads) + head] = ((long)pages[at / pageTokens] * pageTokens) + (at % pageTokens);
        }

        store.HoldRows(pages[(slot / pageTokens)..(((slot + tokens - 1) / pageTokens) + 1)]);
    }

    private AttentionJob Chunk(KvCache cache, int first, int tokens)
    {
        Lane[] lanes = [.. Enumerable.Range(0, model.KvHeads).Select(h => new Lane(cache, h))];
        return new AttentionJob(first, tokens, -1, Plan(lanes, tokens));
    }

    private AttentionJob Singles(List<(KvCache Cache, int Row)> singles)
    {
        var lanes = new Lane[singles.Count * model.KvHeads];
        for (int i = 0; i < lanes.Length; i++)
        {
            lanes[i] = new Lane(singles[i / model.KvHeads].Cache, i % model.KvHeads);
        }

        int rows = buffer.Add(singles.Count);
        for (int i = 0; i < singles.Count; i++)
        {
            buffer.Span(rows, singles.Count)[i] = singles[i].Row;
        }

        bool contiguous = singles[^1].Row - singles[0].Row == singles.Count - 1;
        return new AttentionJob(contiguous ? singles[0].Row : -1, singles.Count, rows, Plan(lanes, 1));
    }

    private LaneGroup[][] Plan(Lane[] lanes, int queries)
    {
        var layers = new LaneGroup[model.Layers][];
        for (int layer = 0; layer < layers.Length; layer++)
        {
            layers[layer] = _lanes.Plan(lanes, layer, queries);
        }

        return layers;
    }

    private void WantLogits(IReadOnlyList<ForwardRequest> batch)
    {
        LogitCount = batch.Sum(LogitsOf);
        LogitRows = buffer.Add(LogitCount);
        int row = 0;
        int next = 0;
        foreach (ForwardRequest request in batch)
        {
            row += request.Tokens.Length;
            int wanted = LogitsOf(request);
            for (int i = wanted; i > 0; i--)
            {
                buffer.Span(LogitRows, LogitCount)[next++] = row - i;
            }
        }
    }

    private static int LogitsOf(ForwardRequest request) => request.Logits switch
    {
        LogitsRows.None => 0,
        LogitsRows.Last => 1,
        _ => request.Tokens.Length,
    };
}
