namespace KVCluster.Silo.Tests;

/// <summary>A monotonic clock that a test moves.</summary>
internal sealed class ManualTime : TimeProvider
{
    public TimeSpan Passed { get; set; }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Passed.Ticks;
}
