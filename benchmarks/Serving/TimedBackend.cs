using System.Diagnostics;
using KVCluster.Inference.Backend;
using KVCluster.Inference.Kv;
using KVCluster.Worker.Tests.Serving;

namespace KVCluster.Benchmarks.Serving;

/// <summary>A backend that adds up the time its steps take.</summary>
internal sealed class TimedBackend(IInferenceBackend inner) : BackendDecorator(inner)
{
    /// <summary>Seconds in <see cref="Forward"/> of steps that only decoded, their number, and the rows they had.</summary>
    public (double Seconds, long Steps, long Rows) Decoding { get; private set; }

    /// <summary>The same of all other steps.</summary>
    public (double Seconds, long Steps, long Rows) Mixed { get; private set; }

    /// <summary>Whether tokens may go through the layers one by one.</summary>
    public bool RunsLayers { get; set; } = true;

    public override ILayerPass? BeginLayers(KvCache cache, ReadOnlyMemory<int> tokens) => RunsLayers ? base.BeginLayers(cache, tokens) : null;

    public override void Forward(IReadOnlyList<ForwardRequest> batch)
    {
        long start = Stopwatch.GetTimestamp();
        base.Forward(batch);
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        int rows = batch.Sum(request => request.Tokens.Length);
        if (rows == batch.Count)
        {
            Decoding = (Decoding.Seconds + seconds, Decoding.Steps + 1, Decoding.Rows + rows);
        }
        else
        {
            Mixed = (Mixed.Seconds + seconds, Mixed.Steps + 1, Mixed.Rows + rows);
        }
    }

    public void Reset() => (Decoding, Mixed) = (default, default);
}
