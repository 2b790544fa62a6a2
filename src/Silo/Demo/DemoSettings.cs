using KVCluster.Silo.Options;

namespace KVCluster.Silo.Demo;

/// <summary>What a demo was asked to be.</summary>
internal sealed record DemoSettings
{
    public required ModelChoice Model { get; init; }

    /// <summary>A folder of texts to talk about; null: documents are made.</summary>
    public string? Documents { get; init; }

    public int Conversations { get; init; } = 24;

    public int Nodes { get; init; } = 2;

    /// <summary>Questions put to each conversation, one a round.</summary>
    public int Questions { get; init; } = 3;

    /// <summary>Conversations whose whole caches the memory of all nodes together would hold.</summary>
    public int Uncompressed { get; init; } = 6;

    /// <summary>Where cold copies go in the run with compression: a Redis connection string; null: nowhere.</summary>
    public string? Redis { get; init; }

    /// <summary>Pause after each document and each turn of a conversation: readers think, and devices use the time.</summary>
    public TimeSpan Pause { get; init; } = TimeSpan.FromMilliseconds(300);

    /// <summary>A file that the live view is written to as text; null: none.</summary>
    public string? Record { get; init; }
}
