using Orleans.Runtime;

namespace Orleans.Runtime
{
    /// <summary>An error of the engine.</summary>
    [GenerateSerializer]
    public class OrleansException : Exception
    {
        /// <summary>An error without a message.</summary>
        public OrleansException()
            : base("Unexpected error.")
        {
        }

        /// <summary>An error.</summary>
        public OrleansException(string message)
            : base(message)
        {
        }

        /// <summary>An error with its cause.</summary>
        public OrleansException(string message, Exception innerException)
            : base(message, innerException)
        {
        }
    }

    /// <summary>A message was not delivered. Whether the call ran is unknown.</summary>
    [GenerateSerializer]
    public class OrleansMessageRejectionException : OrleansException
    {
        internal OrleansMessageRejectionException(string message)
            : base(message)
        {
        }

        internal OrleansMessageRejectionException(string message, Exception innerException)
            : base(message, innerException)
        {
        }
    }

    /// <summary>The silo that held the grain, or the caller's own, has gone. Whether the call ran is unknown.</summary>
    [GenerateSerializer]
    public sealed class SiloUnavailableException : OrleansMessageRejectionException
    {
        /// <summary>An error without a message.</summary>
        public SiloUnavailableException()
            : base("Silo unavailable")
        {
        }

        /// <summary>An error.</summary>
        public SiloUnavailableException(string msg)
            : base(msg)
        {
        }

        /// <summary>An error with its cause.</summary>
        public SiloUnavailableException(string message, Exception innerException)
            : base(message, innerException)
        {
        }
    }

    /// <summary>The callee no longer knows the enumeration: its activation ended, or nobody read for longer than the response timeout.</summary>
    [GenerateSerializer]
    public sealed class EnumerationAbortedException : Exception
    {
        /// <summary>An error without a message.</summary>
        public EnumerationAbortedException()
        {
        }

        /// <summary>An error.</summary>
        public EnumerationAbortedException(string message)
            : base(message)
        {
        }

        /// <summary>An error with its cause.</summary>
        public EnumerationAbortedException(string message, Exception innerException)
            : base(message, innerException)
        {
        }
    }
}

namespace Orleans.Storage
{
    /// <summary>
    /// The stored state has another ETag than the writer's: somebody else wrote it. An activation that lets it out of a call is deactivated.
    /// </summary>
    [GenerateSerializer]
    public class InconsistentStateException : OrleansException
    {
        /// <summary>An error without a message.</summary>
        public InconsistentStateException()
        {
        }

        /// <summary>An error.</summary>
        public InconsistentStateException(string message)
            : base(message)
        {
        }

        /// <summary>An error with the ETag found and the ETag expected.</summary>
        public InconsistentStateException(string errorMsg, string? storedEtag, string? currentEtag)
            : base(errorMsg)
        {
            StoredEtag = storedEtag;
            CurrentEtag = currentEtag;
        }

        /// <summary>An error with the ETag found, the ETag expected and its cause.</summary>
        public InconsistentStateException(string errorMsg, string? storedEtag, string? currentEtag, Exception? storageException)
            : base(errorMsg, storageException!)
        {
            StoredEtag = storedEtag;
            CurrentEtag = currentEtag;
        }

        /// <summary>The ETag in the store.</summary>
        [Id(1)]
        public string? StoredEtag { get; private set; }

        /// <summary>The ETag the writer knew.</summary>
        [Id(2)]
        public string? CurrentEtag { get; private set; }

        // Only the activation whose write failed ends: not its callers, through which the error passes.
        internal bool IsSourceActivation { get; set; } = true;
    }

    /// <summary>A grain names a storage that the silo does not have.</summary>
    public sealed class BadProviderConfigException : OrleansException
    {
        /// <summary>An error without a message.</summary>
        public BadProviderConfigException()
        {
        }

        /// <summary>An error.</summary>
        public BadProviderConfigException(string msg)
            : base(msg)
        {
        }

        /// <summary>An error with its cause.</summary>
        public BadProviderConfigException(string msg, Exception exc)
            : base(msg, exc)
        {
        }
    }
}
