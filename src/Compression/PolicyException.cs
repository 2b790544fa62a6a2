namespace KVCluster.Compression;

/// <summary>
/// A compression was asked for that cannot be planned: an unknown policy or parameter, a value out of range, scores that are not numbers.
/// The message names the fault, and what would be valid, for a person to read; nothing was changed when it is thrown.
/// </summary>
public sealed class PolicyException : Exception
{
    /// <summary>An error with a message for the user.</summary>
    public PolicyException(string message)
        : base(message)
    {
    }
}
