using KVCluster.Compression.Policies;
using KVCluster.Inference;
using KVCluster.Inference.Backend;
using KVCluster.Worker.Serving.Pressure;

namespace KVCluster.Worker.Serving;

/// <summary>How a device is served.</summary>
public sealed record DeviceWorkerOptions
{
    /// <summary>Timers take no more.</summary>
    private static readonly TimeSpan LongestTimeout = TimeSpan.FromDays(49);

    /// <summary>The node's name: a label of metrics.</summary>
    public string Node { get; init; } = "node-1";

    /// <summary>The device's name within its node.</summary>
    public string Device { get; init; } = "cpu:0";

    /// <summary>Attention gathered as conversations go, for policies that score by what was observed. Null: none.</summary>
    public ObservationOptions? Observe { get; init; } = new();

    /// <summary>Turns that run at once at most: rows of a decoding step.</summary>
    public int MaxRunningTurns { get; init; } = 64;

    /// <summary>Turns that wait at most; one more is refused at once.</summary>
    public int MaxWaitingTurns { get; init; } = 256;

    /// <summary>Turns of one tenant that wait at most; null: as many as of all.</summary>
    public int? MaxWaitingTurnsPerTenant { get; init; }

    /// <summary>Longest wait for room where the turn does not say.</summary>
    public TimeSpan MaxWait { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Most prompt tokens of a step while turns decode: it bounds the delay of their next tokens.</summary>
    public int PrefillChunkTokens { get; init; } = 128;

    /// <summary>Prompt tokens granted to one turn before the next of the same rank has its share.</summary>
    public int FairShareTokens { get; init; } = 128;

    /// <summary>Waiting that counts as one step of priority.</summary>
    public TimeSpan AgingInterval { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long turns that fit may pass by one that does not.</summary>
    public TimeSpan PassingTime { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Answer tokens whose memory is set aside at a time, before they are made.</summary>
    public int AnswerReserveTokens { get; init; } = 256;

    /// <summary>Missing tokens from which on the cold store is asked.</summary>
    public int MinLookupTokens { get; init; } = 64;

    /// <summary>How long a look into the cold store may take before it counts as a miss.</summary>
    public TimeSpan LookupTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long a load or a save may take before it counts as failed.</summary>
    public TimeSpan TransferTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Prefill speed assumed before the first measurement, tokens a second.</summary>
    public double AssumedPrefillTokensPerSecond { get; init; } = 500;

    /// <summary>Load speed assumed before the first measurement, bytes a second.</summary>
    public double AssumedLoadBytesPerSecond { get; init; } = 200e6;

    /// <summary>
    /// What follows a cold copy is computed while the copy is loaded where the load is expected to take at least so long: quick loads are
    /// sooner done alone, since layers run one by one take both processors' turns and a step more.
    /// </summary>
    public TimeSpan OverlapLoadsFrom { get; init; } = TimeSpan.FromMilliseconds(20);

    /// <summary>Save speed assumed before the first measurement, bytes a second.</summary>
    public double AssumedSaveBytesPerSecond { get; init; } = 200e6;

    /// <summary>The policy whose scores are made of idle sessions while the device has nothing else to do. Null: none.</summary>
    public ICompressionPolicy? IdleScores { get; init; } = CompressionPolicies.Parse("kvcompose");

    /// <summary>Most bytes of such scores; the longest unused go first.</summary>
    public long IdleScoreBytes { get; init; } = 256L << 20;

    /// <summary>
    /// How the device acts between watermarks, weighing cuts against leaving. Null: it acts only when a turn finds no room, by
    /// <see cref="Relief"/>, and cuts nothing.
    /// </summary>
    public DevicePressureOptions? Pressure { get; init; }

    /// <summary>Which idle caches go when memory is short, where <see cref="Pressure"/> is null.</summary>
    public IPressureRelief Relief { get; init; } = new LeastRecentlyUsedRelief();

    /// <summary>
    /// Whether sessions' histograms are made on the device's thread, which takes longer and leaves nothing to the order of threads: for
    /// simulations.
    /// </summary>
    internal bool RanksAtOnce { get; init; }

    /// <summary>Slots up to which a cache's scores are ranked on the device's thread when they are wanted: a few milliseconds.</summary>
    internal long SlotsRankedAtOnce { get; init; } = 1 << 19;

    /// <summary>The clock. Decisions rest on its monotonic timestamps only.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Checks every option. Throws <see cref="InputException"/> naming the one out of range.</summary>
    public void Validate()
    {
        Require(!string.IsNullOrWhiteSpace(Device), nameof(Device), "a name");
        Require(MaxRunningTurns >= 1, nameof(MaxRunningTurns), "1 or more");
        Require(MaxWaitingTurns >= 1, nameof(MaxWaitingTurns), "1 or more");
        Require(PrefillChunkTokens >= 1, nameof(PrefillChunkTokens), "1 or more");
        Require(FairShareTokens >= 1, nameof(FairShareTokens), "1 or more");
        Require(AnswerReserveTokens >= 1, nameof(AnswerReserveTokens), "1 or more");
        Require(MinLookupTokens >= 1, nameof(MinLookupTokens), "1 or more");
        Require(MaxWait >= TimeSpan.Zero, nameof(MaxWait), "0 or more");
        Require(AgingInterval > TimeSpan.Zero, nameof(AgingInterval), "above 0");
        Require(PassingTime >= TimeSpan.Zero, nameof(PassingTime), "0 or more");
        RequireTimeout(LookupTimeout, nameof(LookupTimeout));
        RequireTimeout(TransferTimeout, nameof(TransferTimeout));
        Require(AssumedPrefillTokensPerSecond > 0, nameof(AssumedPrefillTokensPerSecond), "above 0");
        Require(AssumedLoadBytesPerSecond > 0, nameof(AssumedLoadBytesPerSecond), "above 0");
        Require(OverlapLoadsFrom >= TimeSpan.Zero, nameof(OverlapLoadsFrom), "0 or more");
        Require(AssumedSaveBytesPerSecond > 0, nameof(AssumedSaveBytesPerSecond), "above 0");
        Require(MaxWaitingTurnsPerTenant is null or >= 1, nameof(MaxWaitingTurnsPerTenant), "1 or more");
        Pressure?.Validate();
        Require(IdleScoreBytes >= 0, nameof(IdleScoreBytes), "0 or more");
    }

    private static void RequireTimeout(TimeSpan timeout, string option) =>
        Require(timeout > TimeSpan.Zero && timeout <= LongestTimeout, option, $"above 0 and at most {LongestTimeout.TotalDays} days");

    private static void Require(bool valid, string option, string range)
    {
        if (!valid)
        {
            throw new InputException($"worker option {option} must be {range}");
        }
    }
}
