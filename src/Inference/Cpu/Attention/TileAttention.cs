using System.Numerics.Tensors;
using KVCluster.Inference.Models;

namespace KVCluster.Inference.Cpu.Attention;

/// <summary>
/// Attention of many queries of one sequence: tiles of 12 tokens and all query heads of one KV head, each against every visible slot, so
/// that whole probability rows are at hand for scoring.
/// </summary>
internal sealed unsafe class TileAttention : IIndexedWork, IDisposable
{
    private const int TileTokens = GemmKernel.TileRows;
    private const int Panel = GemmKernel.PanelColumns;

    /// <summary>Slots whose values are weighed at a time: 32 KiB at head size 64.</summary>
    private const int ValueBlock = 128;

    private readonly CpuThreadPool _pool;
    private readonly ModelConfig _model;
    private readonly NativeBuffer[] _scores;
    private readonly int _group;
    private readonly int _size;
    private TileAttentionInput _in;
    private int _tiles;

    public TileAttention(CpuThreadPool pool, ModelConfig model)
    {
        _pool = pool;
        _model = model;
        _group = model.GroupSize;
        _size = model.HeadSize;
        _scores = new NativeBuffer[pool.Threads];
        for (int i = 0; i < _scores.Length; i++)
        {
            _scores[i] = new NativeBuffer();
        }
    }

    public long Bytes => _scores.Sum(s => s.Bytes);

    /// <summary>
    /// Runs all tiles. With observation they are dealt out in one fixed share a thread, so that sums do not depend on timing.
    /// </summary>
    public void Run(in TileAttentionInput input)
    {
        _in = input;
        _tiles = (_in.Tokens + TileTokens - 1) / TileTokens * _model.KvHeads;
        _pool.Run(_in.Observer is null ? _tiles : _pool.Threads, this);
        _in = default;
    }

    void IIndexedWork.Run(int index, int thread)
    {
        if (_in.Observer is null)
        {
            RunTile(index, thread);
            return;
        }

        for (int tile = index; tile < _tiles; tile += _pool.Threads)
        {
            RunTile(tile, share: index);
        }
    }

    private void RunTile(int index, int share)
    {
        int kvHead = index % _model.KvHeads;
        // Later tiles see more: taken first, they leave no long piece to the end.
        int first = (((_in.Tokens + TileTokens - 1) / TileTokens) - 1 - (index / _model.KvHeads)) * TileTokens;
        int rows = Math.Min(TileTokens, _in.Tokens - first);
        int committed = _in.Cache.Length(_in.Layer, kvHead) + _in.CommittedExtra;
        int end = EndSlot(kvHead, committed, first + rows - 1);

        // Smoothed rows reach to slots nobody sees.
        int begin = Math.Max(0, FirstSlot(kvHead, committed, first) - (_in.SmoothingKernel / 2)) / Panel * Panel;
        if (end <= begin)
        {
            // Only where a head has dropped everything the queries could see.
            ClearOutput(kvHead, first, rows);
            return;
        }

        int columns = (end - begin + Panel - 1) / Panel * Panel;
        var tile = new Tile(kvHead, first, rows, begin, end, columns, columns + 16);
        NativeBuffer scratch = _scores[share];
        scratch.Ensure((long)_group * TileTokens * (tile.Stride + 2 + _in.Context.ValueStride));
        float* scales = scratch.Data + ((long)_group * TileTokens * tile.Stride);
        Score(tile, scratch.Data);
        for (int i = 0; i < _group * rows; i++)
        {
            int row = (i / rows * TileTokens) + (i % rows);
            scales[row] = Normalize(tile, committed, i % rows, scratch.Data + (row * tile.Stride));
        }

        if (_in.Output is not null)
        {
            WeighValues(tile, scratch.Data, scales);
        }

        if (_in.Observer is not null)
        {
            Observe(tile, share, scratch.Data, scales);
        }
    }

    public void Dispose()
    {
        foreach (NativeBuffer scores in _scores)
        {
            scores.Dispose();
        }
    }

    private int FirstSlot(int kvHead, int committed, int token)
    {
        int query = (_in.QueryPosition ?? (_in.Cache.LogicalLength + _in.CommittedExtra)) + token;
        return VisibleRange.FirstSlot(_model, _in.Cache, _in.Layer, kvHead, committed - _in.CommittedExtra, query);
    }

    private int EndSlot(int kvHead, int committed, int token) => _in.QueryPosition is { } position
        ? _in.Cache.SlotsBefore(_in.Layer, kvHead, position + token + 1)
        : committed + token + 1;

    private void HideBeyondRange(int kvHead, int begin, float* row)
    {
        if (_in.VisibleRange is not { } range)
        {
            return;
        }

        int sinks = Math.Max(begin, _in.Cache.SlotsBefore(_in.Layer, kvHead, _in.VisibleSinks));
        int first = Math.Max(begin, _in.Cache.SlotsBefore(_in.Layer, kvHead, range.Begin));
        int last = Math.Max(begin, _in.Cache.SlotsBefore(_in.Layer, kvHead, range.End));
        int cached = Math.Max(begin, _in.Cache.Length(_in.Layer, kvHead));
        new Span<float>(row + (sinks - begin), Math.Max(0, first - sinks)).Fill(float.NegativeInfinity);
        new Span<float>(row + (last - begin), cached - last).Fill(float.NegativeInfinity);
    }

    private void ClearOutput(int kvHead, int first, int rows)
    {
        for (int r = 0; r < rows && _in.Output is not null; r++)
        {
            new Span<float>(_in.Output + ((first + r) * _in.OutputStride) + (kvHead * _group * _size), _group * _size).Clear();
        }
    }

    /// <summary>Logits of all heads, a panel of keys at a time: the panel stays in the first-level cache for the whole group.</summary>
    private void Score(in Tile tile, float* scores)
    {
        float* queries = _in.Queries + (tile.First * _in.QueryStride) + (tile.KvHead * _group * _size);
        for (int c = 0; c < tile.Columns; c += Panel)
        {
            float* keys = _in.Context.Keys(tile.KvHead, (tile.Begin + c) / Panel);
            for (int g = 0; g < _group; g++)
            {
                float* to = scores + (g * TileTokens * tile.Stride) + c;
                GemmKernel.Multiply32(
                    queries + (g * _size), _in.QueryStride, keys, Panel, to, tile.Stride, tile.Rows, _size, accumulate: false);
            }
        }
    }

    /// <summary>A row's logits to exponentials, 0 where nothing is seen; gives what makes them probabilities.</summary>
    private float Normalize(in Tile tile, int committed, int token, float* row)
    {
        int start = FirstSlot(tile.KvHead, committed, tile.First + token) - tile.Begin;
        int stop = EndSlot(tile.KvHead, committed, tile.First + token) - tile.Begin;
        if (stop <= start)
        {
            new Span<float>(row, tile.Columns).Clear();
            return 0;
        }

        if (_in.Context.HasBiases)
        {
            Span<float> logits = new(row, tile.Columns);
            TensorPrimitives.Add(logits, new ReadOnlySpan<float>(_in.Context.Biases(tile.KvHead, tile.Begin), tile.Columns), logits);
        }

        new Span<float>(row, start).Fill(float.NegativeInfinity);
        new Span<float>(row + stop, tile.Columns - stop).Fill(float.NegativeInfinity);
        HideBeyondRange(tile.KvHead, tile.Begin, row);
        float sum = RowOperations.Exponentiate(row, tile.Columns).Sum;
        return sum > 0 ? 1 / sum : 0;
    }

    private void Observe(in Tile tile, int share, float* scores, float* scales)
    {
        int skipped = Math.Max(0, _in.ObserveFrom - tile.First);
        if (skipped >= tile.Rows)
        {
            return;
        }

        float* factors = scales + (_group * TileTokens);
        float part = _in.ObserveQueryHeads ? 1 : 1f / _group;
        for (int i = 0; i < _group * tile.Rows; i++)
        {
            int token = i % tile.Rows;
            int row = (i / tile.Rows * TileTokens) + token;
            factors[row] = scales[row] * part * (_in.Weights is null ? 1 : _in.Weights[tile.First + token]);
        }

        if (_in.PlainObserver is { } plain)
        {
            Gather(plain, tile, share, scores, factors, skipped);
        }

        if (_in.SmoothingKernel > 1)
        {
            Smooth(tile, scores, factors, skipped);
        }

        Gather(_in.Observer!, tile, share, scores, factors, skipped);
    }

    /// <summary>Rows from a token on to an observer.</summary>
    private void Gather(ColumnAccumulator observer, in Tile tile, int share, float* scores, float* factors, int skipped)
    {
        var rows = new ObservedRows
        {
            First = scores + (skipped * tile.Stride),
            Tokens = tile.Rows - skipped,
            TokenStride = tile.Stride,
            Heads = _in.ObserveQueryHeads ? 1 : _group,
            HeadStride = TileTokens * tile.Stride,
            Factors = factors + skipped,
            FactorStride = TileTokens,
        };
        for (int g = 0; g < _group; g += rows.Heads)
        {
            observer.Add(share, _in.ObserveQueryHeads ? (tile.KvHead * _group) + g : tile.KvHead, rows, tile.Begin, tile.End);
            rows.First += rows.HeadStride;
            rows.Factors += TileTokens;
        }
    }

    /// <summary>Rows from a token on become averages over neighbours: what the outputs need of them has been taken.</summary>
    private void Smooth(in Tile tile, float* scores, float* factors, int skipped)
    {
        int cut = _in.Cache.SlotsBefore(_in.Layer, tile.KvHead, _in.SmoothedPositions) - tile.Begin;
        for (int g = 0; g < _group; g++)
        {
            for (int token = skipped; token < tile.Rows; token++)
            {
                int row = (g * TileTokens) + token;
                factors[row] *= RowSmoothing.Apply(
                    new Span<float>(scores + (row * tile.Stride), tile.Columns), Math.Clamp(cut, 0, tile.Columns), _in.SmoothingKernel);
            }
        }
    }

    /// <summary>Outputs of all heads, a block of values at a time: the block stays in the first-level cache for the whole group.</summary>
    private void WeighValues(in Tile tile, float* scores, float* scales)
    {
        int width = _in.Context.ValueStride;
        float* sums = scales + (2 * _group * TileTokens);
        int count = tile.End - tile.Begin;
        for (int block = 0; block < count; block += ValueBlock)
        {
            float* values = _in.Context.Values(tile.KvHead, tile.Begin + block);
            int slots = Math.Min(ValueBlock, count - block);
            for (int g = 0; g < _group; g++)
            {
                float* weights = scores + (g * TileTokens * tile.Stride) + block;
                float* to = sums + (g * TileTokens * width);
                int c = 0;
                for (; c + Panel <= width; c += Panel)
                {
                    GemmKernel.Multiply32(weights, tile.Stride, values + c, width, to + c, width, tile.Rows, slots, accumulate: block > 0);
                }

                if (c < width)
                {
                    GemmKernel.Multiply16(weights, tile.Stride, values + c, width, to + c, width, tile.Rows, slots, accumulate: block > 0);
                }
            }
        }

        for (int i = 0; i < _group * tile.Rows; i++)
        {
            int g = i / tile.Rows;
            int token = i % tile.Rows;
            int row = (g * TileTokens) + token;
            float* output = _in.Output + ((tile.First + token) * _in.OutputStride) + (((tile.KvHead * _group) + g) * _size);
            TensorPrimitives.Multiply(new ReadOnlySpan<float>(sums + (row * width), _size), scales[row], new Span<float>(output, _size));
        }
    }

    /// <summary>Rows of one KV head's queries against its visible slots.</summary>
    /// <param name="KvHead">The head.</param>
    /// <param name="First">First token.</param>
    /// <param name="Rows">Tokens.</param>
    /// <param name="Begin">First slot, a panel's.</param>
    /// <param name="End">Behind the last slot the last token sees.</param>
    /// <param name="Columns">Slots computed: whole panels.</param>
    /// <param name="Stride">Floats between two rows.</param>
    private readonly record struct Tile(int KvHead, int First, int Rows, int Begin, int End, int Columns, int Stride);
}
