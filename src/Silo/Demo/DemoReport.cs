
namespace KVCluster.Silo.Demo;

/// <summary>The JSON of <c>demo</c>.</summary>
internal sealed record DemoReport
{
    public required string Model { get; init; }

    public required int Conversations { get; init; }

    public required int Nodes { get; init; }

    /// <summary>Bytes of each node's arena.</summary>
    public required long NodeBytes { get; init; }

    public required IReadOnlyList<DemoOutcome> Ways { get; init; }

    public required double Seconds { get; init; }
}
