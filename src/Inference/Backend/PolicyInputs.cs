using KVCluster.Compression;
using KVCluster.Compression.Policies;
using KVCluster.Inference.Kv;

namespace KVCluster.Inference.Backend;

/// <summary>What was gathered for a policy.</summary>
/// <param name="Input">What the policy plans from. Its vectors read the cache: it must be planned with before the cache changes.</param>
/// <param name="WorkingBytes">Most bytes held while gathering.</param>
public sealed record GatheredInput(PolicyInput Input, long WorkingBytes);

/// <summary>Asks a backend for just what a policy's <see cref="ScoreRequest"/> names.</summary>
public static class PolicyInputs
{
    /// <summary>
    /// Gathers it all. <paramref name="progress"/> is told the share of the pass under way, 0 to 1. Throws <see cref="InputException"/>
    /// where the context lacks what the policy asks for; the cache is unchanged whatever happens.
    /// </summary>
    public static GatheredInput Gather(
        IInferenceBackend backend,
        KvCache cache,
        ScoreRequest request,
        PolicyContext context,
        Action<double>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(backend);
        ArgumentNullException.ThrowIfNull(cache);
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(context);
        if (context.History.Length < cache.LogicalLength)
        {
            throw new ArgumentException($"{context.History.Length} ids of history for a cache of {cache.LogicalLength} tokens", nameof(context));
        }

        if (context.ChunkTokens < 1)
        {
            throw new InputException($"the tokens a step of a scoring pass must be 1 or more, not {context.ChunkTokens}");
        }

        var gathering = new Gathering(backend, cache, context, progress, cancellationToken);
        return new GatheredInput(gathering.Run(request), gathering.WorkingBytes);
    }

    private sealed class Gathering(
        IInferenceBackend backend, KvCache cache, PolicyContext context, Action<double>? progress, CancellationToken cancellationToken)
    {
        public long WorkingBytes { get; private set; }

        public PolicyInput Run(ScoreRequest request)
        {
            (AttentionScores? window, QueryStatistics? statistics) = History(request);
            return new PolicyInput(CacheShapes.Of(cache))
            {
                Attention = request.Attention is { } attention ? window ?? Attention(attention) : null,
                QueryStatistics = statistics,
                ValueNorms = request.ValueNorms ? backend.ValueNorms(cache) : null,
                ProjectedValueNorms = request.ProjectedValueNorms is { } norm ? backend.ProjectedValueNorms(cache, norm) : null,
                Vectors = request.Vectors ? new CacheVectors(backend, cache) : null,
                TokenKinds = request.TokenKinds ? TokenKinds() : null,
                Calibration = request.Calibration ? context.Calibration : null,
            };
        }

        private (AttentionScores? Window, QueryStatistics? Statistics) History(ScoreRequest request)
        {
            AttentionRequest? window = request.Attention is { Source: AttentionSource.Window } attention ? attention : null;
            if (window is { OrObserved: true } && ObservedHistory(window) is { } observed)
            {
                return (observed, request.QueryStatistics is null ? null : History(request with { Attention = null }).Statistics);
            }

            if (window is null && request.QueryStatistics is null)
            {
                return (null, null);
            }

            int all = cache.LogicalLength;
            int tokens = request.QueryStatistics is not null || window!.Window == 0 ? all : Math.Min(window.Window, all);
            using IHistoryPass pass = backend.BeginHistory(new HistoryRequest(cache, context.History[^tokens..])
            {
                Attention = window is null ? null : new HistoryAttention(window.Aggregation, window.Weighting) { Window = window.Window },
                Statistics = request.QueryStatistics,
                ChunkTokens = context.ChunkTokens,
            });
            Drive(pass.Step, () => pass.Progress, () => pass.WorkingBytes);
            return (pass.Attention, pass.Statistics);
        }

        private AttentionScores Attention(AttentionRequest wanted) => wanted.Source switch
        {
            AttentionSource.Observed => Observed(wanted),
            AttentionSource.Replay => Score(new ScoringRequest(cache, Replay(wanted.ReplayTokens), wanted.Aggregation, context.ChunkTokens)),
            AttentionSource.Task when context.TaskPrompts.Count == 0 =>
                throw new InputException("the policy scores by a task, but no task prompt was given"),
            AttentionSource.Task => Score(new ScoringRequest(cache, context.TaskPrompts, wanted.Aggregation, context.ChunkTokens)),
            AttentionSource.Reconstruction => Score(Reconstruction(wanted)),
            _ => throw new InputException($"no backend gathers {wanted.Source} attention"),
        };

        private AttentionScores Score(ScoringRequest request)
        {
            using IScoringPass pass = backend.BeginScoring(request);
            Drive(pass.Step, () => pass.Progress, () => pass.WorkingBytes);
            return pass.Result;
        }

        private void Drive(Func<bool> step, Func<double> share, Func<long> bytes)
        {
            do
            {
                cancellationToken.ThrowIfCancellationRequested();
                progress?.Invoke(share());
                WorkingBytes = Math.Max(WorkingBytes, bytes());
            }
            while (step());
            WorkingBytes = Math.Max(WorkingBytes, bytes());
            progress?.Invoke(1);
        }

        private ReadOnlyMemory<int>[] Replay(int tokens)
        {
            int all = context.History.Length;
            int length = tokens == 0 ? all : tokens;
            return
            [
                .. Enumerable.Range(0, (all + length - 1) / length)
                    .Select(i => context.History[(i * length)..Math.Min(all, (i + 1) * length)]),
            ];
        }

        private ScoringRequest Reconstruction(AttentionRequest wanted)
        {
            ReconstructionOptions options = wanted.Reconstruction
                ?? throw new ArgumentException("reconstruction without its options", nameof(wanted));
            ReconstructionPrompts prompts = context.Reconstruction
                ?? throw new InputException("the policy has the model repeat its context, but no prompt to ask for that was given");
            RequirePositions();
            List<ReadOnlyMemory<int>> replays = [];
            List<ScoredRange> ranges = [];
            int skip = Math.Clamp(prompts.Skip, 0, context.History.Length - 1);
            for (int begin = skip; begin < context.History.Length; begin += options.ChunkTokens)
            {
                int end = Math.Min(begin + options.ChunkTokens, context.History.Length);
                ReadOnlyMemory<int> postfix = begin == skip ? default : context.History[Math.Max(0, begin - options.PostfixTokens)..begin];
                replays.Add((int[])
                [
                    .. (begin == skip ? prompts.First : prompts.Later).Span,
                    .. postfix.Span,
                    .. prompts.Suffix.Span,
                    .. context.History[begin..end].Span,
                ]);
                ranges.Add(new ScoredRange(begin, end));
            }

            return new ScoringRequest(cache, replays, wanted.Aggregation, context.ChunkTokens)
            {
                Ranges = ranges,
                Weighting = wanted.Weighting,
                SubsampleSinks = options.Subsample ? options.SubsampleSinks : null,
            };
        }

        /// <summary>The mean over all queries of the history, as a pass over it would give; null where the cache did not observe it.</summary>
        private AttentionScores? ObservedHistory(AttentionRequest wanted)
        {
            bool fits = context.Observation == new ObservationOptions(wanted.Aggregation, wanted.Window) && wanted.Window == 0;
            if (!fits || backend.Observed(cache) is not { } observed)
            {
                return null;
            }

            CacheShape shape = CacheShapes.Of(cache);
            for (int i = 0; i < observed.Layers * observed.Heads && wanted.Aggregation == QueryAggregation.Mean; i++)
            {
                int layer = i / observed.Heads;
                int head = i % observed.Heads;
                Span<float> row = observed.Row(layer, head);
                for (int slot = 0; slot < row.Length; slot++)
                {
                    // Observed is the mean over those that could see the slot.
                    row[slot] *= (float)(shape.LogicalLength - shape.Position(layer, head, slot)) / shape.LogicalLength;
                }
            }

            return observed;
        }

        private AttentionScores Observed(AttentionRequest wanted)
        {
            AttentionScores? observed = backend.Observed(cache);
            if (observed is null || context.Observation is not { } options)
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
            if (context.History.Length != cache.LogicalLength)
            {
                throw new InputException("the policy needs each slot's token, but the conversation's positions were closed up before");
            }
        }

        private TokenKind[] TokenKinds()
        {
            Func<int, TokenKind> kindOf = context.KindOf
                ?? throw new InputException("the policy treats special tokens and punctuation apart, but nobody said which tokens those are");
            RequirePositions();
            var kinds = new TokenKind[context.History.Length];
            for (int i = 0; i < kinds.Length; i++)
            {
                kinds[i] = kindOf(context.History.Span[i]);
            }

            return kinds;
        }
    }
}
