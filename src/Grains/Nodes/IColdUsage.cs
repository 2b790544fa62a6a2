namespace KVCluster.Grains;

/// <summary>Tells what the node's cold store holds: an optional service of the silo.</summary>
public interface IColdUsage
{
    /// <summary>The store at this instant; null where it could not be asked.</summary>
    ValueTask<ColdObservation?> ReadAsync(CancellationToken cancellationToken);
}
