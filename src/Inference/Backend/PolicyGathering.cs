using KVCluster.Compression;
using KVCluster.Compression.Policies;
using KVCluster.Inference.Kv;

namespace KVCluster.Inference.Backend;

/// <summary>
/// What a policy's <see cref="ScoreRequest"/> names, being gathered piece by piece: first the history pass, then the scoring pass, last what
/// takes no pass. The cache must not change before <see cref="Step"/> has returned false. Disposal drops what is under way; the cache is
/// unchanged whatever happens.
/// </summary>
public sealed class PolicyGathering : IDisposable
{
    private readonly IInferenceBackend _backend;
    private readonly KvCache _cache;
    private readonly ScoreRequest _request;
    private readonly PolicyContext _context;
    private IHistoryPass? _history;
    private IScoringPass? _scoring;
    private AttentionScores? _attention;
    private AttentionScores? _mean;
    private QueryStatistics? _statistics;
    private GatheredInput? _result;
    private Stage _stage = Stage.History;
    private long _workingBytes;

    internal PolicyGathering(IInferenceBackend backend, KvCache cache, ScoreRequest request, PolicyContext context)
    {
        _backend = backend;
        _cache = cache;
        _request = request;
        _context = context;
    }

    private enum Stage
    {
        History,
        Scoring,
        Rest,
        Done,
    }

    /// <summary>Share of the pass under way, 0 to 1.</summary>
    public double Progress => _stage switch
    {
        Stage.History => _history?.Progress ?? 0,
        Stage.Scoring => _scoring?.Progress ?? (NeedsScoring ? 0 : 1),
        _ => 1,
    };

    /// <summary>Bytes the pass under way holds.</summary>
    public long WorkingBytes => _history?.WorkingBytes ?? _scoring?.WorkingBytes ?? 0;

    /// <summary>What was gathered; valid once <see cref="Step"/> has returned false.</summary>
    public GatheredInput Result => _result ?? throw new InvalidOperationException("the gathering has not ended");

    private bool NeedsScoring => _attention is null && _request.Attention is not null;

    /// <summary>Does one bounded piece; false when there is nothing left.</summary>
    /// <exception cref="InputException">The context lacks what the policy asks for.</exception>
    public bool Step()
    {
        switch (_stage)
        {
            case Stage.History:
                StepHistory();
                break;
            case Stage.Scoring:
                StepScoring();
                break;
            case Stage.Rest:
                _result = new GatheredInput(Rest(), _workingBytes);
                _stage = Stage.Done;
                break;
        }

        return _stage != Stage.Done;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _history?.Dispose();
        _scoring?.Dispose();
        _history = null;
        _scoring = null;
    }

    private void StepHistory()
    {
        _history ??= BeginHistory();
        if (_history is null)
        {
            _stage = Stage.Scoring;
            return;
        }

        bool more = _history.Step();
        _workingBytes = Math.Max(_workingBytes, _history.WorkingBytes);
        if (!more)
        {
            _attention ??= _history.Attention;
            _mean = _history.MeanAttention;
            _statistics = _history.Statistics;
            _history.Dispose();
            _history = null;
            _stage = Stage.Scoring;
        }
    }

    private void StepScoring()
    {
        if (_scoring is null)
        {
            if (!NeedsScoring)
            {
                _stage = Stage.Rest;
                return;
            }

            AttentionRequest wanted = _request.Attention!;
            if (wanted.Source == AttentionSource.Observed)
            {
                _attention = Observed(wanted);
                _stage = Stage.Rest;
                return;
            }

            _scoring = _backend.BeginScoring(ScoringOf(wanted));
        }

        bool more = _scoring.Step();
        _workingBytes = Math.Max(_workingBytes, _scoring.WorkingBytes);
        if (!more)
        {
            _attention = _scoring.Result;
            _scoring.Dispose();
            _scoring = null;
            _stage = Stage.Rest;
        }
    }

    private PolicyInput Rest() => new(CacheShapes.Of(_cache))
    {
        Attention = _attention,
        MeanAttention = _mean,
        QueryStatistics = _statistics,
        ValueNorms = _request.ValueNorms ? _backend.ValueNorms(_cache) : null,
        ProjectedValueNorms = _request.ProjectedValueNorms is { } norm ? _backend.ProjectedValueNorms(_cache, norm) : null,
        SlotNorms = _request.SlotNorms is { } named ? _backend.SlotNorms(_cache, named) : null,
        Vectors = _request.Vectors ? new CacheVectors(_backend, _cache) : null,
        TokenKinds = _request.TokenKinds ? (ReadOnlyMemory<TokenKind>)TokenKinds() : (ReadOnlyMemory<TokenKind>?)null,
        Calibration = _request.Calibration ? _context.Calibration : null,
    };

    private IHistoryPass? BeginHistory()
    {
        AttentionRequest? window = _request.Attention is { Source: AttentionSource.Window } attention ? attention : null;
        if (window is { OrObserved: true } && ObservedHistory(window) is { } observed)
        {
            _attention = observed;
            window = null;
        }

        if (window is null && _request.QueryStatistics is null)
        {
            return null;
        }

        int all = _cache.LogicalLength;
        int tokens = _request.QueryStatistics is not null || window!.Window == 0 ? all : Math.Min(window.Window, all);
        return _backend.BeginHistory(new HistoryRequest(_cache, _context.History[^tokens..])
        {
            Attention = window is null ? null : new HistoryAttention(window.Aggregation, window.Weighting)
            {
                Window = window.Window,
                SmoothingKernel = window.SmoothingKernel,
                WithMean = window.WithMean,
            },
            Statistics = _request.QueryStatistics,
            ChunkTokens = _context.ChunkTokens,
        });
    }

    private ScoringRequest ScoringOf(AttentionRequest wanted) => wanted.Source switch
    {
        AttentionSource.Replay => new ScoringRequest(_cache, Replay(wanted.ReplayTokens), wanted.Aggregation, _context.ChunkTokens),
        AttentionSource.Task when _context.TaskPrompts.Count == 0 =>
            throw new InputException("the policy scores by a task, but no task prompt was given"),
        AttentionSource.Task => new ScoringRequest(_cache, _context.TaskPrompts, wanted.Aggregation, _context.ChunkTokens),
        AttentionSource.Reconstruction => Reconstruction(wanted),
        _ => throw new InputException($"no backend gathers {wanted.Source} attention"),
    };

    private ReadOnlyMemory<int>[] Replay(int tokens)
    {
        int all = _context.History.Length;
        int length = tokens == 0 ? all : tokens;
        return
        [
            .. Enumerable.Range(0, (all + length - 1) / length)
                .Select(i => _context.History[(i * length)..Math.Min(all, (i + 1) * length)]),
        ];
    }

    private ScoringRequest Reconstruction(AttentionRequest wanted)
    {
        ReconstructionOptions options = wanted.Reconstruction
            ?? throw new ArgumentException("reconstruction without its options", nameof(wanted));
        ReconstructionPrompts prompts = _context.Reconstruction
            ?? throw new InputException("the policy has the model repeat its context, but no prompt to ask for that was given");
        RequirePositions();
        List<ReadOnlyMemory<int>> replays = [];
        List<ScoredRange> ranges = [];
        int skip = Math.Clamp(prompts.Skip, 0, _context.History.Length - 1);
        for (int begin = skip; begin < _context.History.Length; begin += options.ChunkTokens)
        {
            int end = Math.Min(begin + options.ChunkTokens, _context.History.Length);
            ReadOnlyMemory<int> postfix = begin == skip ? default : _context.History[Math.Max(0, begin - options.PostfixTokens)..begin];
            replays.Add((int[])
            [
                .. (begin == skip ? prompts.First : prompts.Later).Span,
                .. postfix.Span,
                .. prompts.Suffix.Span,
                .. _context.History[begin..end].Span,
            ]);
            ranges.Add(new ScoredRange(begin, end));
        }

        return new ScoringRequest(_cache, replays, wanted.Aggregation, _context.ChunkTokens)
        {
            Ranges = ranges,
            Weighting = wanted.Weighting,
            SubsampleSinks = options.Subsample ? options.SubsampleSinks : null,
        };
    }

    /// <summary>The attention of the last queries, or of all, as a pass over them would give; null where the cache did not observe just these.</summary>
    private AttentionScores? ObservedHistory(AttentionRequest wanted)
    {
        if (_context.Observation != ObservationOptions.InPlaceOf(wanted) || _backend.Observed(_cache) is not { } observed)
        {
            return null;
        }

        CacheShape shape = CacheShapes.Of(_cache);
        int queries = wanted.Window == 0 ? shape.LogicalLength : wanted.Window;
        for (int i = 0; i < observed.Layers * observed.Heads && wanted.Aggregation == QueryAggregation.Mean; i++)
        {
            int layer = i / observed.Heads;
            int head = i % observed.Heads;
            Span<float> row = observed.Row(layer, head);
            for (int slot = 0; slot < row.Length; slot++)
            {
                // Observed is the mean over those that could see the slot.
                row[slot] *= (float)Math.Min(queries, shape.LogicalLength - shape.Position(layer, head, slot)) / queries;
            }
        }

        return observed;
    }

    private AttentionScores Observed(AttentionRequest wanted)
    {
        AttentionScores? observed = _backend.Observed(_cache);
        if (observed is null || _context.Observation is not { } options)
        {
            throw new InputException("the policy scores by observed attention, but the conversation was opened without observation");
        }

        // A request that names no window takes what there is.
        bool fits = wanted.Aggregation == options.Aggregation && (wanted.Window == 0 || wanted.Window == options.Window);
        return fits
            ? observed
            : throw new InputException(
                $"the policy asks for the {wanted.Aggregation} of observed attention over a window of {wanted.Window} (0: any), "
                + $"but the conversation gathers the {options.Aggregation} over {options.Window}");
    }

    // After positions were closed up, nobody knows any more which token a position was.
    private void RequirePositions()
    {
        if (_context.History.Length != _cache.LogicalLength)
        {
            throw new InputException("the policy needs each slot's token, but the conversation's positions were closed up before");
        }
    }

    private TokenKind[] TokenKinds()
    {
        Func<int, TokenKind> kindOf = _context.KindOf
            ?? throw new InputException("the policy treats special tokens and punctuation apart, but nobody said which tokens those are");
        RequirePositions();
        var kinds = new TokenKind[_context.History.Length];
        for (int i = 0; i < kinds.Length; i++)
        {
            kinds[i] = kindOf(_context.History.Span[i]);
        }

        return kinds;
    }
}
