using KVCluster.Inference.Kv;

namespace KVCluster.Inference.Backend;

/// <summary>Refuses requests that cannot run, before anything has changed.</summary>
internal static class ForwardCheck
{
    public static void Validate(IReadOnlyList<ForwardRequest> batch, IInferenceBackend backend)
    {
        int rows = 0;
        for (int i = 0; i < batch.Count; i++)
        {
            ForwardRequest request = batch[i];
            Owns(request.Cache, backend);
            for (int other = 0; other < i; other++)
            {
                if (ReferenceEquals(batch[other].Cache, request.Cache))
                {
                    throw new ArgumentException("two requests of a step share one cache", nameof(batch));
                }
            }

            Tokens(request.Tokens.Span, request.Cache, backend);
            rows += request.Tokens.Length;
            int logits = request.Logits switch
            {
                LogitsRows.None => 0,
                LogitsRows.Last => 1,
                _ => request.Tokens.Length,
            };
            if (request.LogitsDestination.Length < (long)logits * backend.Model.VocabularySize)
            {
                throw new ArgumentException($"the logits' destination does not hold {logits} rows of {backend.Model.VocabularySize}", nameof(batch));
            }
        }

        if (rows == 0 || rows > backend.MaxBatchTokens)
        {
            throw new ArgumentException($"a step of {rows} tokens; this backend takes 1 to {backend.MaxBatchTokens}", nameof(batch));
        }
    }

    public static void Validate(ScoringRequest request, IInferenceBackend backend)
    {
        Owns(request.Cache, backend);
        ArgumentOutOfRangeException.ThrowIfLessThan(request.ChunkTokens, 1);
        if (request.Prompts.Count == 0)
        {
            throw new ArgumentException("no prompt to score with", nameof(request));
        }

        foreach (ReadOnlyMemory<int> prompt in request.Prompts)
        {
            Tokens(prompt.Span, null, backend);
        }

        if (request.Ranges is { } ranges && ranges.Count != request.Prompts.Count)
        {
            throw new ArgumentException($"{ranges.Count} ranges for {request.Prompts.Count} prompts", nameof(request));
        }
    }

    public static void Validate(HistoryRequest request, IInferenceBackend backend)
    {
        Owns(request.Cache, backend);
        ArgumentOutOfRangeException.ThrowIfLessThan(request.ChunkTokens, 1);
        if (request.Tokens.Length > request.Cache.LogicalLength)
        {
            throw new ArgumentException($"{request.Tokens.Length} tokens of a history of {request.Cache.LogicalLength}", nameof(request));
        }

        Tokens(request.Tokens.Span, null, backend);
    }

    public static void Owns(KvCache cache, IInferenceBackend backend)
    {
        if (!ReferenceEquals(cache.Pool, backend.Pool))
        {
            throw new ArgumentException("the cache belongs to another backend");
        }
    }

    private static void Tokens(ReadOnlySpan<int> tokens, KvCache? appendTo, IInferenceBackend backend)
    {
        if (tokens.IsEmpty)
        {
            throw new InputException("no token ids were given");
        }

        foreach (int id in tokens)
        {
            if ((uint)id >= (uint)backend.Model.VocabularySize)
            {
                throw new InputException($"token id {id} is outside the model's vocabulary of {backend.Model.VocabularySize}");
            }
        }

        // A replay runs beyond the context on purpose: its positions only serve scoring.
        if (appendTo is not null && (long)appendTo.LogicalLength + tokens.Length > backend.Model.ContextLength)
        {
            throw new InputException(
                $"{appendTo.LogicalLength} tokens and {tokens.Length} more exceed the model's context of {backend.Model.ContextLength}");
        }
    }
}
