using KVCluster.Compression.Policies;
using KVCluster.Inference.Backend;

namespace KVCluster.Silo.Sessions;

/// <summary>What a conversation must gather as it goes so that policies can score it; most need nothing, and pay nothing.</summary>
internal static class Observation
{
    public static ObservationOptions? For(params IEnumerable<ICompressionPolicy> policies)
    {
        foreach (ICompressionPolicy policy in policies)
        {
            if (policy.Request.Attention is { Source: AttentionSource.Observed } wanted)
            {
                ObservationOptions options = new(wanted.Aggregation);
                return wanted.Window > 0 ? options with { Window = wanted.Window } : options;
            }
        }

        return null;
    }
}
