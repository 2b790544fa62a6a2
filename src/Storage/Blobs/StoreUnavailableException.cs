namespace KVCluster.Storage.Blobs;

/// <summary>A store could not be reached, was too slow, or failed. Never carries a secret. Whether a write under way took place is unknown.</summary>
public sealed class StoreUnavailableException : Exception
{
    /// <summary>Says what failed, in words for an operator.</summary>
    public StoreUnavailableException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
