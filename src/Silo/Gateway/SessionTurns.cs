using KVCluster.Grains;
using KVCluster.Silo.OpenAi;
using Orleans;

namespace KVCluster.Silo.Gateway;

/// <summary>
/// Finds the session that a conversation goes on in. A client that names none gets the session whose history is the longest beginning of
/// what it sent, so that an unchanged client gets its cache back; where the conversation took another way, a fork shares what is equal. The
/// session itself checks the tokens; only where it refuses is its history read.
/// </summary>
/// <param name="grains">The cluster's client.</param>
/// <param name="caller">Whose sessions.</param>
internal sealed class SessionTurns(IGrainFactory grains, Caller caller)
{
    /// <summary>A fork for fewer tokens than this saves nothing.</summary>
    private const int LeastSharedTokens = BlockHashes.BlockTokens;

    /// <summary>The session to try first.</summary>
    public async Task<TurnStart> BeginAsync(string? session, WholeConversation conversation, CancellationToken cancellationToken)
    {
        if (session is not null)
        {
            var named = SessionId.Of(caller.Tenant, session);
            if (!AutoSessions.IsAuto(session))
            {
                await EnsureAsync(named, cancellationToken);
            }

            return WholeOf(named, conversation) with { IsNamed = true };
        }

        PrefixMatch? match = await grains.GetGrain<IPrefixDirectoryGrain>(caller.Tenant).Find(BlockHashes.Of(conversation.Tokens), cancellationToken);
        return match is null
            ? await NewAsync(conversation, cancellationToken)
            : WholeOf(SessionId.Of(caller.Tenant, match.Session), conversation);
    }

    /// <summary>Whether another session may take what this one refused for this reason.</summary>
    public static bool MayGoElsewhere(TurnStart start, Exception refusal) => start.Conversation is not null && (start.IsNamed
        ? refusal is HistoryMismatchException && start.Prompt is { IsWhole: true }
        : refusal is HistoryMismatchException or SessionNotFoundException or SessionClosedException or SessionBusyException);

    /// <summary>What to try after a refusal that <see cref="MayGoElsewhere"/>.</summary>
    /// <exception cref="OpenAiException">The named session's history is another conversation.</exception>
    public async Task<TurnStart> InsteadAsync(TurnStart start, Exception refusal, CancellationToken cancellationToken)
    {
        WholeConversation conversation = start.Conversation!;
        try
        {
            if (refusal is HistoryMismatchException && start.Prompt is { IsWhole: true })
            {
                HistorySlice history = await Grain(start.Session).ReadHistory(0, int.MaxValue, cancellationToken);
                TurnStart? other = Behind(start, history) ?? (start.IsNamed ? throw NoContinuation(start) : await BranchAsync(start, history, cancellationToken));
                if (other is not null)
                {
                    return other;
                }
            }
        }
        catch (Exception error) when (MayGoElsewhere(start, error))
        {
            // It changed or went while it was looked at.
        }

        return await NewAsync(conversation, cancellationToken);
    }

    /// <summary>Runs the turn. Whoever stops reading ends it.</summary>
    public IAsyncEnumerable<TokenChunk> RunAsync(
        TurnStart start, SamplingSettings sampling, string? idempotencyKey, CancellationToken cancellationToken) =>
        MovingSessions.FollowAsync(
            () => Grain(start.Session).Generate(
                new GenerateRequest { Prompt = start.Prompt, Sampling = sampling, IdempotencyKey = idempotencyKey }, cancellationToken),
            idempotencyKey is not null,
            cancellationToken);

    /// <summary>The start with the number of its turn: that of the recorded one where the same key came before, which is answered again.</summary>
    public async Task<TurnStart> NumberedAsync(TurnStart start, string? idempotencyKey, CancellationToken cancellationToken)
    {
        RecentTurns recent = await Grain(start.Session).ReadTurns(cancellationToken);
        int made = idempotencyKey is null ? -1 : Array.FindLastIndex(recent.Turns, turn => turn.Key == idempotencyKey);
        return start with { Turn = recent.First + (made < 0 ? recent.Turns.Length : made) };
    }

    /// <summary>A session beside another with the same history and cache, for a further answer to one question.</summary>
    public async Task<TurnStart> BesideAsync(TurnStart start, CancellationToken cancellationToken)
    {
        SessionId beside = NewId();
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

    /// <summary>The same session, where its history's text is the conversation's beginning though its tokens are not.</summary>
    private static TurnStart? Behind(TurnStart start, HistorySlice history) => start.Conversation!.After(history.Text) is { } rest
        ? start with { Prompt = new Prompt { Tokens = rest, After = history.Total } }
        : null;

    /// <summary>Another session that shares the beginning with this one; null where that saves nothing.</summary>
    private async Task<TurnStart?> BranchAsync(TurnStart start, HistorySlice history, CancellationToken cancellationToken)
    {
        int[] tokens = start.Conversation!.Tokens;

        // The last token is computed in any case: an answer begins with its logits.
        int common = Math.Min(tokens.Length - 1, history.Tokens.AsSpan().CommonPrefixLength(tokens));
        if (common < LeastSharedTokens)
        {
            return null;
        }

        SessionId branch = NewId();
        await Grain(start.Session).Fork(new ForkRequest { Session = branch.Session, Tokens = common }, cancellationToken);
        return WholeOf(branch, start.Conversation);
    }

    private async Task<TurnStart> NewAsync(WholeConversation conversation, CancellationToken cancellationToken)
    {
        SessionId id = NewId();
        await EnsureAsync(id, cancellationToken);
        return WholeOf(id, conversation);
    }

    private async Task EnsureAsync(SessionId id, CancellationToken cancellationToken)
    {
        try
        {
            var options = new SessionOptions { Priority = caller.Priority };
            await MovingSessions.FollowAsync(() => Grain(id).Create(options, cancellationToken), isKeyed: true, cancellationToken);
        }
        catch (SessionExistsException)
        {
            // Made through the sessions API, with options of its own.
        }
    }

    private static TurnStart WholeOf(SessionId id, WholeConversation conversation) =>
        new(id, Prompt.OfConversation(conversation.Tokens)) { Conversation = conversation };

    private static OpenAiException NoContinuation(TurnStart start) => new(
        409,
        "invalid_request_error",
        $"the messages are not a continuation of session '{start.Session.Session}'; leave X-Session-Id out to begin a branch",
        "messages",
        "history_mismatch");

    private SessionId NewId() => SessionId.Of(caller.Tenant, AutoSessions.NewId());

    private ISessionGrain Grain(SessionId id) => grains.GetGrain<ISessionGrain>(id.Key);
}
