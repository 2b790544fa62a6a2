namespace KVCluster.Storage.Blobs;

/// <summary>What reading a frame came to.</summary>
public enum FrameRead
{
    /// <summary>The destination holds it.</summary>
    Read,

    /// <summary>There is none of that name: deleted, expired or evicted.</summary>
    Missing,

    /// <summary>It is longer or shorter than the destination.</summary>
    WrongLength,
}
