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
        int tile = ((_in.Tokens + TileTokens - 1) / TileTokens) - 1 - (index / _model.KvHeads);
        int first = tile * TileTokens;
        int rows = Math.Min(TileTokens, _in.Tokens - first);
        int committed = _in.Cache.Length(_in.Layer, kvHead) + _in.CommittedExtra;
        int end = EndSlot(kvHead, committed, first + rows - 1);
        int begin = FirstSlot(kvHead, committed, first) / Panel * Panel;
        if (end <= begin)
        {
            // Only where a head has dropped everything the queries could see.
            ClearOutput(kvHead, first, rows);
            return;
        }

        int columns = (end - begin + Panel - 1) / Panel * Panel;
        int stride = columns + 16;
        NativeBuffer scratch = _scores[share];
        scratch.Ensure(((long)_group * TileTokens * stride) + Math.Max(stride, TileTokens * (_size + 16)));
        for (int g = 0; g < _group; g++)
        {
            float* scores = scratch.Data + (g * TileTokens * stride);
            Score(kvHead, (kvHead * _group) + g, first, rows, begin, columns, scores, stride);
            for (int r = 0; r < rows; r++)
            {
                float* row = scores + (r * stride);
                int start = FirstSlot(kvHead, committed, first + r) - begin;
                int stop = EndSlot(kvHead, committed, first + r) - begin;
                if (stop <= start)
                {
                    new Span<float>(row, columns).Clear();
                    continue;
                }

                new Span<float>(row, start).Fill(float.NegativeInfinity);
                new Span<float>(row + stop, columns - stop).Fill(float.NegativeInfinity);
                HideBeyondRange(kvHead, begin, row);
                RowOperations.Softmax(row, columns);
            }
        }

        Observe(share, kvHead, first, rows, begin, scratch.Data, stride);
        if (_in.Output is not null)
        {
            WeighValues(kvHead, first, rows, begin, end - begin, scratch.Data, stride);
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

    private void Score(int kvHead, int queryHead, int first, int rows, int begin, int columns, float* scores, int stride)
    {
        float* q = _in.Queries + (first * _in.QueryStride) + (queryHead * _size);
        for (int c = 0; c < columns; c += Panel)
        {
            float* keys = _in.Context.Keys(kvHead, (begin + c) / Panel);
            GemmKernel.Multiply32(q, _in.QueryStride, keys, Panel, scores + c, stride, rows, _size, accumulate: false);
        }

        if (_in.Context.HasBiases)
        {
            ReadOnlySpan<float> biases = new(_in.Context.Biases(kvHead, begin), columns);
            for (int r = 0; r < rows; r++)
            {
                Span<float> row = new(scores + (r * stride), columns);
                TensorPrimitives.Add(row, biases, row);
            }
        }
    }

    private void Observe(int share, int kvHead, int first, int rows, int begin, float* scores, int stride)
    {
        if (_in.Observer is null)
        {
            return;
        }

        int committed = _in.Cache.Length(_in.Layer, kvHead) + _in.CommittedExtra;
        for (int r = Math.Max(0, _in.ObserveFrom - first); r < rows; r++)
        {
            int stop = EndSlot(kvHead, committed, first + r);
            float weight = _in.Weights is null ? 1 : _in.Weights[first + r];
            float* row = scores + (r * stride);
            if (_in.ObserveQueryHeads)
            {
                for (int g = 0; g < _group; g++)
                {
                    _in.Observer.Add(share, (kvHead * _group) + g, row + (g * TileTokens * stride), begin, begin, stop, weight);
                }

                continue;
            }

            // The rows are still needed to weigh the values, so the mean is made in the spare row behind them.
            float* mean = scores + (_group * TileTokens * stride);
            MeanOverGroup(row, stride, stop - begin, mean);
            _in.Observer.Add(share, kvHead, mean, begin, begin, stop, weight);
        }
    }

    private void MeanOverGroup(float* row, int stride, int count, float* mean)
    {
        Span<float> sum = new(mean, count);
        new ReadOnlySpan<float>(row, count).CopyTo(sum);
        for (int g = 1; g < _group; g++)
        {
            TensorPrimitives.Add(sum, new ReadOnlySpan<float>(row + (g * TileTokens * stride), count), sum);
        }

        TensorPrimitives.Multiply(sum, 1f / _group, sum);
    }

    private void WeighValues(int kvHead, int first, int rows, int begin, int count, float* scores, int stride)
    {
        int valueStride = _in.Context.ValueStride;
        float* values = _in.Context.Values(kvHead, begin);
        float* padded = scores + (_group * TileTokens * stride);
        for (int g = 0; g < _group; g++)
        {
            float* output = _in.Output + (first * _in.OutputStride) + (((kvHead * _group) + g) * _size);
            bool direct = valueStride == _size;
            float* to = direct ? output : padded;
            nint toStride = direct ? _in.OutputStride : valueStride;
            float* probabilities = scores + (g * TileTokens * stride);
            int c = 0;
            for (; c + Panel <= valueStride; c += Panel)
            {
                GemmKernel.Multiply32(probabilities, stride, values + c, valueStride, to + c, toStride, rows, count, accumulate: false);
            }

            if (c < valueStride)
            {
                GemmKernel.Multiply16(probabilities, stride, values + c, valueStride, to + c, toStride, rows, count, accumulate: false);
            }

            for (int r = 0; r < rows && !direct; r++)
            {
                new ReadOnlySpan<float>(padded + (r * valueStride), _size).CopyTo(new Span<float>(output + (r * _in.OutputStride), _size));
            }
        }
    }
}
