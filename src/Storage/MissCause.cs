namespace KVCluster.Storage;

/// <summary>Why a cold copy was not used. Each is counted apart.</summary>
public enum MissCause
{
    /// <summary>There is none.</summary>
    Absent,

    /// <summary>Written in a format this program does not read.</summary>
    UnknownVersion,

    /// <summary>Another model, element type, page size or rotary setting.</summary>
    ForeignTerms,

    /// <summary>Another tenant's or session's.</summary>
    ForeignOwner,

    /// <summary>It stands for tokens that are not a beginning of the history.</summary>
    OtherTokens,

    /// <summary>Published by a later epoch: the reader is fenced.</summary>
    LaterEpoch,

    /// <summary>The manifest is damaged.</summary>
    CorruptManifest,

    /// <summary>A frame is damaged.</summary>
    CorruptFrame,

    /// <summary>The manifest names a frame that is gone.</summary>
    MissingFrame,

    /// <summary>Only an exact copy would do, and it is compressed.</summary>
    NotExact,

    /// <summary>Encrypted with a key that is not here.</summary>
    NoKey,

    /// <summary>The store could not be reached, was too slow, or failed.</summary>
    Unavailable,
}
