using Orleans.Runtime;

namespace Orleans.Runtime
{
    /// <summary>An error of the engine.</summary>
    [GenerateSerializer]
    public class OrleansException(string message, Exception? innerException = null) : Exception(message, innerException);

    /// <summary>A message was not delivered. Whether the call ran is unknown.</summary>
    [GenerateSerializer]
    public class OrleansMessageRejectionException : OrleansException
    {
        internal OrleansMessageRejectionException(string message)
            : base(message)
        {
        }
    }

    /// <summary>The silo that held the grain, or the caller's own, has gone. Whether the call ran is unknown.</summary>
    [GenerateSerializer]
    public sealed class SiloUnavailableException(string message = "Silo unavailable") : OrleansMessageRejectionException(message);

    /// <summary>The callee no longer knows the enumeration: its activation ended, or nobody read for longer than the response timeout.</summary>
    [GenerateSerializer]
    public sealed class EnumerationAbortedException(string? message = null) : Exception(message);
}

namespace Orleans.Storage
{
    /// <summary>
    /// The stored state has another ETag than the writer's: somebody else wrote it. An activation that lets it out of a call is deactivated.
    /// </summary>
    [GenerateSerializer]
    public class InconsistentStateException(string errorMsg, string? storedEtag, string? currentEtag) : OrleansException(errorMsg)
    {
        /// <summary>The ETag in the store.</summary>
        [Id(1)]
        public string? StoredEtag { get; } = storedEtag;

        /// <summary>The ETag the writer knew.</summary>
        [Id(2)]
        public string? CurrentEtag { get; } = currentEtag;

        // Only the activation whose write failed ends: not its callers, through which the error passes.
        internal bool IsSourceActivation { get; set; } = true;
    }

    /// <summary>A grain names a storage that the silo does not have.</summary>
    public sealed class BadProviderConfigException(string msg) : OrleansException(msg);
}

namespace Orleans.Serialization
{
    /// <summary>A type without <see cref="GenerateSerializerAttribute"/> was to cross between grains.</summary>
    public sealed class CodecNotFoundException(string message) : Exception(message);
}
