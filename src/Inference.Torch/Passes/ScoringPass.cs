using System.Numerics.Tensors;
using KVCluster.Compression;
using KVCluster.Inference.Backend;
using KVCluster.Inference.Torch.Attention;
using KVCluster.Inference.Torch.Model;
using TorchSharp;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace KVCluster.Inference.Torch.Passes;

/// <summary>Runs prompts behind a cache: each prompt's own keys and values lie, a layer at a time, behind the decoded cache.</summary>
internal sealed class ScoringPass : LayerwisePass, IScoringPass
{
    private readonly ScoringRequest _request;
    private readonly HeadSink _sink;
    private readonly AttentionScores _result;

    public ScoringPass(PassParts parts, ScoringRequest request)
        : base(parts, request.Cache, request.Prompts, request.Cache.LogicalLength, Math.Min(request.ChunkTokens, parts.MaxRows))
    {
        _request = request;
        _sink = new HeadSink(request.Aggregation);
        _result = CacheShapes.ZeroScores(Cache, Config.QueryHeads);
    }

    public AttentionScores Result => At.Finished ? _result : throw new InvalidOperationException("the scoring pass has not ended");

    public override long WorkingBytes => base.WorkingBytes + _sink.Bytes;

    public override void Dispose()
    {
        base.Dispose();
        _sink.Dispose();
    }

    protected override void BeginLayer()
    {
        Context.Load(At.Layer, At.LongestRun);
        _sink.Reset();
        _sink.Slots = Context.Longest;
    }

    protected override void BeginRun()
    {
        // A prompt that scores a range of its own starts from nothing.
        if (_request.Ranges is not null && At.Run > 0)
        {
            _sink.Reset();
        }
    }

    protected override Tensor? Attend(ProjectedRows projected, int rows)
    {
        Context.Append(At.Layer, At.Row, projected.Keys, projected.Values);
        _sink.Weights = QueryWeights.Of(_request.Weighting, projected, FirstPosition + At.Row);
        AttentionMask mask = Mask(rows);
        long slots = Context.Longest + At.Row + rows;
        if (_request is not { SubsampleSinks: { } sinks, Ranges: { } ranges })
        {
            return RunAttention(projected.Queries, mask, slots, _sink, wantOutput: !At.IsLastLayer);
        }

        // Two softmaxes: one over all to go on with, one over the part to score with.
        Tensor? output = At.IsLastLayer ? null : RunAttention(projected.Queries, mask, slots, null, wantOutput: true);
        RunAttention(projected.Queries, mask with { Hidden = Hidden(ranges[At.Run], sinks, slots) }, slots, _sink, wantOutput: false);
        return output;
    }

    protected override void EndRun()
    {
        if (_request.Ranges is not { } ranges)
        {
            return;
        }

        float[]? all = _sink.ToHost();
        for (int h = 0; h < Config.QueryHeads; h++)
        {
            Span<float> result = _result.Row(At.Layer, h);
            float[] gathered = new float[result.Length];
            _sink.Read(all, h, gathered);
            Divide(gathered, At.RunLength);
            int begin = Cache.SlotsBefore(At.Layer, h / Config.GroupSize, ranges[At.Run].Begin);
            int end = Cache.SlotsBefore(At.Layer, h / Config.GroupSize, ranges[At.Run].End);
            gathered.AsSpan(begin..end).CopyTo(result[begin..]);
        }
    }

    protected override void EndLayer()
    {
        if (_request.Ranges is not null)
        {
            return;
        }

        float[]? all = _sink.ToHost();
        for (int h = 0; h < Config.QueryHeads; h++)
        {
            _sink.Read(all, h, _result.Row(At.Layer, h));
            Divide(_result.Row(At.Layer, h), At.Tokens);
        }
    }

    private AttentionMask Mask(int rows)
    {
        var ends = new long[Config.KvHeads * rows];
        bool windowed = Config.WindowOf(At.Layer) is not null;
        var begins = new long[windowed ? ends.Length : 0];
        for (int i = 0; i < ends.Length; i++)
        {
            int head = i / rows;
            int behind = At.Row + (i % rows);
            int cached = Cache.Length(At.Layer, head);
            ends[i] = cached + behind + 1;
            if (windowed)
            {
                begins[i] = SlotWindow.FirstSlot(Config, Cache, At.Layer, head, cached, Cache.LogicalLength + behind);
            }
        }

        return new AttentionMask(Tensors.FromLongs(ends, Device).view(-1, rows), Context.Shortest + At.Row + 1)
        {
            Begins = windowed ? Tensors.FromLongs(begins, Device).view(-1, rows) : null,
            Bias = Context.Biases?.narrow(1, 0, Context.Longest + At.Row + rows),
        };
    }

    /// <summary>Of the cache's slots, those neither among the first positions nor in the range: [Hkv, slots].</summary>
    private Tensor Hidden(ScoredRange range, int sinks, long slots)
    {
        var bounds = new long[4 * Config.KvHeads];
        for (int h = 0; h < Config.KvHeads; h++)
        {
            bounds[h] = Cache.SlotsBefore(At.Layer, h, sinks);
            bounds[Config.KvHeads + h] = Cache.SlotsBefore(At.Layer, h, range.Begin);
            bounds[(2 * Config.KvHeads) + h] = Cache.SlotsBefore(At.Layer, h, range.End);
            bounds[(3 * Config.KvHeads) + h] = Cache.Length(At.Layer, h);
        }

        Tensor bound = Tensors.FromLongs(bounds, Device).view(4, -1, 1);
        Tensor columns = arange(0, slots, ScalarType.Int64, Device);
        Tensor between = columns.ge(bound[0]).logical_and_(columns.lt(bound[1]));
        return between.logical_or_(columns.ge(bound[2]).logical_and_(columns.lt(bound[3])));
    }

    private void Divide(Span<float> row, long queries)
    {
        if (_request.Aggregation == QueryAggregation.Mean)
        {
            TensorPrimitives.Divide(row, (float)queries, row);
        }
    }
}
