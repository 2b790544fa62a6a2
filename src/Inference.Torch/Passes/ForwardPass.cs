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
/// One step over a batch. The host plans first and brings the plan to the device in one copy; then kernels run without the host in between,
/// and the logits come back in one copy.
/// </summary>
internal sealed class ForwardPass
{
    private readonly ModelConfig _config;
    private readonly DecoderLayers _layers;
    private readonly DeviceModel _model;
    private readonly TorchPageStore _store;
    private readonly BlockTables _tables;
    private readonly ObservationPool _pool;
    private readonly IndexBuffer _buffer;
    private readonly StepPlan _plan;
    private readonly PagedAttention _attention;
    private readonly ObservedSteps _observed;
    private readonly List<KvCache> _caches = [];

    public ForwardPass(
        DeviceModel model, DecoderLayers layers, TorchPageStore store, BlockTables tables, ObservationPool pool, AttentionCore core)
    {
        _config = model.Config;
        _model = model;
        _layers = layers;
        _store = store;
        _tables = tables;
        _pool = pool;
        _buffer = new IndexBuffer(model.Device.Handle);
        _plan = new StepPlan(_config, store, _buffer);
        _attention = new PagedAttention(store, tables, _buffer, core, model.Type);
        _observed = new ObservedSteps(pool, tables, _buffer);
    }

    /// <summary>Room for all tokens is prepared; the caller commits them. What was observed is as before where this throws.</summary>
    public void Run(IReadOnlyList<ForwardRequest> batch)
    {
        using DisposeScope scope = NewDisposeScope();
        try
        {
            Prepare(batch);
            Tensor x = RunLayers(batch);
            WriteLogits(batch, x);
            _observed.Apply();
        }
        finally
        {
            _observed.Clear();
            _buffer.Clear();
        }

        foreach (ForwardRequest request in batch)
        {
            ((SlotState)request.Cache.Companion!).Commit(request.Cache, request.Tokens.Length);
        }
    }

    private void Prepare(IReadOnlyList<ForwardRequest> batch)
    {
        _caches.Clear();
        foreach (ForwardRequest request in batch)
        {
            _caches.Add(request.Cache);
            ((SlotState)request.Cache.Companion!).Prepare(request.Cache, request.Tokens.Length);
        }

        _pool.Prepare();
        _tables.Sync(_caches);
        _plan.Build(batch);
        _buffer.Upload();
    }

    private Tensor RunLayers(IReadOnlyList<ForwardRequest> batch)
    {
        int rows = _plan.Rows;
        var rotary = new RotaryTable(_model, _buffer.Slice(_plan.Positions, rows));
        Tensor x = _layers.Embed(_buffer.Slice(_plan.Ids, rows));
        for (int layer = 0; layer < _config.Layers; layer++)
        {
            Trace(batch, x);
            using DisposeScope scope = NewDisposeScope();
            ProjectedRows projected = _layers.Project(layer, x, rotary);
            Store(layer, 0, projected.Keys);
            Store(layer, 1, projected.Values);
            Tensor next = _layers.Finish(layer, x, Attend(layer, projected.Queries));
            x.Dispose();
            x = next.MoveToOuterDisposeScope();
        }

        if (batch.Any(r => r.Trace is not null))
        {
            Trace(batch, _layers.FinalNorm(x));
        }

        return x;
    }

    private void Store(int layer, int plane, Tensor rows)
    {
        int count = _plan.Rows * _config.KvHeads;
        _store.WriteRows(_buffer.Slice(_plan.TargetsOf(layer, plane), count), rows.reshape(count, _config.HeadSize));
    }

    private Tensor Attend(int layer, Tensor queries)
    {
        if (_plan.Jobs is [{ } only])
        {
            return Attend(only, layer, queries);
        }

        Tensor all = empty([_plan.Rows, (long)_config.QueryHeads * _config.HeadSize], queries.dtype, queries.device);
        foreach (AttentionJob job in _plan.Jobs)
        {
            using DisposeScope scope = NewDisposeScope();
            if (job.First >= 0)
            {
                all.narrow(0, job.First, job.Count).copy_(Attend(job, layer, queries.narrow(0, job.First, job.Count)));
            }
            else
            {
                Tensor rows = _buffer.Slice(job.Rows, job.Count);
                all.index_copy_(0, rows, Attend(job, layer, queries.index_select(0, rows)));
            }
        }

        return all;
    }

    /// <summary>Queries [count, Hq, d] of a job to outputs [count, Hq d].</summary>
    private Tensor Attend(AttentionJob job, int layer, Tensor queries)
    {
        long heads = _config.KvHeads;
        long size = _config.HeadSize;
        LaneGroup[] groups = job.Layers[layer];
        if (!job.IsChunk)
        {
            Tensor lanes = queries.reshape(job.Count * heads, 1, _config.GroupSize, size);
            return _attention.Run(lanes, groups, _observed).reshape(job.Count, -1);
        }

        Tensor chunk = queries.reshape(job.Count, heads, _config.GroupSize, size).transpose(0, 1);
        return _attention.Run(chunk, groups, _observed).transpose(0, 1).reshape(job.Count, -1);
    }

    private void WriteLogits(IReadOnlyList<ForwardRequest> batch, Tensor x)
    {
        if (_plan.LogitCount == 0)
        {
            return;
        }

        using DisposeScope scope = NewDisposeScope();
        Tensor wanted = _plan.LogitCount == _plan.Rows ? x : x.index_select(0, _buffer.Slice(_plan.LogitRows, _plan.LogitCount));
        Tensor logits = _layers.Logits(wanted).to(ScalarType.Float32).cpu();
        ReadOnlySpan<float> values = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(logits.bytes);
        int done = 0;
        foreach (ForwardRequest request in batch)
        {
            int count = _config.VocabularySize * (request.Logits switch
            {
                LogitsRows.None => 0,
                LogitsRows.Last => 1,
                _ => request.Tokens.Length,
            });
            values.Slice(done, count).CopyTo(request.LogitsDestination.Span);
            done += count;
        }
    }

    private static void Trace(IReadOnlyList<ForwardRequest> batch, Tensor x)
    {
        int first = 0;
        foreach (ForwardRequest request in batch)
        {
            if (request.Trace is { } trace)
            {
                using Tensor rows = x.narrow(0, first, request.Tokens.Length);
                trace.States.Add(rows.ToFloats());
            }

            first += request.Tokens.Length;
        }
    }
}
