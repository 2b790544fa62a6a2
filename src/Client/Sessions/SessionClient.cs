using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;

namespace KVCluster.Client;

/// <summary>
/// One conversation. Calls that fail for the moment are sent again; turns carry an idempotency key, so that one sent twice is made once. Use
/// it from one place at a time: a session runs one turn at once.
/// </summary>
public sealed class SessionClient
{
    private readonly IGrainFactory _grains;
    private readonly ISessionGrain _grain;
    private readonly Retrier _retrier;
    private bool? _hasSeed;

    internal SessionClient(SessionId id, IGrainFactory grains, Retrier retrier, SessionInfo? info)
    {
        SessionId = id;
        _grains = grains;
        _grain = grains.GetGrain<ISessionGrain>(id.Key);
        _retrier = retrier;
        Note(info);
    }

    /// <summary>The session's id within its tenant.</summary>
    public string Id => SessionId.Session;

    /// <summary>Tenant and id.</summary>
    public SessionId SessionId { get; }

    /// <summary>The grain behind it, without retries.</summary>
    public ISessionGrain Grain => _grain;

    /// <summary>
    /// Says something and yields the answer as it is made; the last chunk carries the result and comes when the turn is durable. Whoever
    /// stops reading, or cancels, ends the turn: then it never was.
    /// </summary>
    /// <param name="message">A chat message of the user. It never makes special tokens.</param>
    /// <param name="sampling">How to sample; null: as the session's options say.</param>
    /// <param name="idempotencyKey">
    /// Names the request across processes: sent again with the same key it is answered from the record. Null: one of its own.
    /// </param>
    /// <param name="cancellationToken">Ends the turn.</param>
    /// <exception cref="SessionException">As <see cref="ISessionGrain.Append"/> has them.</exception>
    /// <exception cref="AnswerChangedException">The answer was lost in its middle and cannot be gone on with.</exception>
    public IAsyncEnumerable<TokenChunk> SayAsync(
        string message, SamplingSettings? sampling = null, string? idempotencyKey = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(message);
        return GenerateAsync(
            new GenerateRequest { Prompt = Prompt.OfMessage(message), Sampling = sampling, IdempotencyKey = idempotencyKey }, cancellationToken);
    }

    /// <summary>Says something and returns when the answer is whole and durable.</summary>
    /// <inheritdoc cref="SayAsync"/>
    public async Task<TurnResult> AskAsync(
        string message, SamplingSettings? sampling = null, string? idempotencyKey = null, CancellationToken cancellationToken = default)
    {
        TurnResult? result = null;
        await foreach (TokenChunk chunk in SayAsync(message, sampling, idempotencyKey, cancellationToken).ConfigureAwait(false))
        {
            result = chunk.Result;
        }

        return result!;
    }

    /// <summary>Runs any turn and yields the answer as it is made.</summary>
    /// <inheritdoc cref="SayAsync"/>
    public async IAsyncEnumerable<TokenChunk> GenerateAsync(
        GenerateRequest request, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        string key = request.IdempotencyKey ?? NewKey();
        GenerateRequest sent = request with
        {
            IdempotencyKey = key,
            Sampling = await RepeatableAsync(request.Sampling, key, cancellationToken).ConfigureAwait(false),
        };
        await foreach (TokenChunk chunk in AnswerReader.ReadAsync(_grain, Id, sent, _retrier, cancellationToken).ConfigureAwait(false))
        {
            yield return chunk;
        }
    }

    /// <summary>Adds a message without an answer, so that a document is read before the question about it is known.</summary>
    /// <inheritdoc cref="AppendAsync(AppendRequest, CancellationToken)"/>
    public Task<TurnResult> AppendAsync(string message, string? idempotencyKey = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(message);
        return AppendAsync(new AppendRequest { Prompt = Prompt.OfMessage(message), IdempotencyKey = idempotencyKey }, cancellationToken);
    }

    /// <summary>Adds to the history without an answer.</summary>
    /// <exception cref="SessionException">As <see cref="ISessionGrain.Append"/> has them.</exception>
    public Task<TurnResult> AppendAsync(AppendRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        AppendRequest sent = request with { IdempotencyKey = request.IdempotencyKey ?? NewKey() };
        return _retrier.RunAsync(() => _grain.Append(sent, cancellationToken), cancellationToken);
    }

    /// <inheritdoc cref="ISessionGrain.Cancel"/>
    public Task<bool> CancelAsync(CancellationToken cancellationToken = default) =>
        _retrier.RunAsync(() => _grain.Cancel(cancellationToken), cancellationToken);

    /// <inheritdoc cref="ISessionGrain.Describe"/>
    public async Task<SessionInfo> DescribeAsync(CancellationToken cancellationToken = default) =>
        Note(await _retrier.RunAsync(() => _grain.Describe(cancellationToken), cancellationToken).ConfigureAwait(false))!;

    /// <inheritdoc cref="ISessionGrain.ReadHistory"/>
    public Task<HistorySlice> ReadHistoryAsync(int start = 0, int count = int.MaxValue, CancellationToken cancellationToken = default) =>
        _retrier.RunAsync(() => _grain.ReadHistory(start, count, cancellationToken), cancellationToken);

    /// <inheritdoc cref="ISessionGrain.Export"/>
    public Task<SessionExport> ExportAsync(CancellationToken cancellationToken = default) =>
        _retrier.RunAsync(() => _grain.Export(cancellationToken), cancellationToken);

    /// <summary>Begins another session with this one's history; their caches share pages.</summary>
    /// <param name="id">The other session's id; null: one is made.</param>
    /// <param name="tokens">Tokens of history it begins with; null: all.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <exception cref="SessionException">As <see cref="ISessionGrain.Fork"/> has them.</exception>
    public async Task<SessionClient> ForkAsync(string? id = null, int? tokens = null, CancellationToken cancellationToken = default)
    {
        var request = new ForkRequest { Session = id ?? KVClusterClient.NewId(), Tokens = tokens };
        SessionInfo info = await _retrier.RunAsync(() => _grain.Fork(request, cancellationToken), cancellationToken).ConfigureAwait(false);
        return new SessionClient(info.Id, _grains, _retrier, info);
    }

    /// <summary>Cuts the cache down to what a policy keeps. Sent again only where it certainly did not run.</summary>
    /// <inheritdoc cref="ISessionGrain.Compress"/>
    public Task<SessionInfo> CompressAsync(CompressRequest request, CancellationToken cancellationToken = default) =>
        _retrier.RunAsync(() => _grain.Compress(request, cancellationToken), cancellationToken, mayRepeat: false);

    /// <inheritdoc cref="ISessionGrain.Pin"/>
    public Task<SessionInfo> PinAsync(TimeSpan duration, CancellationToken cancellationToken = default) =>
        _retrier.RunAsync(() => _grain.Pin(new PinRequest { Duration = duration }, cancellationToken), cancellationToken);

    /// <inheritdoc cref="ISessionGrain.MakeWhole"/>
    public Task<SessionInfo> MakeWholeAsync(CancellationToken cancellationToken = default) =>
        _retrier.RunAsync(() => _grain.MakeWhole(cancellationToken), cancellationToken);

    /// <inheritdoc cref="ISessionGrain.Demote"/>
    public Task<SessionInfo> DemoteAsync(CancellationToken cancellationToken = default) =>
        _retrier.RunAsync(() => _grain.Demote(cancellationToken), cancellationToken);

    /// <inheritdoc cref="ISessionGrain.Move"/>
    public Task MoveAsync(string node, CancellationToken cancellationToken = default) =>
        _retrier.RunAsync(() => _grain.Move(node, cancellationToken), cancellationToken);

    /// <inheritdoc cref="ISessionGrain.Close"/>
    public Task CloseAsync(CancellationToken cancellationToken = default) =>
        _retrier.RunAsync(() => _grain.Close(cancellationToken), cancellationToken);

    private static string NewKey() => Guid.CreateVersion7().ToString("N");

    /// <summary>Where no seed is given it is made of the key, so that the same request makes the same answer if it must be sent again.</summary>
    private async ValueTask<SamplingSettings?> RepeatableAsync(SamplingSettings? sampling, string key, CancellationToken cancellationToken)
    {
        if (sampling is { Seed: not null } or { Temperature: 0 })
        {
            return sampling;
        }

        if (_hasSeed is null)
        {
            await DescribeAsync(cancellationToken).ConfigureAwait(false);
        }

        return _hasSeed == true ? sampling : (sampling ?? new SamplingSettings()) with { Seed = SeedOf(key) };
    }

    private static ulong SeedOf(string key) => BinaryPrimitives.ReadUInt64LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes(key)));

    /// <summary>Options are fixed at a session's creation: they are looked at once.</summary>
    private SessionInfo? Note(SessionInfo? info)
    {
        _hasSeed = info is null ? _hasSeed : info.Options.Sampling.Seed is not null;
        return info;
    }
}
