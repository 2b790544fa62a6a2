using KVCluster.Compression.Policies;
using KVCluster.Inference;
using KVCluster.Inference.Backend;
using KVCluster.Inference.Kv;

namespace KVCluster.Worker;

/// <summary>Scores, plans and compacts one cache.</summary>
internal sealed class Compressor(IInferenceBackend backend, KvCache cache, PolicyContext context)
{
    public IInferenceBackend Backend => backend;

    public GatheredInput Gather(ICompressionPolicy policy, Action<double>? progress, CancellationToken cancellationToken)
    {
        Check(policy);
        return PolicyInputs.Gather(backend, cache, policy.Request, context, progress, cancellationToken);
    }

    /// <summary>As <see cref="Gather"/>, a bounded piece at a time.</summary>
    public PolicyGathering Begin(ICompressionPolicy policy)
    {
        Check(policy);
        return PolicyInputs.Begin(backend, cache, policy.Request, context);
    }

    /// <summary>A compression in bounded pieces.</summary>
    public CompressionPass BeginRun(CompressionRequest request)
    {
        RequireTokens();
        return new CompressionPass(this, cache, request);
    }

    public CompressionReport Run(CompressionRequest request, Action<double>? progress, CancellationToken cancellationToken)
    {
        using CompressionPass pass = BeginRun(request);
        bool more;
        do
        {
            cancellationToken.ThrowIfCancellationRequested();
            progress?.Invoke(pass.Progress);
            more = pass.Step();
        }
        while (more);
        progress?.Invoke(1);
        return pass.Report;
    }

    private void Check(ICompressionPolicy policy)
    {
        RequireTokens();
        if (policy.Request.Calibration && context.Calibration is null)
        {
            throw new InputException($"the policy {policy.Name} needs a calibration of this model, and none was given");
        }
    }

    private void RequireTokens()
    {
        if (cache.LogicalLength == 0)
        {
            throw new InputException("nothing to compress: the conversation has no tokens yet");
        }
    }
}
