namespace KVCluster.Compression.Policies;

/// <summary>One parameter of a policy, for help and for error messages.</summary>
/// <param name="Name">Its name as typed.</param>
/// <param name="Values">Which values are valid, in words.</param>
/// <param name="Default">Its default as typed.</param>
public sealed record PolicyParameter(string Name, string Values, string Default);
