namespace KVCluster.Worker.Serving.Pressure;

/// <summary>What a device may hold, and what tenants may hold on it. Immutable.</summary>
/// <param name="LimitBytes">Bytes of the arena that may be held; what is beyond the arena's size does not count.</param>
public sealed record DeviceTerms(long LimitBytes)
{
    /// <summary>Everything, for everybody.</summary>
    public static DeviceTerms Unbounded { get; } = new(long.MaxValue);

    /// <summary>Whether any tenant has a limit: without one they are not added up.</summary>
    public bool HasTenantLimits { get; init; }

    /// <summary>A tenant's part. Called on the device's thread: it must be quick, and safe to be called at any time.</summary>
    public Func<string, DeviceTenant> Tenant { get; init; } = _ => default;
}

/// <summary>A tenant's part of a device.</summary>
/// <param name="EntitledBytes">Its fair part: who holds more weighs less. 0: shares do not matter.</param>
/// <param name="GuaranteedBytes">What no act takes from it.</param>
/// <param name="LimitBytes">Most bytes it may hold there; null: no limit.</param>
/// <param name="GuaranteedRetention">The share of a conversation's tokens, in [0, 1], that no cut takes.</param>
public readonly record struct DeviceTenant(
    long EntitledBytes = 0, long GuaranteedBytes = 0, long? LimitBytes = null, double GuaranteedRetention = 0);
