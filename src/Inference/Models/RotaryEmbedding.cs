namespace KVCluster.Inference.Models;

/// <summary>
/// Rotary position embedding in half-split form: dimension i pairs with i + d/2 and turns by position * InverseFrequencies[i]
/// (Su et al., 2021; scalings as in Hugging Face transformers). Any scaling is already applied.
/// </summary>
/// <param name="Kind">"default", "linear", "llama3" or "yarn"; for display and fingerprints.</param>
/// <param name="InverseFrequencies">[d/2] radians a position.</param>
/// <param name="AttentionScale">Factor on cos and sin (YaRN); 1 otherwise.</param>
public sealed record RotaryEmbedding(string Kind, float[] InverseFrequencies, float AttentionScale);
