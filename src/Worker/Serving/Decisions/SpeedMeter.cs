namespace KVCluster.Worker.Serving.Decisions;

/// <summary>Speeds as measured, averaged exponentially over the seconds they took: what happened longer ago counts less.</summary>
internal sealed class SpeedMeter
{
    private readonly Average _prefill = new();
    private readonly Average _decode = new();
    private readonly Average _load = new();
    private readonly Average _save = new();

    /// <summary>Prompt tokens a second; 0 before the first.</summary>
    public double PrefillTokensPerSecond => _prefill.Value;

    /// <summary>Generated tokens a second of all turns together; 0 before the first.</summary>
    public double DecodeTokensPerSecond => _decode.Value;

    /// <summary>Bytes a second of loads; 0 before the first.</summary>
    public double LoadBytesPerSecond => _load.Value;

    /// <summary>Bytes of caches a second that saves of whole caches took; 0 before the first.</summary>
    public double SaveBytesPerSecond => _save.Value;

    /// <summary>Counts a step. The time of a mixed one is shared out by what decoding alone was seen to take.</summary>
    public void Step(int promptRows, int decodeRows, double seconds)
    {
        if (promptRows == 0)
        {
            _decode.Add(decodeRows, seconds);
            return;
        }

        // Decode rows ride along with a prompt for little: half the step is the most that may be put down to them.
        double decoding = _decode.Value > 0 ? Math.Min(decodeRows / _decode.Value, seconds / 2) : 0;
        _prefill.Add(promptRows, seconds - decoding);
    }

    /// <summary>Counts a load.</summary>
    public void Load(long bytes, double seconds) => _load.Add(bytes, seconds);

    /// <summary>
    /// Counts a save that was published: the part of the cache that was written. What the copy before it had already is not written again, and a
    /// save of little but fixed costs says nothing of how long a whole cache takes.
    /// </summary>
    /// <param name="cacheBytes">Bytes of the cache.</param>
    /// <param name="written">Bytes written of its copy.</param>
    /// <param name="stored">Bytes of the whole copy.</param>
    /// <param name="seconds">How long it took.</param>
    public void Save(long cacheBytes, long written, long stored, double seconds)
    {
        if (stored > 0 && written >= stored / 2)
        {
            _save.Add(cacheBytes * Math.Min(1, (double)written / stored), seconds);
        }
    }

    private sealed class Average
    {
        private const double MemorySeconds = 3;
        private double _amount;
        private double _seconds;
        private double _value;

        // Read by other threads.
        public double Value => Volatile.Read(ref _value);

        public void Add(double amount, double seconds)
        {
            if (amount <= 0 || !(seconds > 0))
            {
                return;
            }

            double kept = Math.Exp(-seconds / MemorySeconds);
            _amount = (_amount * kept) + amount;
            _seconds = (_seconds * kept) + seconds;
            Volatile.Write(ref _value, _amount / _seconds);
        }
    }
}
