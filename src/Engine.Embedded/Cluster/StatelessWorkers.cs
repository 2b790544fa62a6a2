using Orleans.Runtime;

namespace KVCluster.Engine.Embedded;

/// <summary>The stateless workers of one silo: several activations of a grain, none of them in the directory.</summary>
internal sealed class StatelessWorkers(EmbeddedSilo silo)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<GrainId, List<Activation>> _activations = [];

    /// <summary>Gives the call to an idle worker, to one made for it, or to the one with the fewest calls.</summary>
    public void Dispatch(GrainCall call, GrainClass grainClass, int mostWorkers)
    {
        Activation? begun = null;
        lock (_gate)
        {
            var workers = _activations.TryGetValue(call.Target, out var list) ? list : _activations[call.Target] = [];
            workers.RemoveAll(worker => worker.HasEnded);
            var chosen = workers.MinBy(worker => worker.CallCount);
            if (chosen is null or { CallCount: > 0 } && workers.Count < mostWorkers && silo.TryCreate(grainClass, call.Target) is { } created)
            {
                workers.Add(chosen = begun = created);
            }

            if (chosen is null || !chosen.TryReceive(call))
            {
                throw new SiloUnavailableException($"Silo {silo.SiloAddress} is stopping.");
            }
        }

        begun?.Start(call.Context, null);
    }

    public void Remove(Activation activation)
    {
        lock (_gate)
        {
            if (_activations.TryGetValue(activation.GrainId, out var workers) && workers.Remove(activation) && workers.Count == 0)
            {
                _activations.Remove(activation.GrainId);
            }
        }
    }
}
