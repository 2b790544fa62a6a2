using KVCluster.Compression;
using KVCluster.Compression.Policies;
using KVCluster.Inference.Backend;

namespace KVCluster.Worker.Serving.Device;

/// <summary>Scores of a session's cache as it is.</summary>
/// <param name="Request">What was asked of the model.</param>
/// <param name="Input">What it gave.</param>
/// <param name="Bytes">What the scores take.</param>
/// <param name="Worth">What each slot is worth by them [layers, kvHeads, slots]; null where the policy does not say, or not in numbers.</param>
internal sealed record SessionScores(ScoreRequest Request, GatheredInput Input, long Bytes, AttentionScores? Worth);
