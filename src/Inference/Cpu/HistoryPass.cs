using KVCluster.Compression;
using KVCluster.Compression.Policies;
using KVCluster.Inference.Backend;
using KVCluster.Inference.Cpu.Attention;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Models;

namespace KVCluster.Inference.Cpu;

/// <summary>
/// Runs the last tokens of a history again, layer by layer, against the decoded keys and values of one layer at a time. Rows do not need
/// each other: their keys and values are in the cache already.
/// </summary>
internal sealed unsafe class HistoryPass : IHistoryPass
{
    private readonly CpuThreadPool _pool;
    private readonly ModelConfig _config;
    private readonly LayerPipeline _pipeline;
    private readonly HistoryRequest _request;
    private readonly int _chunk;
    private readonly int _logicalLength;
    private readonly int _firstPosition;
    private readonly int _observed;
    private readonly PackedContext _context;
    private readonly TileAttention _tiles;
    private readonly ColumnAccumulator _accumulator;
    private readonly NativeBuffer _hidden = new();
    private readonly RotaryAngles _angles;
    private readonly AttentionScores? _attention;
    private readonly QueryStatisticsBuilder? _statistics;
    private int _layer;
    private int _row;
    private bool _finished;

    public HistoryPass(
        CpuThreadPool pool, PackedModel model, LayerPipeline pipeline, CpuPageStore store, HistoryRequest request, int maxRows)
    {
        _pool = pool;
        _config = model.Config;
        _pipeline = pipeline;
        _request = request;
        _chunk = Math.Min(request.ChunkTokens, maxRows);
        _logicalLength = request.Cache.LogicalLength;
        _firstPosition = _logicalLength - request.Tokens.Length;
        _angles = new RotaryAngles(_config, 0);
        _context = new PackedContext(store, pool.Threads);
        _tiles = new TileAttention(pool, _config);
        _accumulator = new ColumnAccumulator(pool.Threads, _config.QueryHeads);
        if (request.Attention is { } attention)
        {
            _observed = attention.Window == 0 ? request.Tokens.Length : Math.Min(attention.Window, request.Tokens.Length);
            var rows = new float[_config.Layers * _config.QueryHeads][];
            for (int i = 0; i < rows.Length; i++)
            {
                rows[i] = new float[request.Cache.Length(i / _config.QueryHeads, i % _config.QueryHeads / _config.GroupSize)];
            }

            _attention = new AttentionScores(_config.Layers, _config.QueryHeads, rows);
        }

        _statistics = request.Statistics is { } statistics ? new QueryStatisticsBuilder(pool, pipeline, _config, statistics, _logicalLength) : null;
        _hidden.Ensure((long)request.Tokens.Length * pipeline.HiddenStride);
        pipeline.Embed(request.Tokens.Span, _hidden.Data);
        _angles.Ensure(request.Tokens.Length);
        _angles.SetRun(_firstPosition, request.Tokens.Length);
    }

    public double Progress => (_layer + ((double)_row / _request.Tokens.Length)) / _config.Layers;

    public long WorkingBytes => _context.Bytes + _tiles.Bytes + _accumulator.Bytes + _hidden.Bytes + _angles.Bytes + (_statistics?.Bytes ?? 0);

    public AttentionScores? Attention => _finished ? _attention : throw new InvalidOperationException("the history pass has not ended");

    public QueryStatistics? Statistics => _finished ? _statistics?.Result() : throw new InvalidOperationException("the history pass has not ended");

    public bool Step()
    {
        if (_finished)
        {
            return false;
        }

        if (_request.Cache.LogicalLength != _logicalLength)
        {
            throw new InvalidOperationException("the cache changed while its history was run");
        }

        if (_row == 0)
        {
            BeginLayer();
        }

        int rows = Math.Min(_chunk, _request.Tokens.Length - _row);
        RunChunk(rows);
        _row += rows;
        if (_row == _request.Tokens.Length)
        {
            EndLayer();
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
        _statistics?.Dispose();
    }

    private bool AttentionMatters => _attention is not null || _layer < _config.Layers - 1;

    private void BeginLayer()
    {
        _statistics?.BeginLayer(_request.Tokens.Length);
        if (!AttentionMatters)
        {
            return;
        }

        _context.Load(_request.Cache, _layer, 0, 0, _pool);
        int longest = 0;
        for (int h = 0; h < _config.KvHeads; h++)
        {
            longest = Math.Max(longest, _request.Cache.Length(_layer, h));
        }

        _accumulator.Reset(longest, _request.Attention?.Aggregation ?? QueryAggregation.Mean);
    }

    private void RunChunk(int rows)
    {
        int position = _firstPosition + _row;
        float* hidden = _hidden.Data + ((long)_row * _pipeline.HiddenStride);
        bool last = _layer == _config.Layers - 1;
        _pipeline.Project(_layer, hidden, rows, _angles, _row);
        _statistics?.Add(position, rows);
        if (AttentionMatters)
        {
            _tiles.Run(new TileAttentionInput
            {
                Cache = _request.Cache,
                Layer = _layer,
                Context = _context,
                Queries = _pipeline.Queries,
                QueryStride = _pipeline.QueryStride,
                Tokens = rows,
                Output = last ? null : _pipeline.Attention,
                OutputStride = _pipeline.QueryStride,
                QueryPosition = position,
                Observer = _attention is null ? null : _accumulator,
                ObserveQueryHeads = true,
                ObserveFrom = Math.Max(0, _request.Tokens.Length - _observed - _row),
                Weights = QueryWeights.Of(_request.Attention?.Weighting ?? QueryWeighting.Uniform, _pipeline, _config, position, rows),
            });
        }

        if (!last)
        {
            _pipeline.Finish(_layer, hidden, rows);
        }
    }

    private void EndLayer()
    {
        _statistics?.EndLayer();
        for (int h = 0; h < _config.QueryHeads && _attention is not null; h++)
        {
            Span<float> result = _attention.Row(_layer, h);
            _accumulator.Merge(h, result);
            if (_request.Attention!.Aggregation == QueryAggregation.Mean)
            {
                System.Numerics.Tensors.TensorPrimitives.Divide(result, (float)_observed, result);
            }
        }

        _row = 0;
        _finished = ++_layer == _config.Layers;
    }
}
