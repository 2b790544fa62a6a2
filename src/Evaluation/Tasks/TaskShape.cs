namespace KVCluster.Evaluation.Tasks;

/// <summary>How large a draft shall be.</summary>
/// <param name="Length">The sample's length in tokens, for tasks whose number of facts grows with it.</param>
/// <param name="Size">Pieces of filler; the one thing that is fitted to the length.</param>
/// <param name="Questions">Different questions about the one context.</param>
public readonly record struct TaskShape(int Length, int Size, int Questions);
