using KVCluster.Silo.Serving;

namespace KVCluster.Silo.Gateway.Health;

/// <summary>
/// What this process knows of itself. Nothing is asked of other processes: a cluster whose Redis is slow must not have its nodes restarted.
/// </summary>
internal sealed class ServerHealth(IReadOnlyList<ServerNode> nodes)
{
    private volatile bool _isLeaving;
    private volatile bool _isClosed;

    /// <summary>The process works: no device's thread has failed. A restart is what helps where it has.</summary>
    public bool IsAlive => nodes.All(node => node.Worker.Status().Failure is null);

    /// <summary>Requests should come here: models are loaded, devices take turns, and nobody has asked for a stop.</summary>
    public bool IsReady => !_isLeaving && nodes.All(node => node.Worker.Status() is { Failure: null, IsDraining: false });

    /// <summary>Whether requests are refused.</summary>
    public bool IsClosed => _isClosed;

    /// <summary>The stop was asked for: no longer ready, requests are still taken.</summary>
    public void Leave() => _isLeaving = true;

    /// <summary>No request is taken from now on.</summary>
    public void Close()
    {
        _isLeaving = true;
        _isClosed = true;
    }
}
