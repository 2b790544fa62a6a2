namespace KVCluster.Compression.Pressure;

/// <summary>When a device acts and how it weighs what an act costs.</summary>
public sealed record PressureOptions
{
    /// <summary>The share of the limit above which acts begin.</summary>
    public double HighWatermark { get; init; } = 0.85;

    /// <summary>The share of the limit at which they stop.</summary>
    public double LowWatermark { get; init; } = 0.70;

    /// <summary>
    /// What brings mass and seconds to one scale: losing all attention mass of a session is as bad as letting its user wait this many
    /// seconds at the next turn. 30: one percent of the mass is worth 0.3 seconds.
    /// </summary>
    public double SecondsPerMass { get; init; } = 30;

    /// <summary>How much dearer it is to cut a session that is active than one that is idle; at least 1.</summary>
    public double ActiveFactor { get; init; } = 2;

    /// <summary>
    /// How much dearer it is to cut by scores that were merely observed as the conversation went than by those of a replay; at least 1. What
    /// the last queries looked at says less of what the next will.
    /// </summary>
    public double ObservedFactor { get; init; } = 4;

    /// <summary>
    /// The part of its attention mass that a session with merely observed scores is taken to have spread evenly over its entries, as if each
    /// were as likely to be asked for next: a fact nobody has asked for yet has been looked at by nobody. In [0, 1].
    /// </summary>
    public double ObservedDoubt { get; init; } = 0.1;

    /// <summary>
    /// The least share of its bytes that a cut takes from a session, unless nothing more can be had: a session that is cut is no longer exact,
    /// and that is not worth a page or two. In [0, 1).
    /// </summary>
    public double LeastCut { get; init; } = 0.05;

    /// <summary>Throws <see cref="PolicyException"/> naming the value that is out of range.</summary>
    public void Validate()
    {
        if (!(HighWatermark > 0 && HighWatermark <= 1))
        {
            throw new PolicyException($"high watermark {HighWatermark}: a share of the limit, in (0, 1]");
        }

        if (!(LowWatermark >= 0 && LowWatermark < HighWatermark))
        {
            throw new PolicyException($"low watermark {LowWatermark}: not negative and below the high one, {HighWatermark}");
        }

        if (!(SecondsPerMass > 0 && double.IsFinite(SecondsPerMass)))
        {
            throw new PolicyException($"seconds per mass {SecondsPerMass}: above 0");
        }

        if (!(LeastCut >= 0 && LeastCut < 1))
        {
            throw new PolicyException($"least cut {LeastCut}: a share of a session's bytes, in [0, 1)");
        }

        if (!(ObservedFactor >= 1 && double.IsFinite(ObservedFactor)))
        {
            throw new PolicyException($"observed factor {ObservedFactor}: at least 1");
        }

        if (!(ObservedDoubt >= 0 && ObservedDoubt <= 1))
        {
            throw new PolicyException($"observed doubt {ObservedDoubt}: a share of a session's mass, in [0, 1]");
        }

        if (!(ActiveFactor >= 1 && double.IsFinite(ActiveFactor)))
        {
            throw new PolicyException($"active factor {ActiveFactor}: at least 1");
        }
    }
}
