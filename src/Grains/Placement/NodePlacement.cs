using Orleans.Placement;
using Orleans.Runtime;

namespace KVCluster.Grains;

/// <summary>A node's grain is activated on the silo whose name is its key.</summary>
[GenerateSerializer, Immutable, Alias("KVCluster.NodePlacement")]
internal sealed class NodePlacement : PlacementStrategy;

/// <summary>Marks grains of a node: of the node itself, and of its devices ("node/device").</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class NodePlacementAttribute() : PlacementAttribute(new NodePlacement());
