namespace KVCluster.Grains;

/// <summary>A function the model wants called.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Arguments">JSON.</param>
public sealed record ParsedCall(string Name, string Arguments);
