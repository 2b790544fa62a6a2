namespace KVCluster.Storage;

/// <summary>What loading a copy came to.</summary>
public sealed record SnapshotLoad
{
    /// <summary>Why nothing was loaded; null where the cache is filled.</summary>
    public MissCause? Miss { get; init; }

    /// <summary>Tokens of the history that are in the cache now.</summary>
    public int Tokens { get; init; }

    /// <summary>Bytes read.</summary>
    public long Bytes { get; init; }

    /// <summary>Seconds from call to filled cache.</summary>
    public double Seconds { get; init; }

    /// <summary>The compression record that was saved with it; empty where it is exact.</summary>
    public ReadOnlyMemory<byte> CompressionRecord { get; init; }
}
