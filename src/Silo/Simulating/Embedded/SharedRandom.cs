namespace KVCluster.Silo.Simulating;

/// <summary>Seeded random numbers for several threads.</summary>
internal sealed class SharedRandom(int seed) : Random(seed)
{
    private readonly Lock _gate = new();

    /// <inheritdoc/>
    public override int Next(int maxValue)
    {
        lock (_gate)
        {
            return base.Next(maxValue);
        }
    }
}
