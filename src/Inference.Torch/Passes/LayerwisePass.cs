using KVCluster.Inference.Backend;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Models;
using KVCluster.Inference.Torch.Attention;
using KVCluster.Inference.Torch.Memory;
using KVCluster.Inference.Torch.Model;
using TorchSharp;
using static TorchSharp.torch;

namespace KVCluster.Inference.Torch.Passes;

/// <summary>
/// Runs tokens against a cache layer by layer without appending them: the residual stream of all of them is kept on the device, and of one
/// layer at a time the decoded cache. So the cache is neither doubled nor touched, and a full arena can be scored. The tokens are one or
/// more runs, each a sequence of its own; a step is a chunk of one run in one layer.
/// </summary>
internal abstract class LayerwisePass : IDisposable
{
    private readonly PassParts _parts;
    private readonly int _logicalLength;
    private readonly Tensor[] _hidden;
    private readonly Tensor _cos;
    private readonly RotaryTable _rotary;

    protected LayerwisePass(PassParts parts, KvCache cache, IReadOnlyList<ReadOnlyMemory<int>> runs, int firstPosition, int chunk)
    {
        _parts = parts;
        Cache = cache;
        At = new LayerwiseCursor(runs, Config.Layers, chunk);
        _logicalLength = cache.LogicalLength;
        FirstPosition = firstPosition;
        Context = new LayerContext(parts, cache);
        using DisposeScope scope = NewDisposeScope();
        Tensor positions = arange(firstPosition, firstPosition + At.LongestRun, ScalarType.Int64, parts.Device);
        _rotary = new RotaryTable(parts.Model, positions);
        _hidden = [.. runs.Select(run => parts.Layers.Embed(Tensors.FromInts(run.Span, parts.Device)))];

        // Kept once all are there: where the device has no memory for one, the scope disposes the others.
        _cos = _rotary.Cos.Keep();
        _rotary.Sin.Keep();
        Array.ForEach(_hidden, hidden => hidden.Keep());
    }

    /// <summary>Share done, 0 to 1.</summary>
    public double Progress => At.Progress;

    /// <summary>Bytes of working memory held until disposal.</summary>
    public virtual long WorkingBytes => Context.Bytes + _hidden.Sum(h => h.IsInvalid ? 0 : h.BytesOf()) + (2 * _cos.BytesOf());

    protected ModelConfig Config => _parts.Model.Config;

    protected Device Device => _parts.Device;

    /// <summary>Where the pass stands.</summary>
    protected LayerwiseCursor At { get; }

    protected KvCache Cache { get; }

    /// <summary>The present layer's keys and values.</summary>
    protected LayerContext Context { get; }

    /// <summary>Position of every run's first token.</summary>
    protected int FirstPosition { get; }

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

        try
        {
            RunStep();
        }
        catch (Exception e) when (DeviceMemory.IsExhausted(e))
        {
            // Pressure to whoever asked, as a full arena is; the pass is lost, the cache as it was.
            throw new ArenaFullException(1, Cache.Pool.Ledger.Snapshot());
        }

        return !At.Finished;
    }

    public virtual void Dispose()
    {
        Context.Dispose();
        foreach (Tensor hidden in _hidden)
        {
            hidden.Dispose();
        }

        _rotary.Cos.Dispose();
        _rotary.Sin.Dispose();
    }

    private void RunStep()
    {
        using DisposeScope scope = NewDisposeScope();
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
    }

    protected abstract void BeginLayer();

    protected virtual void BeginRun()
    {
    }

    /// <summary>The attention of rows just projected: outputs [rows, Hq d], or null where nobody reads them.</summary>
    protected abstract Tensor? Attend(ProjectedRows projected, int rows);

    protected virtual void EndRun()
    {
    }

    protected abstract void EndLayer();

    /// <summary>The chunk's queries against the layer's context.</summary>
    protected Tensor? RunAttention(Tensor queries, AttentionMask mask, long slots, IAttentionSink? sink, bool wantOutput)
    {
        long rows = queries.shape[0];
        Tensor lanes = queries.reshape(rows, Config.KvHeads, Config.GroupSize, Config.HeadSize).transpose(0, 1);
        Tensor? output = _parts.Core.Run(
            lanes, Context.Keys.narrow(1, 0, slots), Context.Values.narrow(1, 0, slots), mask, sink, wantOutput);
        return output?.transpose(0, 1).reshape(rows, -1);
    }

    private void RunChunk(int rows)
    {
        Tensor hidden = _hidden[At.Run].narrow(0, At.Row, rows);
        ProjectedRows projected = _parts.Layers.Project(At.Layer, hidden, _rotary.Slice(At.Row, rows));
        Tensor? attention = Attend(projected, rows);
        if (!At.IsLastLayer)
        {
            hidden.copy_(_parts.Layers.Finish(At.Layer, hidden, attention!));
        }
    }
}
