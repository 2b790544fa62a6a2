using System.Numerics.Tensors;
using KVCluster.Compression;
using KVCluster.Compression.Policies;
using KVCluster.Inference.Backend;
using KVCluster.Inference.Torch.Attention;
using KVCluster.Inference.Torch.Model;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace KVCluster.Inference.Torch.Passes;

/// <summary>
/// Runs the last tokens of a history again at their own positions. Rows do not need each other: their keys and values are in the cache.
/// </summary>
internal sealed class HistoryPass : LayerwisePass, IHistoryPass
{
    private readonly HistoryRequest _request;
    private readonly int _observed;
    private readonly AttentionScores? _attention;
    private readonly AttentionScores? _mean;
    private readonly QueryStatisticsBuilder? _statistics;
    private readonly HeadSink _sink;

    public HistoryPass(PassParts parts, HistoryRequest request)
        : base(
            parts,
            request.Cache,
            [request.Tokens],
            request.Cache.LogicalLength - request.Tokens.Length,
            Math.Min(request.ChunkTokens, parts.MaxRows))
    {
        _request = request;
        _sink = new HeadSink(request.Attention?.Aggregation ?? QueryAggregation.Mean)
        {
            WithSums = request.Attention?.WithMean ?? false,
            SmoothingKernel = request.Attention?.SmoothingKernel ?? 1,
        };
        if (request.Attention is { } attention)
        {
            _observed = attention.Window == 0 ? request.Tokens.Length : Math.Min(attention.Window, request.Tokens.Length);
            _attention = CacheShapes.ZeroScores(Cache, Config.QueryHeads);
            _mean = attention.WithMean ? CacheShapes.ZeroScores(Cache, Config.QueryHeads) : null;
        }

        _statistics = request.Statistics is { } statistics ? new QueryStatisticsBuilder(Config, statistics, request.Cache.LogicalLength) : null;
    }

    public override long WorkingBytes => base.WorkingBytes + _sink.Bytes + (_statistics?.Bytes ?? 0);

    public AttentionScores? Attention => At.Finished ? _attention : throw new InvalidOperationException("the history pass has not ended");

    public AttentionScores? MeanAttention => At.Finished ? _mean : throw new InvalidOperationException("the history pass has not ended");

    public QueryStatistics? Statistics => At.Finished ? _statistics?.Result() : throw new InvalidOperationException("the history pass has not ended");

    private bool AttentionMatters => _attention is not null || !At.IsLastLayer;

    public override void Dispose()
    {
        base.Dispose();
        _sink.Dispose();
        _statistics?.Dispose();
    }

    protected override void BeginLayer()
    {
        if (AttentionMatters)
        {
            Context.Load(At.Layer, 0);
            _sink.Reset();
            _sink.Slots = Context.Longest;
        }
    }

    protected override Tensor? Attend(ProjectedRows projected, int rows)
    {
        int position = FirstPosition + At.Row;
        _statistics?.Add(position, projected.PlainQueries);
        if (!AttentionMatters)
        {
            return null;
        }

        int unobserved = At.RunLength - _observed - At.Row;
        bool observed = _attention is not null && unobserved < rows;
        _sink.From = Math.Max(0, unobserved);
        _sink.Smoothed = observed && _sink.SmoothingKernel > 1 ? BeforeWindow() : null;
        _sink.Weights = QueryWeights.Of(_request.Attention?.Weighting ?? QueryWeighting.Uniform, projected, position);
        return RunAttention(projected.Queries, Mask(position, rows), Context.Capacity, observed ? _sink : null, wantOutput: !At.IsLastLayer);
    }

    protected override void EndLayer()
    {
        _statistics?.EndLayer();
        if (_attention is null)
        {
            return;
        }

        float[]? all = _sink.ToHost();
        float[]? sums = _sink.SumsToHost();
        for (int h = 0; h < Config.QueryHeads; h++)
        {
            Read(all, h, _attention.Row(At.Layer, h), mean: _request.Attention!.Aggregation == QueryAggregation.Mean);
            if (_mean is not null)
            {
                Read(sums, h, _mean.Row(At.Layer, h), mean: true);
            }
        }
    }

    private void Read(float[]? gathered, int head, Span<float> result, bool mean)
    {
        _sink.Read(gathered, head, result);
        if (mean)
        {
            TensorPrimitives.Divide(result, (float)_observed, result);
        }
    }

    /// <summary>Which slots lie before the window, [Hkv, 1, 1, slots].</summary>
    private Tensor BeforeWindow()
    {
        var counts = new long[Config.KvHeads];
        for (int h = 0; h < counts.Length; h++)
        {
            counts[h] = Cache.SlotsBefore(At.Layer, h, Cache.LogicalLength - _observed);
        }

        Tensor columns = arange(0, _sink.Slots, ScalarType.Int64, Device).view(1, 1, 1, -1);
        return columns.lt(Tensors.FromLongs(counts, Device).view(-1, 1, 1, 1)).to(ScalarType.Float32);
    }

    private AttentionMask Mask(int position, int rows)
    {
        var ends = new long[Config.KvHeads * rows];
        bool windowed = Config.WindowOf(At.Layer) is not null;
        var begins = new long[windowed ? ends.Length : 0];
        bool empty = false;
        for (int i = 0; i < ends.Length; i++)
        {
            int head = i / rows;
            int query = position + (i % rows);
            ends[i] = Cache.SlotsBefore(At.Layer, head, query + 1);
            if (windowed)
            {
                begins[i] = SlotWindow.FirstSlot(Config, Cache, At.Layer, head, Cache.Length(At.Layer, head), query);
            }

            empty |= ends[i] <= (windowed ? begins[i] : 0);
        }

        return new AttentionMask(Tensors.FromLongs(ends, Device).view(-1, rows), (int)ends.Min())
        {
            Begins = windowed ? Tensors.FromLongs(begins, Device).view(-1, rows) : null,
            Bias = Context.Biases,
            MayBeEmpty = empty,
        };
    }
}
