namespace KVCluster.Silo.Models;

/// <summary>Weight matrices of one encoding.</summary>
/// <param name="Type">Its name, as in "BF16" or "Q4_1".</param>
/// <param name="Matrices">How many.</param>
/// <param name="Bytes">What they take as stored.</param>
internal sealed record StoredType(string Type, int Matrices, long Bytes);
