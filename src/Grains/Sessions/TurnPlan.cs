using KVCluster.Inference;
using KVCluster.Inference.Sampling;
using KVCluster.Worker;
using KVCluster.Worker.Serving;

namespace KVCluster.Grains;

/// <summary>A turn as it is given to the device: checked against the model and the session's token budget.</summary>
internal sealed record TurnPlan
{
    public required int[] History { get; init; }

    public required TurnPrompt Prompt { get; init; }

    /// <summary>Null: nothing is generated.</summary>
    public SamplingOptions? Sampling { get; init; }

    /// <summary>Whether the budget leaves fewer tokens than the answer was to have.</summary>
    public bool IsClipped { get; init; }

    public TimeSpan? MaxWait { get; init; }

    /// <summary>Tokens of the answer that another node made; null: the turn begins here.</summary>
    public int[]? Begun { get; init; }

    /// <summary>Whether the turn can be handed over in its middle: log-probabilities are not kept.</summary>
    public bool IsContinuable => Sampling is { LogProbabilities: null };

    /// <summary>Tokens in the order in which the device has them, the beginning of the answer among them.</summary>
    private int[] Sequence => [.. History, .. Prompt.Tokens, .. Begun ?? []];

    /// <exception cref="SessionException">The request does not fit the session.</exception>
    public static TurnPlan Of(AppendRequest request, SessionState state, NodeDevice device)
    {
        int[] history = TokenBytes.Decode(state.Tokens, state.Count);
        TurnPrompt prompt = Checked(() => device.Turns.Append(state, history, request.Prompt));
        Room(state, history, prompt, device.Worker.Model, least: 0);
        return new TurnPlan { History = history, Prompt = prompt };
    }

    /// <exception cref="SessionException">The request does not fit the session.</exception>
    public static TurnPlan Of(GenerateRequest request, SessionState state, NodeDevice device)
    {
        int[] history = TokenBytes.Decode(state.Tokens, state.Count);
        TurnPrompt prompt = Checked(() => device.Turns.Generate(state, history, request.Prompt));
        int room = Room(state, history, prompt, device.Worker.Model, least: 1);
        SamplingOptions wanted = SamplingMerge.Checked(request.Sampling, state.Options.Sampling, device.Grammars);
        return new TurnPlan
        {
            History = history,
            Prompt = prompt,
            Sampling = wanted with { MaxTokens = Math.Min(wanted.MaxTokens, room) },
            IsClipped = wanted.MaxTokens > room,
            MaxWait = request.MaxWait,
        };
    }

    /// <summary>The same, going on behind what was made of it; unchanged where that is of another prompt, or nothing is left to make.</summary>
    public TurnPlan GoingOn(BegunTurn begun)
    {
        int[] prompt = TokenBytes.Decode(begun.Prompt, begun.PromptTokens);
        return IsContinuable && begun.AnswerTokens < Sampling!.MaxTokens && prompt.AsSpan().SequenceEqual(Prompt.Tokens)
            ? this with { Begun = TokenBytes.Decode(begun.Answer, begun.AnswerTokens), Sampling = Sampling with { Seed = begun.Seed ?? Sampling.Seed } }
            : this;
    }

    /// <summary>The device's request.</summary>
    public TurnRequest For(SessionKey session, long epoch, int priority) => new()
    {
        Session = session,
        Epoch = epoch,
        History = Begun is null ? History : Sequence,
        Prompt = Begun is null ? Prompt.Tokens : [],
        Begun = Begun?.Length ?? 0,
        Sampling = Sampling,
        Priority = priority,
        MaxWait = MaxWait,
    };

    private static int Room(SessionState state, int[] history, TurnPrompt prompt, LocalModel model, int least)
    {
        int budget = Math.Min(state.Options.TokenBudget ?? int.MaxValue, model.Config.ContextLength);
        long room = (long)budget - history.Length - prompt.Tokens.Length;
        return room >= least
            ? (int)room
            : throw new TokenBudgetException(
                $"a prompt of {prompt.Tokens.Length} tokens after {history.Length} tokens of history"
                + (least > 0 ? " leaves no room for an answer in" : " exceeds") + $" the budget of {budget} tokens");
    }

    private static TurnPrompt Checked(Func<TurnPrompt> frame)
    {
        try
        {
            return frame();
        }
        catch (InputException error)
        {
            throw new InvalidRequestException(error.Message);
        }
    }
}
