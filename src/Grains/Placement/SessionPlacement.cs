using Orleans.Placement;
using Orleans.Runtime;

namespace KVCluster.Grains;

/// <summary>A session is activated where its cache is, else where room is.</summary>
[GenerateSerializer, Immutable, Alias("KVCluster.SessionPlacement")]
internal sealed class SessionPlacement : PlacementStrategy;

/// <summary>Marks the session grain.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class SessionPlacementAttribute() : PlacementAttribute(new SessionPlacement());
