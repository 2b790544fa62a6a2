namespace KVCluster.Worker.Serving.Device;

/// <summary>Counts kept by the device's thread and shown to others.</summary>
internal sealed class DeviceCounts
{
    /// <summary>Sessions in the arena.</summary>
    public int Resident { get; set; }

    /// <summary>Tokens that caches in the arena stand for.</summary>
    public long HeldTokens { get; set; }

    /// <summary>Turns running.</summary>
    public int Running { get; set; }

    /// <summary>Turns waiting.</summary>
    public int Waiting { get; set; }

    /// <summary>Bytes that waiting turns did not find.</summary>
    public long WaitingBytes { get; set; }

    /// <summary>Uses so far.</summary>
    public long Uses { get; set; }

    /// <summary>Changes of any cache or of its use; see <see cref="DeviceParts.Conditions"/>.</summary>
    public long Changes { get; set; }
}
