using KVCluster.Storage;
using KVCluster.Worker.Serving.Pressure;

namespace KVCluster.Worker.Serving.Telemetry;

/// <summary>What a device did, counted by its thread: plain additions, no lock, nothing that takes time from a step. Read by any thread.</summary>
internal sealed class ActivityCounts
{
    private readonly AttachTotal[] _attached = new AttachTotal[Enum.GetValues<AttachSource>().Length];
    private readonly long[] _misses = new long[Enum.GetValues<MissCause>().Length];
    private readonly long[] _turns = new long[Enum.GetValues<TurnEnding>().Length];
    private readonly DurationCounter _firstToken = new();
    private readonly DurationCounter _perToken = new();
    private readonly DurationCounter _queue = new();
    private long _promptTokens;
    private long _generatedTokens;
    private long _putBack;
    private LeaveTotal _dropped;
    private LeaveTotal _saved;

    public void Computed(int promptTokens) => _promptTokens += promptTokens;

    public void Generated() => _generatedTokens++;

    /// <summary>A turn's history is in its cache.</summary>
    public void Attached(AttachReport report)
    {
        ref AttachTotal total = ref _attached[(int)report.Source];
        total = new AttachTotal(
            total.Count + 1,
            total.CachedTokens + report.CachedTokens,
            total.RecomputedTokens + report.RecomputedTokens,
            total.LoadedBytes + report.LoadedBytes,
            total.PredictedSeconds + report.PredictedSeconds,
            total.Seconds + report.Seconds);
        if (report.Miss is { } miss)
        {
            _misses[(int)miss]++;
        }
    }

    public void Made(TurnEnd end)
    {
        _turns[(int)TurnEnding.Made]++;
        _queue.Add(end.QueueSeconds);
        int tokens = end.Completion?.Tokens.Count ?? 0;
        if (tokens > 0 && end.FirstTokenSeconds > 0)
        {
            _firstToken.Add(end.FirstTokenSeconds);
        }

        if (tokens > 1)
        {
            _perToken.Add(PerTokenSeconds(end), tokens - 1);
        }
    }

    public void Ended(TurnEnding outcome) => _turns[(int)outcome]++;

    public void PutBack() => _putBack++;

    public void Left(long bytes, bool saved)
    {
        if (saved)
        {
            _saved = new LeaveTotal(_saved.Count + 1, _saved.Bytes + bytes);
        }
        else
        {
            _dropped = new LeaveTotal(_dropped.Count + 1, _dropped.Bytes + bytes);
        }
    }

    /// <param name="cuts">Compressions of all causes, which the log of events counts.</param>
    public DeviceActivity Snapshot(ReliefTotal cuts) => new()
    {
        PromptTokens = _promptTokens,
        GeneratedTokens = _generatedTokens,
        Attached = (AttachTotal[])_attached.Clone(),
        Misses = (long[])_misses.Clone(),
        Turns = (long[])_turns.Clone(),
        PutBack = _putBack,
        Dropped = _dropped,
        Saved = _saved,
        Compressions = cuts.Count,
        CompressionFreedBytes = cuts.FreedBytes,
        CompressionDroppedMass = cuts.DroppedMass,
        FirstToken = _firstToken.Snapshot(),
        PerToken = _perToken.Snapshot(),
        Queue = _queue.Snapshot(),
    };

    /// <summary>Mean seconds between the tokens of an answer of two or more.</summary>
    public static double PerTokenSeconds(TurnEnd end) => (end.Seconds - end.FirstTokenSeconds) / (end.Completion!.Tokens.Count - 1);
}
