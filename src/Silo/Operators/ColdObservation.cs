namespace KVCluster.Silo.Operators;

/// <summary>A cold store at one instant.</summary>
/// <param name="Kind">"directory" or "redis".</param>
/// <param name="Bytes">Bytes held.</param>
/// <param name="Copies">Sessions that have a copy.</param>
/// <param name="BudgetBytes">Bytes it may hold.</param>
internal sealed record ColdObservation(string Kind, long Bytes, long Copies, long BudgetBytes);
