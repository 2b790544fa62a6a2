using System.Diagnostics;
using KVCluster.Compression;
using KVCluster.Compression.Budgets;
using KVCluster.Compression.Policies;
using KVCluster.Inference.Backend;
using KVCluster.Inference.Kv;

namespace KVCluster.Worker;

/// <summary>
/// One compression of one cache in bounded pieces, so that other work may run on the backend in between: for each stage the scores step by
/// step, then plan and application in one. The cache must not change meanwhile. Dropped between two steps, the cache is as the last stage
/// applied left it.
/// </summary>
internal sealed class CompressionPass : IDisposable
{
    private readonly Compressor _compressor;
    private readonly KvCache _cache;
    private readonly CompressionRequest _request;
    private readonly RetentionBudget[] _budgets;
    private readonly long _bytes;
    private readonly long _free;
    private PolicyGathering? _gathering;
    private GatheredInput? _gathered;
    private Stage _whole = new(null, 0, 0, 0, 0, 0);
    private double _scoringSeconds;
    private int _stage;

    public CompressionPass(Compressor compressor, KvCache cache, CompressionRequest request)
    {
        _compressor = compressor;
        _cache = cache;
        _request = request;
        _bytes = cache.Bytes;
        _free = FreeBytes();
        int stages = request.Input is null ? (request.Policy as IStagedPolicy)?.Stages ?? 1 : 1;
        _budgets = StageBudgets.Of(request.Budget, CacheShapes.Of(cache), stages);
        _gathered = request.Input is null ? null : Checked(request.Input);
    }

    /// <summary>Share of the scoring under way, 0 to 1.</summary>
    public double Progress => _gathering?.Progress ?? (_gathered is null ? 0 : 1);

    /// <summary>Stages applied.</summary>
    public int Applied => _stage;

    /// <summary>What it did; valid once <see cref="Step"/> has returned false.</summary>
    public CompressionReport Report => new()
    {
        Policy = _request.Policy.Name,
        Ratio = _request.Budget.Ratio,
        Summary = _whole.Summary ?? throw new InvalidOperationException("the compression has not ended"),
        DroppedMass = _whole.DroppedMass,
        BytesBefore = _bytes,
        BytesAfter = _cache.Bytes,
        FreedBytes = FreeBytes() - _free,
        LogicalLength = _cache.LogicalLength,
        ScoringBytes = _whole.ScoringBytes,
        ScoringSeconds = _whole.ScoringSeconds,
        PlanSeconds = _whole.PlanSeconds,
        ApplySeconds = _whole.ApplySeconds,
    };

    /// <summary>Does one bounded piece; false when there is nothing left.</summary>
    public bool Step()
    {
        if (_gathered is null)
        {
            Gather();
            return true;
        }

        _whole = _whole.Then(Apply(_gathered));
        _gathered = null;
        _scoringSeconds = 0;
        return ++_stage < _budgets.Length;
    }

    public void Dispose() => _gathering?.Dispose();

    private void Gather()
    {
        long start = Stopwatch.GetTimestamp();
        _gathering ??= _compressor.Begin(_request.Policy);
        if (!_gathering.Step())
        {
            _gathered = _gathering.Result;
            _gathering.Dispose();
            _gathering = null;
        }

        _scoringSeconds += Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private Stage Apply(GatheredInput gathered)
    {
        long start = Stopwatch.GetTimestamp();
        RetentionPlan plan = _request.Policy.Plan(gathered.Input, _budgets[_stage]);
        RetentionSummary summary = RetentionSummary.Of(plan, gathered.Input.Shape, gathered.Input.Attention);
        double planning = Stopwatch.GetElapsedTime(start).TotalSeconds;
        start = Stopwatch.GetTimestamp();
        PlanApplication.Apply(_compressor.Backend, _cache, plan);
        double applying = Stopwatch.GetElapsedTime(start).TotalSeconds;
        return new Stage(summary, summary.DroppedMass, gathered.WorkingBytes, _scoringSeconds, planning, applying);
    }

    /// <summary>Scores of another cache would keep slots at random.</summary>
    private GatheredInput Checked(GatheredInput given)
    {
        CacheShape scored = given.Input.Shape;
        CacheShape present = CacheShapes.Of(_cache);
        return scored.TotalSlots == present.TotalSlots && scored.LogicalLength == present.LogicalLength
            ? given
            : throw new ArgumentException("the scores were made for another cache", nameof(given));
    }

    private long FreeBytes() => _cache.Pool.Ledger.Snapshot().FreeBytes;

    /// <summary>One stage's summary and costs. The last summary stands for the whole, costs add up, what each stage leaves multiplies.</summary>
    private sealed record Stage(
        RetentionSummary? Summary, double? DroppedMass, long ScoringBytes, double ScoringSeconds, double PlanSeconds, double ApplySeconds)
    {
        public Stage Then(Stage next) => new(
            next.Summary,
            1 - ((1 - DroppedMass) * (1 - next.DroppedMass)),
            Math.Max(ScoringBytes, next.ScoringBytes),
            ScoringSeconds + next.ScoringSeconds,
            PlanSeconds + next.PlanSeconds,
            ApplySeconds + next.ApplySeconds);
    }
}
