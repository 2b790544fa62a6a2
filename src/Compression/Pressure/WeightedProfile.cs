namespace KVCluster.Compression.Pressure;

/// <summary>A cache that competes for bytes, and what its session weighs.</summary>
/// <param name="Profile">Its bytes by score.</param>
/// <param name="Weight">The factor on its scores (<see cref="SessionWeight"/>); 0: beyond its floors it gets what all others leave.</param>
public readonly record struct WeightedProfile(ByteProfile Profile, double Weight);
