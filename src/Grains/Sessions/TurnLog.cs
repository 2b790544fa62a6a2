namespace KVCluster.Grains;

/// <summary>
/// The session's state machine, without engine, device or clock: who may run a turn, what is answered from the record, and what the state
/// is after a turn. It holds the state that is durable; a turn becomes part of it only by <see cref="Adopt"/>.
/// </summary>
internal sealed class TurnLog(SessionId id, SessionState state)
{
    /// <summary>Turns kept to be answered again. A key that is older has been forgotten and names a turn of its own.</summary>
    public const int KeptTurns = 64;

    /// <summary>The durable state.</summary>
    public SessionState State { get; private set; } = state;

    /// <summary>The turn that is running, or null.</summary>
    public TurnTicket? Running { get; private set; }

    /// <summary>Whether something failed after which <see cref="State"/> may not be what is durable.</summary>
    public bool IsLost { get; set; }

    /// <exception cref="SessionNotFoundException">It was not created.</exception>
    public void RequireExists()
    {
        if (!State.Exists)
        {
            throw new SessionNotFoundException($"session {id} does not exist");
        }
    }

    /// <exception cref="SessionNotFoundException">It was not created.</exception>
    /// <exception cref="SessionClosedException">It was closed.</exception>
    public void RequireOpen()
    {
        RequireExists();
        if (State.IsClosed)
        {
            throw new SessionClosedException($"session {id} is closed, and its id is not used again");
        }
    }

    /// <summary>The session is there, open, and no turn is running.</summary>
    /// <exception cref="SessionBusyException">A turn is running.</exception>
    public void RequireIdle()
    {
        RequireOpen();
        if (Running is not null)
        {
            throw new SessionBusyException($"session {id}: a turn is running");
        }
    }

    /// <summary>
    /// A turn wants to run: it gets a ticket, or the record of the turn that the same request made before. The ticket is given back by
    /// <see cref="End"/>, whatever happens.
    /// </summary>
    /// <exception cref="IdempotencyConflictException">The key came with another request.</exception>
    /// <exception cref="SessionBusyException">A turn is running, be it of the same key.</exception>
    public (TurnTicket? Ticket, TurnRecord? Earlier) Admit(string? key, string? hash)
    {
        RequireOpen();
        if (key is not null && Array.FindLast(State.Recent, turn => turn.Key == key) is { } earlier)
        {
            return earlier.Hash == hash ? (null, earlier) : throw Conflict(key);
        }

        if (key is not null && Running?.Key == key && Running.Hash != hash)
        {
            throw Conflict(key);
        }

        RequireIdle();
        BegunTurn? begun = key is not null && State.Begun?.Key == key ? State.Begun : null;
        if (begun is not null && begun.Hash != hash)
        {
            throw Conflict(key!);
        }

        Running = new TurnTicket(key, hash, begun);
        return (Running, null);
    }

    /// <summary>The turn is over, made or not.</summary>
    public void End(TurnTicket ticket)
    {
        if (ReferenceEquals(Running, ticket))
        {
            Running = null;
        }
    }

    /// <summary>What the state is once the turn is durable.</summary>
    public SessionState After(TurnTicket ticket, TurnOutcome outcome)
    {
        var record = new TurnRecord
        {
            Key = ticket.Key,
            Hash = ticket.Hash,
            Start = State.Count,
            Prompt = outcome.Prompt.Length,
            Answer = outcome.Answer.Length,
            TextLength = outcome.Text.Length,
            Finish = outcome.Finish,
            Cached = outcome.Cached,
            StopString = outcome.StopString,
            Seed = outcome.Seed,
        };
        int dropped = Math.Max(0, State.Recent.Length + 1 - KeptTurns);
        return State with
        {
            Tokens = TokenBytes.Append(State.Tokens, [.. outcome.Prompt, .. outcome.Answer]),
            Count = State.Count + outcome.Prompt.Length + outcome.Answer.Length,
            IsMessageOpen = outcome.LeavesMessageOpen,
            Turns = State.Turns + 1,
            Recent = [.. State.Recent[dropped..], record],
            Compressions = outcome.Compressions,
            Node = outcome.Node,
            LastUsed = outcome.Ended,
            Begun = null,
        };
    }

    /// <summary>What the state is once what was made of a turn is durable, so that the same request can go on from there.</summary>
    public SessionState Handing(TurnTicket ticket, TurnOutcome outcome) => State with
    {
        Compressions = outcome.Compressions,
        LastUsed = outcome.Ended,
        Begun = new BegunTurn
        {
            Key = ticket.Key!,
            Hash = ticket.Hash!,
            Prompt = TokenBytes.Append([], outcome.Prompt),
            PromptTokens = outcome.Prompt.Length,
            Answer = TokenBytes.Append([], outcome.Answer),
            AnswerTokens = outcome.Answer.Length,
            Seed = outcome.Seed,
        },
    };

    /// <summary>A state has become durable.</summary>
    public void Adopt(SessionState state) => State = state;

    private IdempotencyConflictException Conflict(string key) =>
        new($"session {id}: idempotency key '{key}' came before with another request");
}
