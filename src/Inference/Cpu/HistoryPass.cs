using System.Numerics.Tensors;
using KVCluster.Compression;
using KVCluster.Compression.Policies;
using KVCluster.Inference.Backend;
using KVCluster.Inference.Cpu.Attention;
using KVCluster.Inference.Kv;

namespace KVCluster.Inference.Cpu;

/// <summary>
/// Runs the last tokens of a history again at their own positions. Rows do not need each other: their keys and values are in the cache.
/// </summary>
internal sealed unsafe class HistoryPass : LayerwisePass, IHistoryPass
{
    private readonly HistoryRequest _request;
    private readonly int _observed;
    private readonly AttentionScores? _attention;
    private readonly AttentionScores? _mean;
    private readonly ColumnAccumulator? _means;
    private readonly QueryStatisticsBuilder? _statistics;

    public HistoryPass(
        CpuThreadPool pool, PackedModel model, LayerPipeline pipeline, CpuPageStore store, HistoryRequest request, int maxRows)
        : base(
            pool,
            model,
            pipeline,
            store,
            request.Cache,
            [request.Tokens],
            request.Cache.LogicalLength - request.Tokens.Length,
            Math.Min(request.ChunkTokens, maxRows))
    {
        _request = request;
        if (request.Attention is { } attention)
        {
            _observed = attention.Window == 0 ? request.Tokens.Length : Math.Min(attention.Window, request.Tokens.Length);
            _attention = CacheShapes.ZeroScores(Cache, Config.QueryHeads);
            if (attention.WithMean)
            {
                _mean = CacheShapes.ZeroScores(Cache, Config.QueryHeads);
                _means = new ColumnAccumulator(pool.Threads, Config.QueryHeads);
            }
        }

        _statistics = request.Statistics is { } statistics
            ? new QueryStatisticsBuilder(pool, pipeline, Config, statistics, request.Cache.LogicalLength)
            : null;
    }

    public override long WorkingBytes => base.WorkingBytes + (_means?.Bytes ?? 0) + (_statistics?.Bytes ?? 0);

    public AttentionScores? Attention => At.Finished ? _attention : throw new InvalidOperationException("the history pass has not ended");

    public AttentionScores? MeanAttention => At.Finished ? _mean : throw new InvalidOperationException("the history pass has not ended");

    public QueryStatistics? Statistics => At.Finished ? _statistics?.Result() : throw new InvalidOperationException("the history pass has not ended");

    protected override bool QueriesOnly => true;

    private bool AttentionMatters => _attention is not null || !At.IsLastLayer;

    public override void Dispose()
    {
        base.Dispose();
        _means?.Dispose();
        _statistics?.Dispose();
    }

    protected override void BeginLayer()
    {
        _statistics?.BeginLayer(At.RunLength);
        if (AttentionMatters)
        {
            LoadContext(0);
            ResetAccumulator(_request.Attention?.Aggregation ?? QueryAggregation.Mean);
            _means?.Reset(Accumulator.Slots, QueryAggregation.Mean);
        }
    }

    protected override void Attend(int rows)
    {
        int position = FirstPosition + At.Row;
        _statistics?.Add(position, rows);
        if (AttentionMatters)
        {
            int unobserved = At.RunLength - _observed - At.Row;
            RunTiles(Input(rows) with
            {
                QueryPosition = position,
                Observer = _attention is null || unobserved >= rows ? null : Accumulator,
                PlainObserver = _means,
                SmoothingKernel = _request.Attention?.SmoothingKernel ?? 1,
                SmoothedPositions = Cache.LogicalLength - _observed,
                ObserveFrom = Math.Max(0, unobserved),
                Weights = QueryWeights.Of(_request.Attention?.Weighting ?? QueryWeighting.Uniform, Pipeline, Config, position, rows),
            });
        }
    }

    protected override void EndLayer()
    {
        _statistics?.EndLayer();
        for (int h = 0; h < Config.QueryHeads && _attention is not null; h++)
        {
            Merge(Accumulator, h, _attention.Row(At.Layer, h));
            if (_means is not null)
            {
                Merge(_means, h, _mean!.Row(At.Layer, h));
            }
        }
    }

    private void Merge(ColumnAccumulator gathered, int head, Span<float> result)
    {
        gathered.Merge(head, result);
        if (gathered.Aggregation == QueryAggregation.Mean)
        {
            TensorPrimitives.Divide(result, (float)_observed, result);
        }
    }
}
