namespace KVCluster.Worker.Calibration;

/// <summary>Random numbers that are the same for a seed on every machine (SplitMix64, Steele et al., 2014).</summary>
internal sealed class SeededRandom(ulong seed)
{
    private ulong _state = seed;

    /// <summary>A number from 0 up to, not including, the bound.</summary>
    public int Next(int bound)
    {
        _state += 0x9E3779B97F4A7C15;
        ulong mixed = _state;
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
        mixed ^= mixed >> 31;
        return (int)Math.BigMul(mixed, (ulong)bound, out _);
    }

    /// <summary>One of a few.</summary>
    public T Pick<T>(T[] items) => items[Next(items.Length)];
}
