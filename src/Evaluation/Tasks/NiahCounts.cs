namespace KVCluster.Evaluation.Tasks;

/// <summary>How much is hidden and asked for.</summary>
/// <param name="Keys">Keys in the text.</param>
/// <param name="ValuesPerKey">Values of each.</param>
/// <param name="KeysAsked">Keys that one question names.</param>
internal readonly record struct NiahCounts(int Keys, int ValuesPerKey = 1, int KeysAsked = 1);
