using System.Diagnostics;
using System.Threading.Channels;
using KVCluster.Inference.Backend;
using KVCluster.Storage;
using KVCluster.Worker.Serving.Telemetry;

namespace KVCluster.Worker.Serving.Device;

/// <summary>
/// One turn on its way. It is a sequence of tokens and a cache that lags behind: each step runs some of the missing ones, and when none is
/// missing the logits give the next. Touched by the device's thread only, but for <see cref="Events"/> and <see cref="IsOver"/>.
/// </summary>
internal sealed class Turn
{
    // As many events as the answer has tokens, which the request bounds: a reader that lags holds nobody up.
    private readonly Channel<TurnEvent> _events = Channel.CreateUnbounded<TurnEvent>(
        new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });

    private volatile bool _over;

    public Turn(TurnRequest request, long arrivedAt, bool restores = false)
    {
        ArrivedAt = arrivedAt;
        Request = request;
        Restores = restores;
        Sequence = new TokenBuffer(request.History.Span, request.Prompt.Span);
        Room = () => null;
    }

    public TurnRequest Request { get; }

    /// <summary>The turn makes a compressed cache whole: only an exact one will do.</summary>
    public bool Restores { get; }

    /// <summary>Its span, or null where nobody records.</summary>
    public Activity? Span { get; init; }

    /// <summary>The steps it was in, for its span; null where nobody records.</summary>
    public StepStretches? Steps { get; init; }

    public int HistoryTokens => Request.History.Length;

    /// <summary>History, prompt, and what was generated.</summary>
    public TokenBuffer Sequence { get; }

    public DeviceSession Session { get; set; } = null!;

    /// <summary>The answer, where one is wanted.</summary>
    public AnswerBuilder? Answer { get; set; }

    /// <summary>Says why there is no room for another token.</summary>
    public Func<FinishReason?> Room { get; set; }

    /// <summary>Its part of a step; set while it runs.</summary>
    public ForwardRequest? Forward { get; set; }

    public bool IsRunning => Forward is not null;

    /// <summary>The device began it by itself, to make a cut cache whole: whoever else needs anything comes first.</summary>
    public bool IsAutomatic { get; init; }

    /// <summary>Its rows of the next step have their pages: the cache may not be cut until the step has run.</summary>
    public bool IsPrepared { get; set; }

    /// <summary>Bytes it did not find when it was tried last; 0: it was not tried, or something else was missing.</summary>
    public long NeededBytes { get; set; }

    /// <summary>Bytes its session held when it came.</summary>
    public long BytesBefore { get; set; }

    /// <summary>How many turns had ended when it was put back: it does not come again before another has.</summary>
    public long PutBackAt { get; set; } = -1;

    /// <summary>Nothing will make more room than there is: it starts with what it gets, and is cut as it goes.</summary>
    public bool IsSqueezed { get; set; }

    /// <summary>It waits because its tenant holds all that it may.</summary>
    public bool IsOverLimit { get; set; }

    /// <summary>Prompt rows it is owed; see <see cref="Decisions.StepPlanner"/>.</summary>
    public int Credit { get; set; }

    /// <summary>When it was called for, served last, ran its first step, gave its first token: timestamps; 0: not yet.</summary>
    public long ArrivedAt { get; }

    public long ServedAt { get; set; }

    public long StartedAt { get; set; }

    public long FirstTokenAt { get; set; }

    /// <summary>When the first token's logits were there.</summary>
    public long AnswerSince { get; set; }

    /// <summary>Answer tokens up to which memory was set aside.</summary>
    public int ReservedAnswer { get; set; }

    /// <summary>Whether the cold store has been asked, what it said, and whether loading is still worth trying.</summary>
    public bool HasLookedUp { get; set; }

    public SnapshotLookup? Found { get; set; }

    public MissCause? Miss { get; set; }

    public long LoadedBytes { get; set; }

    public int LoadedTokens { get; set; }

    /// <summary>Tokens computed behind the copy while it was loaded.</summary>
    public int OverlappedTokens { get; set; }

    public double PredictedSeconds { get; set; }

    /// <summary>When attaching began; 0: not yet.</summary>
    public long AttachSince { get; set; }

    /// <summary>Set when the turn got its cache; whole once its history is in.</summary>
    public AttachReport? Attach { get; set; }

    public bool IsAttached { get; set; }

    /// <summary>It had begun and was put back to wait for memory: it waits as long as it takes.</summary>
    public bool WasPutBack { get; set; }

    public ChannelReader<TurnEvent> Events => _events.Reader;

    /// <summary>Whether nothing will come any more; read by any thread.</summary>
    public bool IsOver => _over;

    public bool WantsAnswer => Request.Sampling is not null;

    /// <summary>Tokens of the sequence that are not in the cache.</summary>
    public int Missing => Sequence.Count - Session.Cached;

    /// <summary>Whether its next row is a generated token.</summary>
    public bool IsDecoding => Answer is { Count: > 0 } && Missing == 1;

    /// <summary>Answer tokens still to come at most.</summary>
    public int AnswerLeft => WantsAnswer ? Request.Sampling!.MaxTokens - (Answer?.Count ?? Request.Begun) : 0;

    /// <summary>The answer at its beginning: empty, or what of it was made elsewhere, which is yielded again.</summary>
    public AnswerBuilder BeginAnswer(LocalModel model)
    {
        ReadOnlySpan<int> tokens = Sequence.Span;
        int begun = Request.Begun;
        Answer = new AnswerBuilder(model, Request.Sampling!, tokens[..^begun]);
        foreach (int token in tokens[^begun..])
        {
            Emit(new TurnPiece(Answer.Replay(token)));
        }

        return Answer;
    }

    public void Emit(TurnEvent happened) => _events.Writer.TryWrite(happened);

    public void Complete(Exception? error)
    {
        _over = true;
        _events.Writer.TryComplete(error);
    }
}
