using KVCluster.Inference;
using KVCluster.Inference.Backend;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Sampling;

namespace KVCluster.Worker;

/// <summary>
/// One conversation on one KV cache: tokens are appended, answers generated, the cache forked or compressed, in any order. A generated
/// token enters the cache with the step after it, so the last one of an answer may be pending (<see cref="PendingToken"/>); whatever
/// comes next takes it along. Not thread-safe, and while an answer is being read nothing else may be called but <see cref="Fork"/>.
/// </summary>
public sealed class Conversation : IDisposable
{
    private readonly List<int> _tokens;
    private readonly float[] _logits;
    private readonly ForwardRequest _request;
    private readonly ForwardRequest[] _batch;
    private readonly int[] _next = new int[1];
    private readonly ObservationOptions? _observe;
    private bool _generating;
    private bool _hasPending;

    /// <summary>An empty conversation; it holds no memory of the arena yet.</summary>
    public Conversation(LocalModel model, ConversationOptions? options = null)
        : this(model, (options ?? new ConversationOptions()).Observe)
    {
    }

    private Conversation(LocalModel model, ObservationOptions? observe)
        : this(model, observe, Create(model, observe), [])
    {
    }

    private Conversation(LocalModel model, ObservationOptions? observe, KvCache cache, List<int> tokens)
    {
        Model = model;
        Cache = cache;
        _observe = observe;
        _tokens = tokens;
        _logits = new float[model.Config.VocabularySize];
        _request = new ForwardRequest(cache) { LogitsDestination = _logits };
        _batch = [_request];
    }

    /// <summary>The model it runs on.</summary>
    public LocalModel Model { get; }

    /// <summary>Its cache. Reading it is safe between calls; changing it is the conversation's own business.</summary>
    public KvCache Cache { get; }

    /// <summary>
    /// The whole history, whatever was dropped from the cache: as many ids as <see cref="KvCache.LogicalLength"/> (more, where a policy
    /// closed positions up), and one more where a token is pending.
    /// </summary>
    public IReadOnlyList<int> Tokens => _tokens;

    /// <summary>The last generated token where it is not in the cache yet, else null.</summary>
    public int? PendingToken => _hasPending ? _tokens[^1] : null;

    /// <summary>What the last generation came to; null before the first and while one is being read.</summary>
    public Completion? LastCompletion { get; private set; }

    /// <summary>
    /// Appends tokens (a pending one first) in chunks of <see cref="IInferenceBackend.MaxBatchTokens"/>, reporting after each how many of
    /// <paramref name="tokens"/> are done. All or nothing: cancelled or failed, the conversation has the tokens, the cache and the memory
    /// it had before (attention observed by the dropped queries stays in the slots they looked at).
    /// </summary>
    /// <exception cref="InputException">
    /// A token id is out of range, or the tokens fit neither the model's context nor the arena; nothing ran.
    /// <see cref="ArenaFullException"/> where they would fit an arena that others do not hold.
    /// </exception>
    /// <exception cref="OperationCanceledException">Cancelled between two chunks.</exception>
    public void Append(ReadOnlyMemory<int> tokens, Action<int>? progress = null, CancellationToken cancellationToken = default)
    {
        ThrowIfGenerating();
        if (tokens.IsEmpty)
        {
            return;
        }

        ReadOnlyMemory<int> rows = PendingToken is { } pending ? (int[])[pending, .. tokens.Span] : tokens;
        AppendCheck.Validate(tokens.Span, rows.Length, Cache, Model);
        int before = Cache.LogicalLength;
        try
        {
            // All of its memory now, so that no prompt runs half its length and then out of room.
            Cache.PrepareAppend(rows.Length);
            RunChunks(rows, rows.Length - tokens.Length, progress, cancellationToken);
        }
        catch
        {
            Cache.Truncate(before);
            throw;
        }

        _hasPending = false;
        _tokens.AddRange(tokens.Span);
        progress?.Invoke(tokens.Length);
    }

    /// <summary>
    /// Generates after what was appended, token by token as the pieces are read; nothing runs before. Ends as
    /// <see cref="FinishReason"/> says, cancellation included; then <see cref="LastCompletion"/> is set. Called again it goes on.
    /// Right after a compression the first token still comes from what the whole cache predicted.
    /// </summary>
    /// <exception cref="InputException">A sampling option is out of range, or there is nothing to go on from.</exception>
    public IEnumerable<GeneratedPiece> Generate(SamplingOptions sampling, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(sampling);
        sampling.Validate();
        ThrowIfGenerating();
        return _tokens.Count > 0
            ? Read(sampling, cancellationToken)
            : throw new InputException("nothing to generate from: no token was appended");
    }

    /// <summary>Another conversation with the same history, sharing all pages: either may go on without the other noticing.</summary>
    public Conversation Fork()
    {
        var fork = new Conversation(Model, _observe, Cache.Fork(), [.. _tokens]);
        _logits.CopyTo(fork._logits, 0);
        fork._hasPending = _hasPending;
        fork.LastCompletion = LastCompletion;
        return fork;
    }

    /// <summary>
    /// Scores as the policy asks, plans, and frees what the plan drops at once. The history and the next position stay. A plan that keeps
    /// everything (ratio 0) changes nothing. Until the plan is applied nothing has changed; cancelled before, the cache is as it was.
    /// A pending token is not in the cache: it takes no part and is not dropped.
    /// </summary>
    /// <exception cref="InputException">The cache is empty, or the request lacks what the policy's scores need.</exception>
    /// <exception cref="Compression.PolicyException">The scores cannot be ranked.</exception>
    /// <exception cref="OperationCanceledException">Cancelled while scoring.</exception>
    public CompressionReport Compress(
        CompressionRequest request, Action<double>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        ThrowIfGenerating();
        return CompressorFor(request).Run(request, progress, cancellationToken);
    }

    /// <summary>
    /// What the request's policy asks of the model, for compressions to come: of this conversation or its forks, at any budget, while they
    /// stay as they are (<see cref="CompressionRequest.Input"/>). Nothing is changed.
    /// </summary>
    /// <exception cref="InputException">The cache is empty, or the request lacks what the policy's scores need.</exception>
    /// <exception cref="OperationCanceledException">Cancelled while scoring.</exception>
    public GatheredInput Gather(CompressionRequest request, Action<double>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        ThrowIfGenerating();
        return CompressorFor(request).Gather(request.Policy, progress, cancellationToken);
    }

    /// <summary>Gives its memory back.</summary>
    public void Dispose() => Cache.Dispose();

    /// <summary>Logits of the next token, [V]; a pending token enters the cache first, and needs <see cref="TryPrepare"/> before.</summary>
    internal ReadOnlySpan<float> NextLogits()
    {
        if (_hasPending)
        {
            _next[0] = _tokens[^1];
            Forward(_next, LogitsRows.Last);
            _hasPending = false;
        }

        return _logits;
    }

    /// <summary>Adds a generated token, pending.</summary>
    internal void Take(int token)
    {
        _tokens.Add(token);
        _hasPending = true;
    }

    /// <summary>Makes room for the pending token, if there is one; says why where there is none.</summary>
    internal FinishReason? TryPrepare()
    {
        if (!_hasPending)
        {
            return null;
        }

        if (Cache.LogicalLength >= Model.Config.ContextLength)
        {
            return FinishReason.ContextFull;
        }

        try
        {
            Cache.PrepareAppend(1);
            return null;
        }
        catch (ArenaFullException)
        {
            return FinishReason.ArenaFull;
        }
    }

    private Compressor CompressorFor(CompressionRequest request)
    {
        int[] history = [.. _tokens.Take(_tokens.Count - (_hasPending ? 1 : 0))];
        return new Compressor(Model.Backend, Cache, PolicyContexts.Of(Model, history, request, _observe));
    }

    private static KvCache Create(LocalModel model, ObservationOptions? observe)
    {
        ArgumentNullException.ThrowIfNull(model);
        return model.Backend.CreateCache(observe);
    }

    private IEnumerable<GeneratedPiece> Read(SamplingOptions sampling, CancellationToken cancellationToken)
    {
        ThrowIfGenerating();
        _generating = true;
        LastCompletion = null;
        var generation = new Generation(this, sampling);
        try
        {
            while (generation.Next(cancellationToken, out GeneratedPiece piece))
            {
                yield return piece;
            }
        }
        finally
        {
            _generating = false;
            LastCompletion = generation.Complete();
        }
    }

    private void RunChunks(ReadOnlyMemory<int> rows, int pending, Action<int>? progress, CancellationToken cancellationToken)
    {
        for (int done = 0; done < rows.Length;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int count = Math.Min(Model.Backend.MaxBatchTokens, rows.Length - done);
            bool last = done + count == rows.Length;
            Forward(rows.Slice(done, count), last ? LogitsRows.Last : LogitsRows.None);
            done += count;
            if (!last)
            {
                progress?.Invoke(done - pending);
            }
        }
    }

    private void Forward(ReadOnlyMemory<int> tokens, LogitsRows logits)
    {
        _request.Tokens = tokens;
        _request.Logits = logits;
        Model.Backend.Forward(_batch);
    }

    private void ThrowIfGenerating()
    {
        if (_generating)
        {
            throw new InvalidOperationException("an answer of this conversation is still being read");
        }
    }
}
