namespace KVCluster.Storage.Format;

/// <summary>What a copy holds.</summary>
internal enum CopyKind
{
    /// <summary>The row of every token at its own position, none dropped or rewritten: any beginning of it is good by itself.</summary>
    Whole = 0,

    /// <summary>What compressions, merges or a lossy load left: good as a whole only.</summary>
    Compressed = 1,
}
