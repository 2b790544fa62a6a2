namespace KVCluster.Worker.Serving.Decisions;

/// <summary>Ways to come by the cache of a history.</summary>
internal enum AttachWay
{
    /// <summary>Go on from what is in the arena; nothing of it, where nothing is.</summary>
    Resident,

    /// <summary>Load the cold copy.</summary>
    Load,
}

/// <summary>Speeds a choice rests on: measured ones, or assumptions before the first measurement.</summary>
/// <param name="PrefillTokensPerSecond">Of computing.</param>
/// <param name="LoadBytesPerSecond">Of reading cold copies.</param>
internal readonly record struct AttachSpeeds(double PrefillTokensPerSecond, double LoadBytesPerSecond);

/// <summary>
/// Load or compute, whichever is expected to be ready sooner; computing where they tie, as it needs nothing from outside.
/// </summary>
/// <param name="Way">The way.</param>
/// <param name="Seconds">Expected until the whole history is in the cache.</param>
internal readonly record struct AttachChoice(AttachWay Way, double Seconds)
{
    /// <summary>Chooses.</summary>
    /// <param name="history">Tokens of the history.</param>
    /// <param name="resident">How many of them are in the arena.</param>
    /// <param name="coldTokens">How many of them the cold copy stands for; 0: there is none.</param>
    /// <param name="coldBytes">What has to be read for them.</param>
    /// <param name="speeds">Both speeds, above 0.</param>
    public static AttachChoice Of(int history, int resident, int coldTokens, long coldBytes, AttachSpeeds speeds)
    {
        double compute = (history - resident) / speeds.PrefillTokensPerSecond;
        if (coldTokens <= resident)
        {
            return new(AttachWay.Resident, compute);
        }

        double load = (coldBytes / speeds.LoadBytesPerSecond) + ((history - coldTokens) / speeds.PrefillTokensPerSecond);
        return load < compute ? new(AttachWay.Load, load) : new(AttachWay.Resident, compute);
    }
}
