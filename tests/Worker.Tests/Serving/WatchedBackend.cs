using KVCluster.Compression;
using KVCluster.Inference.Backend;
using KVCluster.Inference.Kv;

namespace KVCluster.Worker.Tests.Serving;

/// <summary>A backend whose steps a test sees before they run, and may hold up or make fail.</summary>
internal sealed class WatchedBackend(IInferenceBackend inner) : BackendDecorator(inner)
{
    public Action<IReadOnlyList<ForwardRequest>> BeforeForward { get; set; } = _ => { };

    public Action<IReadOnlyList<ForwardRequest>> AfterForward { get; set; } = _ => { };

    /// <summary>What becomes of the attention that was observed.</summary>
    public Func<AttentionScores?, AttentionScores?> AfterObserved { get; set; } = scores => scores;

    /// <summary>Told of each layer that ran by itself, the number of those that have.</summary>
    public Action<int> AfterLayer { get; set; } = _ => { };

    public override ILayerPass? BeginLayers(KvCache cache, ReadOnlyMemory<int> tokens) =>
        base.BeginLayers(cache, tokens) is { } pass ? new WatchedPass(pass, AfterLayer) : null;

    public override void Forward(IReadOnlyList<ForwardRequest> batch)
    {
        BeforeForward(batch);
        base.Forward(batch);
        AfterForward(batch);
    }

    public override AttentionScores? Observed(KvCache cache) => AfterObserved(base.Observed(cache));

    private sealed class WatchedPass(ILayerPass inner, Action<int> after) : ILayerPass
    {
        public int Tokens => inner.Tokens;

        public int Layer => inner.Layer;

        public bool Step()
        {
            bool stepped = inner.Step();
            after(inner.Layer);
            return stepped;
        }

        public void Dispose() => inner.Dispose();
    }
}
