namespace KVCluster.Compression.Pressure;

/// <summary>What brought acts about.</summary>
/// <param name="Kind">Which rule.</param>
/// <param name="UsedBytes">Bytes held.</param>
/// <param name="WaitingBytes">Bytes that turns waited for.</param>
/// <param name="LimitBytes">Bytes the device might hold.</param>
public sealed record PressureCause(PressureCauseKind Kind, long UsedBytes, long WaitingBytes, long LimitBytes)
{
    /// <inheritdoc/>
    public override string ToString() => Kind switch
    {
        PressureCauseKind.HighWatermark => $"{UsedBytes} of {LimitBytes} bytes held, above the high watermark",
        PressureCauseKind.StillAboveLow => $"{UsedBytes} of {LimitBytes} bytes held, not yet down to the low watermark",
        _ => $"turns wait for {WaitingBytes} bytes, {UsedBytes} of {LimitBytes} held",
    };
}

/// <summary>The rules by which acts begin.</summary>
public enum PressureCauseKind
{
    /// <summary>More is held than the high watermark allows.</summary>
    HighWatermark,

    /// <summary>An earlier rise has not been brought down to the low watermark.</summary>
    StillAboveLow,

    /// <summary>Turns wait for more than is left below the high watermark.</summary>
    WaitingTurns,
}
