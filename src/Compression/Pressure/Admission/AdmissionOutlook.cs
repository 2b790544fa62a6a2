namespace KVCluster.Compression.Pressure.Admission;

/// <summary>What will come free, and when: so that a refused turn is told when to come again.</summary>
public sealed record AdmissionOutlook
{
    /// <summary>Nothing runs and nothing comes free.</summary>
    public static AdmissionOutlook Nothing { get; } = new();

    /// <summary>Bytes that are free; below 0 where more is held than may be.</summary>
    public long FreeBytes { get; init; }

    /// <summary>Turns that run, in any order.</summary>
    public IReadOnlyList<RunningTurn> Running { get; init; } = [];

    /// <summary>Turns that wait and go first, in their order.</summary>
    public IReadOnlyList<QueuedTurn> Ahead { get; init; } = [];

    /// <summary>Bytes that can be compressed or moved away besides, without waiting for a turn to end.</summary>
    public long ReclaimableBytes { get; init; }

    /// <summary>How fast they come free, bytes a second.</summary>
    public double ReclaimBytesPerSecond { get; init; }

    /// <summary>A turn that wants more than there will ever be starts with what there is (it is cut as it goes); else it never starts.</summary>
    public bool StartsWithLess { get; init; }

    /// <summary>
    /// Seconds until a turn that wants so many bytes can start: turns ahead start one after the other, each at the least t with
    /// <c>free + min(reclaimable, speed * t) + bytes of turns that ended by t - bytes of turns that started &gt;= its bytes</c>, and give
    /// their bytes back when they end; then this one. Null where that never comes.
    /// </summary>
    public double? SecondsUntil(long wanted)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(wanted);
        var queue = new Timeline(this);
        foreach (QueuedTurn turn in Ahead)
        {
            if (!queue.Start(turn.Bytes, turn.Seconds))
            {
                return null;
            }
        }

        return queue.Start(wanted, 0) ? queue.Now : null;
    }

    /// <summary>The same as whole seconds, at least one, as HTTP's Retry-After has it.</summary>
    public TimeSpan? RetryAfter(long wanted) =>
        SecondsUntil(wanted) is { } seconds ? TimeSpan.FromSeconds(Math.Max(1, Math.Ceiling(Math.Min(seconds, int.MaxValue)))) : null;

    /// <summary>Turns that start one after the other, and the ends that let them.</summary>
    private sealed class Timeline
    {
        private readonly AdmissionOutlook _outlook;
        private readonly PriorityQueue<long, double> _ends = new();
        private readonly long _most;
        private double _left;

        public Timeline(AdmissionOutlook outlook)
        {
            _outlook = outlook;
            _left = outlook.FreeBytes;
            foreach (RunningTurn turn in outlook.Running)
            {
                _ends.Enqueue(turn.Bytes, turn.SecondsLeft);
            }

            _most = Math.Max(0, outlook.FreeBytes + outlook.ReclaimableBytes + outlook.Running.Sum(turn => turn.Bytes));
        }

        /// <summary>When the last one started.</summary>
        public double Now { get; private set; }

        public bool Start(long wanted, double seconds)
        {
            long bytes = _outlook.StartsWithLess ? Math.Min(wanted, _most) : wanted;
            double? early = Reclaimed(bytes - _left);
            while (_ends.TryPeek(out long ended, out double end) && !(early <= Math.Max(Now, end)))
            {
                _ends.Dequeue();
                _left += ended;
                Now = Math.Max(Now, end);
                early = Reclaimed(bytes - _left);
            }

            if (early is not { } at)
            {
                return false;
            }

            Now = Math.Max(Now, at);
            _left -= bytes;
            _ends.Enqueue(bytes, Now + seconds);
            return true;
        }

        // Seconds from the beginning until that much is reclaimed; null where it is never.
        private double? Reclaimed(double bytes) => bytes <= 0 ? 0
            : bytes <= _outlook.ReclaimableBytes && _outlook.ReclaimBytesPerSecond > 0 ? bytes / _outlook.ReclaimBytesPerSecond
            : null;
    }
}
