using KVCluster.Inference.Kv;

namespace KVCluster.Storage;

/// <summary>What must be equal for a cache made elsewhere to mean the same here.</summary>
/// <param name="ModelFingerprint">Weights, configuration and rotary settings (<see cref="Inference.Models.LoadedModel.Fingerprint"/>).</param>
/// <param name="Geometry">Layers, heads, head size, element type and page size of the arena.</param>
public sealed record SnapshotTerms(string ModelFingerprint, KvGeometry Geometry);
