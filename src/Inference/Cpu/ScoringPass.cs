using System.Numerics.Tensors;
using KVCluster.Compression;
using KVCluster.Inference.Backend;
using KVCluster.Inference.Cpu.Attention;
using KVCluster.Inference.Kv;

namespace KVCluster.Inference.Cpu;

/// <summary>Runs prompts behind a cache: each prompt's own keys and values lie, a layer at a time, behind the decoded cache.</summary>
internal sealed unsafe class ScoringPass : LayerwisePass, IScoringPass
{
    private readonly CpuThreadPool _pool;
    private readonly ScoringRequest _request;
    private readonly IIndexedWork _appendWork;
    private readonly AttentionScores _result;

    public ScoringPass(
        CpuThreadPool pool, PackedModel model, LayerPipeline pipeline, CpuPageStore store, ScoringRequest request, int maxRows)
        : base(
            pool,
            model,
            pipeline,
            store,
            request.Cache,
            request.Prompts,
            request.Cache.LogicalLength,
            Math.Min(request.ChunkTokens, maxRows))
    {
        _pool = pool;
        _request = request;
        _appendWork = new DelegateWork(AppendRow);
        _result = CacheShapes.ZeroScores(Cache, Config.QueryHeads);
    }

    public AttentionScores Result => At.Finished ? _result : throw new InvalidOperationException("the scoring pass has not ended");

    protected override void BeginLayer()
    {
        LoadContext(At.LongestRun);
        ResetAccumulator(_request.Aggregation);
    }

    protected override void BeginRun()
    {
        // A prompt that scores a range of its own starts from nothing.
        if (_request.Ranges is not null && At.Run > 0)
        {
            ResetAccumulator(_request.Aggregation);
        }
    }

    protected override void Attend(int rows)
    {
        _pool.Run(rows, _appendWork);
        TileAttentionInput input = Input(rows) with
        {
            CommittedExtra = At.Row,
            Observer = Accumulator,
            Weights = QueryWeights.Of(_request.Weighting, Pipeline, Config, FirstPosition + At.Row, rows),
        };
        if (_request is { SubsampleSinks: { } sinks, Ranges: { } ranges })
        {
            // Two softmaxes: one over all to go on with, one over the part to score with.
            RunTiles(input with { Observer = null });
            input = input with { Output = null, VisibleRange = ranges[At.Run], VisibleSinks = sinks };
        }

        RunTiles(input);
    }

    protected override void EndRun()
    {
        if (_request.Ranges is not { } ranges)
        {
            return;
        }

        for (int h = 0; h < Config.QueryHeads; h++)
        {
            Span<float> result = _result.Row(At.Layer, h);
            float[] merged = new float[result.Length];
            Accumulator.Merge(h, merged);
            Divide(merged, At.RunLength);
            int begin = Cache.SlotsBefore(At.Layer, h / Config.GroupSize, ranges[At.Run].Begin);
            int end = Cache.SlotsBefore(At.Layer, h / Config.GroupSize, ranges[At.Run].End);
            merged.AsSpan(begin..end).CopyTo(result[begin..]);
        }
    }

    protected override void EndLayer()
    {
        for (int h = 0; h < Config.QueryHeads && _request.Ranges is null; h++)
        {
            Accumulator.Merge(h, _result.Row(At.Layer, h));
            Divide(_result.Row(At.Layer, h), At.Tokens);
        }
    }

    private void Divide(Span<float> row, long queries)
    {
        if (_request.Aggregation == QueryAggregation.Mean)
        {
            TensorPrimitives.Divide(row, (float)queries, row);
        }
    }

    private void AppendRow(int index)
    {
        for (int h = 0; h < Config.KvHeads; h++)
        {
            long offset = ((long)index * Pipeline.KeyStride) + (h * Config.HeadSize);
            int slot = Cache.Length(At.Layer, h) + At.Row + index;
            Context.Set(h, slot, Pipeline.Keys + offset, Pipeline.Values + offset);
        }
    }
}
