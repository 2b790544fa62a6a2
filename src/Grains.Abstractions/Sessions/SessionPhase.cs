namespace KVCluster.Grains;

/// <summary>What a session is doing.</summary>
public enum SessionPhase
{
    /// <summary>Its cache is not on a device: loaded or computed with the next turn.</summary>
    Cold,

    /// <summary>A turn waits for room or for its cache.</summary>
    Attaching,

    /// <summary>A turn is running.</summary>
    Generating,

    /// <summary>Its cache is on a device, no turn is running.</summary>
    Idle,

    /// <summary>Closed for good.</summary>
    Closed,
}
