using KVCluster.Silo.Sessions;

namespace KVCluster.Silo.Demo;

/// <summary>The JSON of <c>demo</c>.</summary>
internal sealed record DemoReport
{
    public required ModelUse Model { get; init; }

    /// <summary>The document with the chat frame before it, as read into the cache.</summary>
    public required Prefill Document { get; init; }

    /// <summary>The whole cache first, then each policy at each fraction.</summary>
    public required IReadOnlyList<DemoRow> Rows { get; init; }

    /// <summary>From the start of the run, the start of the process not counted.</summary>
    public required double Seconds { get; init; }
}
