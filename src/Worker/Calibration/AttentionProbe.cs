using KVCluster.Compression;
using KVCluster.Inference.Backend;
using KVCluster.Inference.Kv;

namespace KVCluster.Worker.Calibration;

/// <summary>A cache that is filled step by step, and what the last token's query looks at after each.</summary>
public sealed class AttentionProbe : IDisposable
{
    private readonly IInferenceBackend _backend;
    private readonly ForwardRequest _request;
    private readonly float[] _logits;
    private int _last;

    /// <summary>An empty cache in the backend's arena.</summary>
    public AttentionProbe(IInferenceBackend backend)
    {
        ArgumentNullException.ThrowIfNull(backend);
        _backend = backend;
        Cache = backend.CreateCache();
        _logits = new float[backend.Model.VocabularySize];
        _request = new ForwardRequest(Cache) { LogitsDestination = _logits };
    }

    /// <summary>Everything appended, exact.</summary>
    public KvCache Cache { get; }

    /// <summary>Logits after the last token, [V].</summary>
    public ReadOnlySpan<float> Logits => _logits;

    /// <summary>Appends tokens in chunks the backend takes.</summary>
    public void Append(ReadOnlyMemory<int> tokens, CancellationToken cancellationToken = default)
    {
        for (int done = 0; done < tokens.Length;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int count = Math.Min(_backend.MaxBatchTokens, tokens.Length - done);
            _request.Tokens = tokens.Slice(done, count);
            done += count;
            _request.Logits = done == tokens.Length ? LogitsRows.Last : LogitsRows.None;
            _backend.Forward([_request]);
            _last = tokens.Span[done - 1];
        }
    }

    /// <summary>Goes back to a prefix whose last token is given; the logits are no longer valid.</summary>
    public void Truncate(int length, int lastToken)
    {
        Cache.Truncate(length);
        _last = lastToken;
    }

    /// <summary>What the last token's query looks at, [layers, query heads, tokens], each row summing to 1.</summary>
    public AttentionScores LastAttention()
    {
        using IHistoryPass pass = _backend.BeginHistory(new HistoryRequest(Cache, new[] { _last })
        {
            Attention = new HistoryAttention(QueryAggregation.Mean),
        });
        while (pass.Step())
        {
        }

        return pass.Attention!;
    }

    /// <summary>Gives the cache's memory back.</summary>
    public void Dispose() => Cache.Dispose();
}
