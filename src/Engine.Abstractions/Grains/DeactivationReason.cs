namespace Orleans;

/// <summary>Why an activation ends, as a code.</summary>
[GenerateSerializer]
public enum DeactivationReasonCode : byte
{
    /// <summary>No reason.</summary>
    None,

    /// <summary>The silo stops.</summary>
    ShuttingDown,

    /// <summary>The grain's activation failed.</summary>
    ActivationFailed,

    /// <summary>The activation was idle for longer than its age limit.</summary>
    ActivationIdle,

    /// <summary>The grain's code failed.</summary>
    ApplicationError,

    /// <summary>The grain asked for it.</summary>
    ApplicationRequested,

    /// <summary>The grain moves to another silo.</summary>
    Migrating,
}

/// <summary>Why an activation ends.</summary>
public readonly struct DeactivationReason(DeactivationReasonCode code, Exception? exception, string text)
{
    /// <summary>The reason as a code.</summary>
    public DeactivationReasonCode ReasonCode { get; } = code;

    /// <summary>The reason in words.</summary>
    public string Description { get; } = text;

    /// <summary>The error that led to it.</summary>
    public Exception? Exception { get; } = exception;
}
