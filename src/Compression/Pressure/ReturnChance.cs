namespace KVCluster.Compression.Pressure;

/// <summary>
/// The chance that an idle session gets another turn within a horizon. A conversation either is over or goes on, and one that goes on has
/// turns at a steady rate that nobody knows: a gamma prior on the rate, updated by its past gaps, gives
/// <code>
/// a = 1 + gaps          b = PriorGap + sum of gaps          (seconds)
/// S(t)  = (b / (b + t))^a                                   still silent after t, if it goes on
/// alive = (1 - Over) S(t) / (Over + (1 - Over) S(t))        it goes on, given the silence
/// p(t)  = alive * (1 - ((b + t) / (b + t + Horizon))^a)
/// </code>
/// Both factors fall as t grows. (The family of models is that of customer activity: Schmittlein, Morrison, Colombo 1987.)
/// </summary>
public sealed record ReturnChance
{
    /// <summary>The gap expected of a session of which nothing is known, seconds.</summary>
    public double PriorGap { get; init; } = 60;

    /// <summary>The chance, in (0, 1), that a conversation is over after any turn.</summary>
    public double Over { get; init; } = 0.1;

    /// <summary>How far ahead a return counts, seconds.</summary>
    public double Horizon { get; init; } = 600;

    /// <summary>Only so many of the last gaps count, so that habits may change.</summary>
    public int Memory { get; init; } = 8;

    /// <summary>
    /// The chance, in [0, 1]; not increasing in <paramref name="idleSeconds"/>. A clock that went back counts as no time idle.
    /// </summary>
    /// <param name="idleSeconds">Seconds since the last turn ended.</param>
    /// <param name="gapSeconds">Seconds between the end of each turn and the start of the next, oldest first; may be empty.</param>
    public double Of(double idleSeconds, ReadOnlySpan<double> gapSeconds)
    {
        Validate();
        double idle = Math.Max(0, idleSeconds);
        double shape = 1;
        double scale = PriorGap;
        foreach (double gap in gapSeconds[Math.Max(0, gapSeconds.Length - Memory)..])
        {
            shape++;
            scale += Math.Max(0, gap);
        }

        double silent = Math.Pow(scale / (scale + idle), shape);
        double goesOn = (1 - Over) * silent;
        double alive = goesOn / (Over + goesOn);
        return alive * (1 - Math.Pow((scale + idle) / (scale + idle + Horizon), shape));
    }

    /// <summary>Throws <see cref="PolicyException"/> naming the value that is out of range.</summary>
    public void Validate()
    {
        if (!(PriorGap > 0 && double.IsFinite(PriorGap)) || !(Horizon > 0 && double.IsFinite(Horizon)))
        {
            throw new PolicyException($"prior gap {PriorGap}, horizon {Horizon}: seconds, above 0");
        }

        if (!(Over > 0 && Over < 1))
        {
            throw new PolicyException($"chance of being over {Over}: it lies in (0, 1)");
        }

        if (Memory < 0)
        {
            throw new PolicyException($"memory {Memory}: a number of gaps, not negative");
        }
    }
}
