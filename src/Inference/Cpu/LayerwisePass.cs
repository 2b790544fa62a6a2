using KVCluster.Compression;
using KVCluster.Inference.Backend;
using KVCluster.Inference.Cpu.Attention;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Models;

namespace KVCluster.Inference.Cpu;

/// <summary>
/// Runs tokens against a cache layer by layer without appending them: the residual stream of all of them is kept, and of one layer at a
/// time the decoded cache. So the cache is neither doubled nor touched, and a full arena can be scored. The tokens are one or more runs,
/// each a sequence of its own; a step is a chunk of one run in one layer.
/// </summary>
internal abstract unsafe class LayerwisePass : IDisposable
{
    private readonly CpuThreadPool _pool;
    private readonly IReadOnlyList<ReadOnlyMemory<int>> _runs;
    private readonly int _logicalLength;
    private readonly TileAttention _tiles;
    private readonly NativeBuffer _hidden = new();

    protected LayerwisePass(
        CpuThreadPool pool,
        PackedModel model,
        LayerPipeline pipeline,
        CpuPageStore store,
        KvCache cache,
        IReadOnlyList<ReadOnlyMemory<int>> runs,
        int firstPosition,
        int chunk)
    {
        _pool = pool;
        Config = model.Config;
        Pipeline = pipeline;
        Cache = cache;
        _runs = runs;
        At = new LayerwiseCursor(runs, Config.Layers, chunk);
        _logicalLength = cache.LogicalLength;
        FirstPosition = firstPosition;
        Context = new PackedContext(store, pool.Threads);
        _tiles = new TileAttention(pool, Config);
        Accumulator = new ColumnAccumulator(pool.Threads, Config.QueryHeads);
        Angles = new RotaryAngles(Config, At.LongestRun);
        Angles.SetRun(firstPosition, At.LongestRun);
        _hidden.Ensure(At.Tokens * pipeline.HiddenStride);
        Embed();
    }

    /// <summary>Share done, 0 to 1.</summary>
    public double Progress => At.Progress;

    /// <summary>Bytes of working memory held until disposal.</summary>
    public virtual long WorkingBytes => Context.Bytes + _tiles.Bytes + Accumulator.Bytes + _hidden.Bytes + Angles.Bytes;

    protected ModelConfig Config { get; }

    protected LayerPipeline Pipeline { get; }

    /// <summary>Where the pass stands.</summary>
    protected LayerwiseCursor At { get; }

    protected KvCache Cache { get; }

    protected PackedContext Context { get; }

    /// <summary>Rows are query heads.</summary>
    protected ColumnAccumulator Accumulator { get; }

    /// <summary>Of the longest run's positions.</summary>
    protected RotaryAngles Angles { get; }

    /// <summary>Position of every run's first token.</summary>
    protected int FirstPosition { get; }

    /// <summary>Whether the cache holds the rows' own keys and values, so that only their queries are projected.</summary>
    protected virtual bool QueriesOnly => false;

    /// <summary>Does one bounded piece; false when there is nothing left.</summary>
    public bool Step()
    {
        if (At.Finished)
        {
            return false;
        }

        if (Cache.LogicalLength != _logicalLength)
        {
            throw new InvalidOperationException("the cache changed while a pass ran against it");
        }

        if (At.AtLayerStart)
        {
            BeginLayer();
        }

        if (At.AtRunStart)
        {
            BeginRun();
        }

        RunChunk(At.Rows);
        if (At.EndsRun)
        {
            EndRun();
        }

        if (At.EndsLayer)
        {
            EndLayer();
        }

        At.Advance();
        return !At.Finished;
    }

    public virtual void Dispose()
    {
        Context.Dispose();
        _tiles.Dispose();
        Accumulator.Dispose();
        _hidden.Dispose();
        Angles.Dispose();
    }

    protected abstract void BeginLayer();

    protected virtual void BeginRun()
    {
    }

    /// <summary>The attention of rows that were just projected.</summary>
    protected abstract void Attend(int rows);

    protected virtual void EndRun()
    {
    }

    protected abstract void EndLayer();

    /// <summary>Decodes the layer's cache, with room for so many rows behind it.</summary>
    protected void LoadContext(int room) => Context.Load(Cache, At.Layer, 0, room, _pool);

    /// <summary>Forgets what was gathered.</summary>
    protected void ResetAccumulator(QueryAggregation aggregation)
    {
        int longest = 0;
        for (int h = 0; h < Config.KvHeads; h++)
        {
            longest = Math.Max(longest, Cache.Length(At.Layer, h));
        }

        Accumulator.Reset(longest, aggregation);
    }

    /// <summary>The rows just projected against what <see cref="Context"/> holds.</summary>
    protected TileAttentionInput Input(int rows) => new()
    {
        Cache = Cache,
        Layer = At.Layer,
        Context = Context,
        Queries = Pipeline.Queries,
        QueryStride = Pipeline.QueryStride,
        Tokens = rows,
        Output = At.IsLastLayer ? null : Pipeline.Attention,
        OutputStride = Pipeline.QueryStride,
        ObserveQueryHeads = true,
    };

    protected void RunTiles(in TileAttentionInput input) => _tiles.Run(input);

    private void Embed()
    {
        float* rows = _hidden.Data;
        foreach (ReadOnlyMemory<int> run in _runs)
        {
            Pipeline.Embed(run.Span, rows);
            rows += (long)run.Length * Pipeline.HiddenStride;
        }
    }

    private void RunChunk(int rows)
    {
        float* hidden = _hidden.Data + (At.LayerRow * Pipeline.HiddenStride);
        Pipeline.Project(At.Layer, hidden, rows, Angles, At.Row, QueriesOnly);
        Attend(rows);
        if (!At.IsLastLayer)
        {
            Pipeline.Finish(At.Layer, hidden, rows);
        }
    }
}
