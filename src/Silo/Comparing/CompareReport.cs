using KVCluster.Silo.Sessions;

namespace KVCluster.Silo.Comparing;

/// <summary>The JSON of <c>compare</c>.</summary>
internal sealed record CompareReport
{
    public required ModelUse Model { get; init; }

    /// <summary>The document with the chat frame before it, as read into the cache.</summary>
    public required Prefill Document { get; init; }

    /// <summary>The whole cache first, then each policy at each fraction.</summary>
    public required IReadOnlyList<CompareRow> Rows { get; init; }

    /// <summary>From the start of the run, the start of the process not counted.</summary>
    public required double Seconds { get; init; }
}
