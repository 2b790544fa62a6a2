namespace KVCluster.Inference.Models;

/// <summary>A rotary embedding as a model file describes it, whatever its keys are called.</summary>
internal sealed record RopeSettings
{
    /// <summary>"default", "linear", "llama3" or "yarn".</summary>
    public required string Kind { get; init; }

    /// <summary>Base of the frequencies.</summary>
    public required double Theta { get; init; }

    /// <summary>How many times the context was stretched.</summary>
    public double Factor { get; init; } = 1;

    /// <summary>Context length before stretching (llama3, yarn).</summary>
    public double OriginalContext { get; init; }

    /// <summary>llama3: turns within the original context up to which a frequency is scaled in full.</summary>
    public double LowFrequencyFactor { get; init; } = 1;

    /// <summary>llama3: turns from which a frequency is left alone.</summary>
    public double HighFrequencyFactor { get; init; } = 4;

    /// <summary>yarn: turns from which a frequency is left alone.</summary>
    public double BetaFast { get; init; } = 32;

    /// <summary>yarn: turns up to which a frequency is scaled in full.</summary>
    public double BetaSlow { get; init; } = 1;

    /// <summary>yarn: the ends of the ramp are rounded to whole dimensions.</summary>
    public bool TruncateRamp { get; init; } = true;

    /// <summary>yarn: factor on cos and sin; null = 0.1 ln(factor) + 1.</summary>
    public double? AttentionFactor { get; init; }
}
