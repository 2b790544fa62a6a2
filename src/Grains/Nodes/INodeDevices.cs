using KVCluster.Worker.Serving;

namespace KVCluster.Grains;

/// <summary>
/// The devices of this node: a service of the silo, which grains get by injection. It owns nothing; who opened a worker disposes of it.
/// </summary>
public interface INodeDevices
{
    /// <summary>All of them; none on a node that only takes requests.</summary>
    IReadOnlyList<NodeDevice> All { get; }

    /// <summary>The device that has a session's cache, else the one with the most free bytes.</summary>
    /// <exception cref="SessionMovingException">The node has no device that takes turns.</exception>
    ValueTask<NodeDevice> ForAsync(SessionKey session, CancellationToken cancellationToken);
}
