namespace KVCluster.Engine.Embedded;

/// <summary>What runs in an <see cref="EmbeddedCluster"/> at one instant.</summary>
/// <param name="Busy">Activations that run or have something to run, and placements under way.</param>
/// <param name="Begun">How often one of these has begun so far.</param>
public readonly record struct EmbeddedActivity(int Busy, long Begun);
