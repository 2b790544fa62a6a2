using KVCluster.Compression;
using KVCluster.Inference.Backend;
using KVCluster.Inference.Cpu.Attention;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Models;

namespace KVCluster.Inference.Cpu;

/// <summary>
/// Runs prompts against a cache layer by layer: the residual stream of the whole prompt is kept, and of one layer at a time the decoded
/// cache with the prompt's own keys and values behind it. So the cache is neither doubled nor touched, and a full arena can be scored.
/// </summary>
internal sealed unsafe class ScoringPass : IScoringPass
{
    private readonly CpuThreadPool _pool;
    private readonly ModelConfig _config;
    private readonly LayerPipeline _pipeline;
    private readonly ScoringRequest _request;
    private readonly int _chunk;
    private readonly PackedContext _context;
    private readonly TileAttention _tiles;
    private readonly ColumnAccumulator _accumulator;
    private readonly NativeBuffer _hidden = new();
    private readonly RotaryAngles _angles;
    private readonly IIndexedWork _appendWork;
    private readonly AttentionScores _result;
    private readonly long _totalRows;
    private readonly int _logicalLength;
    private long _doneRows;
    private int _queries;
    private int _prompt;
    private int _layer;
    private int _row;
    private bool _finished;

    public ScoringPass(
        CpuThreadPool pool, PackedModel model, LayerPipeline pipeline, CpuPageStore store, ScoringRequest request, int maxRows)
    {
        _pool = pool;
        _config = model.Config;
        _pipeline = pipeline;
        _request = request;
        _chunk = Math.Min(request.ChunkTokens, maxRows);
        _angles = new RotaryAngles(_config, 0);
        _context = new PackedContext(store, pool.Threads);
        _tiles = new TileAttention(pool, _config);
        _accumulator = new ColumnAccumulator(pool.Threads, _config.QueryHeads);
        _appendWork = new DelegateWork(AppendRow);
        _logicalLength = request.Cache.LogicalLength;
        _totalRows = request.Prompts.Sum(p => (long)p.Length) * _config.Layers;
        var rows = new float[_config.Layers * _config.QueryHeads][];
        for (int i = 0; i < rows.Length; i++)
        {
            rows[i] = new float[request.Cache.Length(i / _config.QueryHeads, i % _config.QueryHeads / _config.GroupSize)];
        }

        _result = new AttentionScores(_config.Layers, _config.QueryHeads, rows);
    }

    public double Progress => (double)_doneRows / _totalRows;

    public long WorkingBytes => _context.Bytes + _tiles.Bytes + _accumulator.Bytes + _hidden.Bytes + _angles.Bytes;

    public AttentionScores Result => _finished ? _result : throw new InvalidOperationException("the scoring pass has not ended");

    public bool Step()
    {
        if (_finished)
        {
            return false;
        }

        if (_request.Cache.LogicalLength != _logicalLength)
        {
            throw new InvalidOperationException("the cache changed while it was being scored");
        }

        ReadOnlyMemory<int> prompt = _request.Prompts[_prompt];
        if (_row == 0)
        {
            BeginLayer(prompt.Span);
        }

        int rows = Math.Min(_chunk, prompt.Length - _row);
        RunChunk(rows);
        _row += rows;
        _doneRows += rows;
        if (_row == prompt.Length)
        {
            EndLayer(prompt.Length);
        }

        return !_finished;
    }

    public void Dispose()
    {
        _context.Dispose();
        _tiles.Dispose();
        _accumulator.Dispose();
        _hidden.Dispose();
        _angles.Dispose();
    }

    private void BeginLayer(ReadOnlySpan<int> prompt)
    {
        if (_layer == 0)
        {
            _hidden.Ensure((long)prompt.Length * _pipeline.HiddenStride);
            _pipeline.Embed(prompt, _hidden.Data);
            _angles.Ensure(prompt.Length);
            _angles.SetRun(_logicalLength, prompt.Length);
        }

        _context.Load(_request.Cache, _layer, 0, prompt.Length, _pool);
        int longest = 0;
        for (int h = 0; h < _config.KvHeads; h++)
        {
            longest = Math.Max(longest, _request.Cache.Length(_layer, h));
        }

        _accumulator.Reset(longest, _request.Aggregation);
    }

    private void RunChunk(int rows)
    {
        float* hidden = _hidden.Data + ((long)_row * _pipeline.HiddenStride);
        bool last = _layer == _config.Layers - 1;
        _pipeline.Project(_layer, hidden, rows, _angles, _row);
        _pool.Run(rows, _appendWork);
        var input = new TileAttentionInput
        {
            Cache = _request.Cache,
            Layer = _layer,
            CommittedExtra = _row,
            Context = _context,
            Queries = _pipeline.Queries,
            QueryStride = _pipeline.QueryStride,
            Tokens = rows,

            // Nothing reads the last layer's output: only its attention counts.
            Output = last ? null : _pipeline.Attention,
            OutputStride = _pipeline.QueryStride,
            Observer = _accumulator,
            ObserveQueryHeads = true,
            Weights = QueryWeights.Of(_request.Weighting, _pipeline, _config, _logicalLength + _row, rows),
        };
        if (_request is { SubsampleSinks: { } sinks, Ranges: { } ranges })
        {
            // Two softmaxes: one over all to go on with, one over the part to score with.
            _tiles.Run(input with { Observer = null });
            input = input with { Output = null, VisibleRange = ranges[_prompt], VisibleSinks = sinks };
        }

        _tiles.Run(input);
        if (!last)
        {
            _pipeline.Finish(_layer, hidden, rows);
        }
    }

    private void AppendRow(int index)
    {
        for (int h = 0; h < _config.KvHeads; h++)
        {
            long offset = ((long)index * _pipeline.KeyStride) + (h * _config.HeadSize);
            int slot = _request.Cache.Length(_layer, h) + _row + index;
            _context.Set(h, slot, _pipeline.Keys + offset, _pipeline.Values + offset);
        }
    }

    private void EndLayer(int promptLength)
    {
        for (int h = 0; h < _config.QueryHeads; h++)
        {
            Span<float> result = _result.Row(_layer, h);
            var merged = new float[result.Length];
            _accumulator.Merge(h, merged);
            if (_request.Ranges is { } ranges)
            {
                Assign(result, merged, h / _config.GroupSize, ranges[_prompt], promptLength);
            }
            else
            {
                Join(result, merged, promptLength);
            }
        }

        _row = 0;
        if (++_layer < _config.Layers)
        {
            return;
        }

        _layer = 0;
        _queries += promptLength;
        _finished = ++_prompt == _request.Prompts.Count;
    }

    private void Assign(Span<float> result, float[] merged, int kvHead, ScoredRange range, int promptLength)
    {
        int end = _request.Cache.SlotsBefore(_layer, kvHead, range.End);
        for (int j = _request.Cache.SlotsBefore(_layer, kvHead, range.Begin); j < end; j++)
        {
            result[j] = _request.Aggregation == QueryAggregation.Max ? merged[j] : merged[j] / promptLength;
        }
    }

    private void Join(Span<float> result, float[] merged, int promptLength)
    {
        for (int j = 0; j < result.Length; j++)
        {
            // The mean over all prompts so far, of which this one adds promptLength queries to those before it.
            result[j] = _request.Aggregation == QueryAggregation.Max
                ? MathF.Max(result[j], merged[j])
                : ((result[j] * _queries) + merged[j]) / (_queries + promptLength);
        }
    }
}
