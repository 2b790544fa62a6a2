using System.Runtime.CompilerServices;
using KVCluster.Grains;
using KVCluster.Silo.OpenAi;
using Orleans;

namespace KVCluster.Silo.Gateway;

/// <summary>
/// Finds the session that a conversation goes on in and runs a turn of it. A client that names none gets the session whose history is the
/// longest beginning of what it sent, so that an unchanged client gets its cache back; where the conversation took another way, a fork
/// shares what is equal.
/// </summary>
internal sealed class SessionTurns(IGrainFactory grains)
{
    /// <summary>A fork for fewer tokens than this saves nothing.</summary>
    private const int LeastSharedTokens = BlockHashes.BlockTokens;

    /// <summary>The turn's session, ready for <see cref="RunAsync"/>.</summary>
    public async Task<TurnStart> BeginAsync(string tenant, string? session, WholeConversation conversation, CancellationToken cancellationToken)
    {
        if (session is not null)
        {
            return await BeginNamedAsync(SessionId.Of(tenant, session), conversation, cancellationToken);
        }

        PrefixMatch? match = await grains.GetGrain<IPrefixDirectoryGrain>(tenant).Find(BlockHashes.Of(conversation.Tokens), cancellationToken);
        TurnStart? start = match is null ? null : await ContinueAsync(SessionId.Of(tenant, match.Session), conversation, cancellationToken);
        return start ?? await NewAsync(tenant, conversation, cancellationToken);
    }

    /// <summary>Runs the turn. Whoever stops reading ends it.</summary>
    public async IAsyncEnumerable<TokenChunk> RunAsync(
        TurnStart start, SamplingSettings sampling, string? idempotencyKey, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var request = new GenerateRequest { Prompt = start.Prompt, Sampling = sampling, IdempotencyKey = idempotencyKey };
        await foreach (TokenChunk chunk in Grain(start.Session).Generate(request, cancellationToken).WithCancellation(cancellationToken))
        {
            yield return chunk;
        }
    }

    /// <summary>A session beside another with the same history and cache, for a further answer to one question.</summary>
    public async Task<TurnStart> BesideAsync(TurnStart start, CancellationToken cancellationToken)
    {
        SessionId beside = NewId(start.Session.Tenant);
        await Grain(start.Session).Fork(new ForkRequest { Session = beside.Session }, cancellationToken);
        return start with { Session = beside };
    }

    /// <summary>Reads the prompt into the session, so that several answers share it.</summary>
    public async Task<TurnStart> ReadPromptAsync(TurnStart start, CancellationToken cancellationToken)
    {
        await Grain(start.Session).Append(new AppendRequest { Prompt = start.Prompt! }, cancellationToken);
        return start with { Prompt = null };
    }

    /// <summary>Closes a session made for one answer.</summary>
    public Task CloseAsync(SessionId session) => Grain(session).Close(CancellationToken.None);

    private async Task<TurnStart> BeginNamedAsync(SessionId id, WholeConversation conversation, CancellationToken cancellationToken)
    {
        try
        {
            await Grain(id).Create(new SessionOptions(), cancellationToken);
        }
        catch (SessionExistsException)
        {
            // Made through the sessions API, with options of its own.
        }

        return await TryContinueAsync(id, conversation, cancellationToken) is { } start
            ? start
            : throw new OpenAiException(
                409,
                "invalid_request_error",
                $"the messages are not a continuation of session '{id.Session}'; leave X-Session-Id out to begin a branch",
                "messages",
                "history_mismatch");
    }

    private async Task<TurnStart?> ContinueAsync(SessionId id, WholeConversation conversation, CancellationToken cancellationToken)
    {
        try
        {
            return await TryContinueAsync(id, conversation, cancellationToken) ?? await BranchAsync(id, conversation, cancellationToken);
        }
        catch (Exception error) when (error is SessionNotFoundException or SessionClosedException or SessionBusyException)
        {
            // The directory is a hint: the session may be gone, or in use by another request.
            return null;
        }
    }

    private async Task<TurnStart?> TryContinueAsync(SessionId id, WholeConversation conversation, CancellationToken cancellationToken)
    {
        HistorySlice history = await Grain(id).ReadHistory(0, int.MaxValue, cancellationToken);
        int[] tokens = conversation.Tokens;
        int[]? rest = tokens.AsSpan().StartsWith(history.Tokens) ? tokens[history.Total..] : conversation.After(history.Text);
        return rest is { Length: > 0 }
            ? new TurnStart(id, new Prompt { Tokens = rest, After = history.Total }, IsNew: history.Total == 0)
            : null;
    }

    /// <summary>Another session that shares the beginning with this one; null where that saves nothing.</summary>
    private async Task<TurnStart?> BranchAsync(SessionId id, WholeConversation conversation, CancellationToken cancellationToken)
    {
        HistorySlice history = await Grain(id).ReadHistory(0, int.MaxValue, cancellationToken);

        // The last token is computed in any case: an answer begins with its logits.
        int common = Math.Min(conversation.Tokens.Length - 1, history.Tokens.AsSpan().CommonPrefixLength(conversation.Tokens));
        if (common < LeastSharedTokens)
        {
            return null;
        }

        SessionId branch = NewId(id.Tenant);
        await Grain(id).Fork(new ForkRequest { Session = branch.Session, Tokens = common }, cancellationToken);
        return new TurnStart(branch, new Prompt { Tokens = conversation.Tokens[common..], After = common }, IsNew: false);
    }

    private async Task<TurnStart> NewAsync(string tenant, WholeConversation conversation, CancellationToken cancellationToken)
    {
        SessionId id = NewId(tenant);
        await Grain(id).Create(new SessionOptions(), cancellationToken);
        return new TurnStart(id, Prompt.OfConversation(conversation.Tokens), IsNew: true);
    }

    private static SessionId NewId(string tenant) => SessionId.Of(tenant, "auto-" + Guid.CreateVersion7().ToString("N"));

    private ISessionGrain Grain(SessionId id) => grains.GetGrain<ISessionGrain>(id.Key);
}

/// <summary>A session and what its next turn adds.</summary>
/// <param name="Session">Which.</param>
/// <param name="Prompt">What is added; null: the answer goes on from the history.</param>
/// <param name="IsNew">Whether it was made for this request.</param>
internal sealed record TurnStart(SessionId Session, Prompt? Prompt, bool IsNew);
