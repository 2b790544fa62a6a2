using System.Runtime.InteropServices;
using KVCluster.Compression;
using KVCluster.Inference.Backend;
using KVCluster.Inference.Kv;
using TorchSharp;
using static TorchSharp.torch;

namespace KVCluster.Inference.Torch.Memory;

/// <summary>
/// What this backend keeps beside one cache: its seat in the block tables, and the attention its slots received so far. The largest, or the
/// sum, of each slot lies on the device; how many queries could see a slot depends on its position alone and is kept on the host.
/// </summary>
internal sealed class SlotState : ISlotCompanion, IDisposable
{
    private readonly ObservationPool _pool;
    private readonly int _kvHeads;
    private readonly Head[] _heads;
    private int[] _births = [];
    private int _queries;

    public SlotState(KvGeometry geometry, ObservationPool pool, ObservationOptions? options)
    {
        _pool = pool;
        _kvHeads = geometry.KvHeads;
        Options = options;
        _heads = new Head[geometry.Heads];
        for (int i = 0; i < _heads.Length; i++)
        {
            _heads[i] = new Head();
        }
    }

    /// <summary>A fork that has no pages yet; without options it observes nothing, and knows nothing of what was.</summary>
    private SlotState(SlotState origin, ObservationOptions? options)
    {
        _pool = origin._pool;
        _kvHeads = origin._kvHeads;
        Options = options;
        _births = options is null ? [] : [.. origin._births];
        _queries = options is null ? 0 : origin._queries;
        _heads = Array.ConvertAll(origin._heads, h => new Head { Length = options is null ? 0 : h.Length });
    }

    /// <summary>What is observed; null: nothing.</summary>
    public ObservationOptions? Options { get; }

    /// <summary>Where its pages stand in the block tables; null where they do not.</summary>
    public BlockSeat? Seat { get; set; }

    /// <summary>Counts changes of <see cref="Pages"/>.</summary>
    public long Version { get; private set; }

    public long Bytes => (_heads.Sum(h => (long)h.Pages.Count) * _pool.PageTokens * sizeof(float)) + (_births.Length * (long)sizeof(int));

    /// <summary>Observation pages of a head, by its number layer * kvHeads + head.</summary>
    public ReadOnlySpan<int> Pages(int head) => CollectionsMarshal.AsSpan(_heads[head].Pages);

    /// <summary>How many of a step's queries are observed: its last.</summary>
    public int ObservedOf(int tokens) => Options switch
    {
        null => 0,
        { Window: 0 } => tokens,
        { LastStep: true } when tokens < Options.Window => 0,
        _ => Math.Min(tokens, Options.Window),
    };

    /// <summary>Whether there is anything to read: of a last step only while nothing came after it.</summary>
    public bool IsKnown => Options is { } options && (!options.LastStep || _queries > 0);

    /// <summary>Makes room for a step's tokens; the pool zeroes what is new.</summary>
    public void Prepare(KvCache cache, int tokens)
    {
        if (Options is { LastStep: true })
        {
            Forget();
        }

        // Nothing is kept of a step that nobody looks at.
        for (int i = 0; i < _heads.Length && ObservedOf(tokens) > 0; i++)
        {
            Grow(_heads[i], cache.Length(i / _kvHeads, i % _kvHeads) + tokens);
        }
    }

    /// <summary>Counts a step's observed queries, once its attention is in.</summary>
    public void Commit(KvCache cache, int tokens)
    {
        if (Options is null)
        {
            return;
        }

        int position = cache.LogicalLength;
        int observed = ObservedOf(tokens);
        if (observed == 0)
        {
            return;
        }

        if (Options.Aggregation == QueryAggregation.Mean)
        {
            if (_births.Length < position + tokens)
            {
                Array.Resize(ref _births, Math.Max(position + tokens, _births.Length + (_births.Length / 8) + 64));
            }

            for (int i = 0; i < tokens; i++)
            {
                // A token is seen by itself and those after it.
                _births[position + i] = _queries + Math.Max(0, i - (tokens - observed));
            }
        }

        _queries += observed;
        for (int i = 0; i < _heads.Length; i++)
        {
            _heads[i].Length = cache.Length(i / _kvHeads, i % _kvHeads) + tokens;
        }
    }

    /// <summary>Scores of all heads; slots nobody has looked at yet score 0.</summary>
    public float[][] Read(KvCache cache)
    {
        using DisposeScope scope = NewDisposeScope();
        _pool.Prepare();
        int[] all = [.. _heads.SelectMany(h => h.Pages)];
        float[] values = all.Length == 0 ? [] : _pool.Pages.index_select(0, _pool.Index(all)).ToFloats();
        var scores = new float[_heads.Length][];
        int first = 0;
        for (int i = 0; i < scores.Length; i++)
        {
            int layer = i / _kvHeads;
            int head = i % _kvHeads;
            scores[i] = new float[cache.Length(layer, head)];
            int known = Math.Min(scores[i].Length, _heads[i].Length);
            for (int slot = 0; slot < known; slot++)
            {
                float value = values[first + slot];
                scores[i][slot] = Options!.Aggregation == QueryAggregation.Max ? value : value / Seen(cache.OriginalPosition(layer, head, slot));
            }

            first += _heads[i].Pages.Count * _pool.PageTokens;
        }

        return scores;
    }

    /// <summary>
    /// Before positions are closed up: means stay what they are, as if all queries so far had seen every slot, since the positions that
    /// tell how many did are about to go.
    /// </summary>
    public void ForgetPositions(KvCache cache)
    {
        if (Options is not { Aggregation: QueryAggregation.Mean })
        {
            return;
        }

        float[][] means = Read(cache);
        for (int i = 0; i < _heads.Length; i++)
        {
            Head h = _heads[i];
            var sums = new float[h.Pages.Count * _pool.PageTokens];
            for (int slot = 0; slot < Math.Min(h.Length, means[i].Length); slot++)
            {
                sums[slot] = means[i][slot] * Math.Max(1, _queries);
            }

            Write(h, sums);
        }

        Array.Clear(_births);
    }

    /// <inheritdoc/>
    /// <remarks>
    /// A fork shares its cache's pages and takes none, so it must not fail for want of memory either: where the device has no room for a copy
    /// of what was observed, the fork observes nothing.
    /// </remarks>
    public ISlotCompanion Fork()
    {
        var fork = new SlotState(this, Options);
        try
        {
            CopyTo(fork);
            return fork;
        }
        catch (Exception e) when (DeviceMemory.IsExhausted(e))
        {
            fork.Dispose();
            return new SlotState(this, null);
        }
    }

    /// <inheritdoc/>
    public void Keep(int layer, int head, ReadOnlySpan<int> kept)
    {
        ForgetLastStep();
        Head h = _heads[(layer * _kvHeads) + head];
        int known = 0;
        while (known < kept.Length && kept[known] < h.Length)
        {
            known++;
        }

        if (known > 0 && kept[known - 1] != known - 1)
        {
            _pool.Prepare();
            using DisposeScope scope = NewDisposeScope();
            Tensor all = _pool.Pages.index_select(0, _pool.Index(CollectionsMarshal.AsSpan(h.Pages))).view(-1);
            Tensor remaining = all.index_select(0, _pool.Index(kept[..known]));
            all.narrow(0, 0, known).copy_(remaining);
            _pool.Pages.index_copy_(0, _pool.Index(CollectionsMarshal.AsSpan(h.Pages)), all.view(-1, _pool.PageTokens));
        }

        h.Length = Math.Max(h.Length, known);
        Cut(h, known);
    }

    /// <inheritdoc/>
    public void Truncate(int layer, int head, int length)
    {
        Head h = _heads[(layer * _kvHeads) + head];
        if (length < h.Length)
        {
            ForgetLastStep();
            Cut(h, length);
        }
    }

    /// <summary>Gives the pages and the seat back.</summary>
    public void Dispose()
    {
        foreach (Head h in _heads)
        {
            _pool.Release(h.Pages);
            h.Pages.Clear();
            h.Length = 0;
        }

        Seat?.Release();
        Seat = null;
    }

    private void CopyTo(SlotState fork)
    {
        int[] from = [.. _heads.SelectMany(h => h.Pages)];
        if (from.Length == 0)
        {
            return;
        }

        using DisposeScope scope = NewDisposeScope();
        for (int i = 0; i < _heads.Length; i++)
        {
            fork.Grow(fork._heads[i], _heads[i].Pages.Count * _pool.PageTokens);
        }

        _pool.Prepare();
        int[] to = [.. fork._heads.SelectMany(h => h.Pages)];
        _pool.Pages.index_copy_(0, _pool.Index(to), _pool.Pages.index_select(0, _pool.Index(from)));
    }

    /// <summary>What was observed of a last step is true no more.</summary>
    private void ForgetLastStep() => _queries = Options is { LastStep: true } ? 0 : _queries;

    private void Forget()
    {
        foreach (Head head in _heads)
        {
            Cut(head, 0);
        }

        Array.Clear(_births);
        _queries = 0;
    }

    private int Seen(int position) => Math.Max(1, _queries - _births[position]);

    private void Grow(Head h, int slots)
    {
        for (int pages = (slots + _pool.PageTokens - 1) / _pool.PageTokens; h.Pages.Count < pages;)
        {
            h.Pages.Add(_pool.Take());
            Version++;
        }
    }

    /// <summary>Slots from a length on are gone: their pages go back, and what is left of the last is zeroed for those to come.</summary>
    private void Cut(Head h, int length)
    {
        int pages = (length + _pool.PageTokens - 1) / _pool.PageTokens;
        if (h.Pages.Count > pages)
        {
            _pool.Release(h.Pages[pages..]);
            h.Pages.RemoveRange(pages, h.Pages.Count - pages);
            Version++;
        }

        if (length % _pool.PageTokens != 0 && h.Length > length)
        {
            _pool.Prepare();
            using DisposeScope scope = NewDisposeScope();
            _pool.Pages[h.Pages[^1]].narrow(0, length % _pool.PageTokens, _pool.PageTokens - (length % _pool.PageTokens)).zero_();
        }

        h.Length = length;
    }

    private void Write(Head h, float[] values)
    {
        if (h.Pages.Count == 0)
        {
            return;
        }

        using DisposeScope scope = NewDisposeScope();
        Tensor pages = _pool.Pages;
        Tensor rows = Tensors.FromFloats(values, pages.device, h.Pages.Count, _pool.PageTokens);
        pages.index_copy_(0, _pool.Index(CollectionsMarshal.AsSpan(h.Pages)), rows);
    }

    private sealed class Head
    {
        public List<int> Pages { get; } = [];

        /// <summary>Slots observed so far.</summary>
        public int Length { get; set; }
    }
}
