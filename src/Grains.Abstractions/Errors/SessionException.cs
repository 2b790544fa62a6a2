namespace KVCluster.Grains;

/// <summary>A call to a session or a node that could not be done. Its message is for the caller; nothing was changed unless said.</summary>
[GenerateSerializer, Alias("KVCluster.SessionException")]
public class SessionException : Exception
{
    /// <summary>An error with a message for the caller.</summary>
    public SessionException(string message)
        : base(message)
    {
    }

    /// <summary>An error with a message for the caller and its cause.</summary>
    public SessionException(string message, Exception? inner)
        : base(message, inner)
    {
    }
}
