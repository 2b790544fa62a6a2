using KVCluster.Compression.Policies;
using KVCluster.Inference.Backend;

namespace KVCluster.Worker.Serving.Device;

/// <summary>Scores of a session's cache as it is.</summary>
/// <param name="Request">What was asked of the model.</param>
/// <param name="Input">What it gave.</param>
/// <param name="Bytes">What the scores take.</param>
internal sealed record SessionScores(ScoreRequest Request, GatheredInput Input, long Bytes);
