using KVCluster.Inference;
using KVCluster.Inference.Backend;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Sampling;
using KVCluster.Worker.Serving.Decisions;

namespace KVCluster.Worker.Serving.Device;

/// <summary>One step after another: plans it, runs the backend, and takes each turn further by what came out.</summary>
internal sealed class StepRunner(DeviceParts parts, TurnBoard board, TurnAttacher attacher, ArenaRoom room, Aging aging)
{
    private readonly StepPlanner _planner = new(
        parts.Backend.MaxBatchTokens, Math.Min(parts.Options.PrefillChunkTokens, parts.Backend.MaxBatchTokens), parts.Options.FairShareTokens);

    private readonly List<StepShare> _shares = [];
    private readonly List<(Turn Turn, int Rows)> _served = [];
    private readonly List<ForwardRequest> _batch = [];
    private readonly List<float[]> _logits = [];
    private StepCandidate[] _candidates = [];

    /// <summary>Runs one step; false where no turn can go on.</summary>
    public bool Run()
    {
        if (board.Running.Count == 0)
        {
            return false;
        }

        Plan();
        Prepare();
        if (_batch.Count == 0)
        {
            return FreeMemory();
        }

        long start = parts.Now;
        foreach ((Turn turn, _) in _served)
        {
            turn.StartedAt = turn.StartedAt == 0 ? start : turn.StartedAt;
        }

        try
        {
            parts.Backend.Forward(_batch);
        }
        catch (ArenaFullException)
        {
            // The pages were there, but the device had no memory for even one token's activations beside them: fewer turns must do.
            GiveUp(board.Running[^1], "its memory does not suffice for a step's activations");
            return true;
        }
        finally
        {
            _served.ForEach(served => served.Turn.IsPrepared = false);
        }

        Account(start, parts.Now);
        for (int i = 0; i < _served.Count; i++)
        {
            Advance(_served[i].Turn, _served[i].Rows, _batch[i].LogitsDestination.Span);
        }

        return true;
    }

    private void Plan()
    {
        List<Turn> running = board.Running;
        if (_candidates.Length < running.Count)
        {
            _candidates = new StepCandidate[2 * running.Count];
        }

        long now = parts.Now;
        for (int i = 0; i < running.Count; i++)
        {
            Turn turn = running[i];
            bool decoding = turn.IsDecoding;
            int rank = decoding ? 0 : aging.Rank(turn.Request.Priority, turn.ServedAt, now);
            _candidates[i] = new StepCandidate(turn.Missing, decoding, rank, turn.Credit);
        }

        _planner.Plan(_candidates.AsSpan(0, running.Count), _shares);
    }

    /// <summary>Makes room for every row; turns that find none sit this step out.</summary>
    private void Prepare()
    {
        _batch.Clear();
        _served.Clear();
        foreach (StepShare share in _shares)
        {
            Turn turn = board.Running[share.Index];
            if (!TryPrepare(turn, share.Rows))
            {
                continue;
            }

            turn.Credit = share.Credit;
            ForwardRequest request = turn.Forward!;
            bool last = share.Rows == turn.Missing;
            request.Tokens = turn.Sequence.Slice(turn.Session.Cached, share.Rows);
            request.Logits = last && turn.WantsAnswer ? LogitsRows.Last : LogitsRows.None;
            request.LogitsDestination = request.Logits == LogitsRows.Last ? Buffer(_batch.Count) : default;
            _batch.Add(request);
            _served.Add((turn, share.Rows));
        }
    }

    private bool TryPrepare(Turn turn, int rows)
    {
        if (turn.IsDecoding && turn.Answer!.Count >= turn.ReservedAnswer)
        {
            attacher.Extend(turn);
        }

        KvCache cache = turn.Session.Cache!;
        int pages = cache.PagesToAppend(rows);
        if (pages > 0 && !room.Ensure(pages - cache.ReservedPages, turn))
        {
            return false;
        }

        try
        {
            cache.PrepareAppend(rows);
            turn.IsPrepared = true;
            return true;
        }
        catch (ArenaFullException)
        {
            // A load off this thread took the pages in between.
            return false;
        }
    }

    /// <summary>Every turn waits for memory that none will give up: one must. False where it comes by itself.</summary>
    private bool FreeMemory()
    {
        if (room.IsComing || room.IsHeldUp || board.IsFetching)
        {
            return false;
        }

        if (!board.TakeFromWaiting() && !board.PutBack())
        {
            if (attacher.IsLoading)
            {
                // What is fetched ahead can leave again once it is there: no answer ends for it.
                return false;
            }

            Turn last = board.Running[^1];
            GiveUp(last, $"session {last.Session.Key} needs more memory than others can give");
        }

        return true;
    }

    private void GiveUp(Turn turn, string reason)
    {
        if (turn.Answer is { Count: > 0 } answer)
        {
            answer.End(FinishReason.ArenaFull);
            board.Finish(turn);
            return;
        }

        board.Fail(turn, new DeviceBusyException($"device {parts.Options.Device}: {reason}", RetryEstimate.Least));
    }

    private void Account(long start, long end)
    {
        int prompt = 0;
        int decoded = 0;
        bool all = _served.Count == board.Running.Count;
        foreach ((Turn turn, int rows) in _served)
        {
            bool decoding = turn.IsDecoding;
            decoded += decoding ? rows : 0;
            prompt += decoding ? 0 : rows;
            turn.ServedAt = end;
            turn.Steps?.Add(start, end, rows, _served.Count, decoding);
            if (decoding ? !all : turn.Credit == 0)
            {
                // Whoever had a share goes behind the others; see the planner.
                board.Running.Remove(turn);
                board.Running.Add(turn);
            }
        }

        double seconds = parts.Seconds(start, end);
        parts.Speeds.Step(prompt, decoded, seconds);
        parts.Activity.Computed(prompt);
        WorkerMetrics.Stepped(parts.Labels, prompt, decoded, seconds);
    }

    private void Advance(Turn turn, int rows, ReadOnlySpan<float> logits)
    {
        DeviceSession session = turn.Session;
        session.Grow(rows);
        if (!turn.IsAttached && session.Cached >= turn.HistoryTokens)
        {
            board.CompleteAttach(turn);
        }

        if (turn.Missing > 0)
        {
            return;
        }

        if (turn.Answer is null)
        {
            board.Finish(turn);
            return;
        }

        try
        {
            Answer(turn, turn.Answer, logits);
        }
        catch (InputException e)
        {
            board.Fail(turn, e);
        }
    }

    private void Answer(Turn turn, AnswerBuilder answer, ReadOnlySpan<float> logits)
    {
        if (turn.FirstTokenAt == 0)
        {
            turn.FirstTokenAt = parts.Now;
            turn.AnswerSince = turn.FirstTokenAt;
        }

        SampledToken sampled = answer.Sample(logits);
        parts.Activity.Generated();
        turn.Sequence.Add(sampled.Token);
        turn.Emit(new TurnPiece(answer.Add(sampled, turn.Room)));
        if (answer.Reason is not null)
        {
            board.Finish(turn);
        }
    }

    private float[] Buffer(int index)
    {
        while (_logits.Count <= index)
        {
            _logits.Add(new float[parts.Model.Config.VocabularySize]);
        }

        return _logits[index];
    }
}
