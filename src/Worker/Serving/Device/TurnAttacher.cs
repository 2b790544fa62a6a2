using KVCluster.Inference;
using KVCluster.Inference.Backend;
using KVCluster.Inference.Kv;
using KVCluster.Storage;
using KVCluster.Worker.Serving.Decisions;

namespace KVCluster.Worker.Serving.Device;

/// <summary>Gives a waiting turn its cache and the memory it will need: resident, loaded, or computed as it runs.</summary>
internal sealed class TurnAttacher(DeviceParts parts, ArenaRoom room, CacheFetcher fetcher)
{
    /// <summary>Whether a running turn's cache can be cut when it needs more memory than there is.</summary>
    private bool Cuts => parts.Options.Pressure is { Compress: true };

    /// <summary>Pages that one session may have: where it can be cut, those of the limit.</summary>
    private long MostPages => Cuts ? parts.LimitBytes / parts.Geometry.PageBytes : parts.TotalPages;

    /// <summary>Whether copies are being loaded, for whomever.</summary>
    public bool IsLoading => fetcher.IsLoading;

    /// <summary>Whether caches are leaving the arena.</summary>
    public bool IsRoomComing => room.IsComing || room.IsRanking;

    /// <summary>
    /// Takes a turn as far as it gets. Called again after a look or a load has ended, or when room may have come.
    /// </summary>
    /// <exception cref="InputException">The turn can never fit the arena.</exception>
    public Admission Try(Turn turn)
    {
        DeviceSession session = turn.Session;
        if (session.Fetch is not null)
        {
            return Admission.Fetching;
        }

        int keep = Usable(turn);
        if (WantsLook(turn, keep))
        {
            turn.AttachSince = parts.Now;
            turn.HasLookedUp = true;
            fetcher.Find(session, QueryOf(turn), found => Found(turn, found));
            return Admission.Fetching;
        }

        if (turn.Found is { } copy)
        {
            AttachChoice choice = AttachChoice.Of(
                turn.HistoryTokens, Math.Min(keep, turn.HistoryTokens), Math.Min(copy.Tokens, turn.HistoryTokens), copy.StoredBytes, parts.AttachSpeeds);
            turn.PredictedSeconds = choice.Seconds;
            if (choice.Way == AttachWay.Load)
            {
                return Load(turn, copy);
            }
        }

        return Begin(turn, keep);
    }

    /// <summary>Sets memory aside for the next part of a long answer, as far as there is room.</summary>
    public void Extend(Turn turn)
    {
        int more = Math.Min(turn.AnswerLeft, parts.Options.AnswerReserveTokens);
        KvCache cache = turn.Session.Cache!;
        turn.ReservedAnswer = turn.Answer!.Count + more;
        if (more == 0 || !room.Ensure(cache.PagesToAppend(more) - cache.ReservedPages, turn))
        {
            return;
        }

        try
        {
            cache.Reserve(more);
        }
        catch (ArenaFullException)
        {
            // A load was quicker. The answer goes on page by page, or waits.
        }
    }

    /// <summary>Tokens of the resident cache that the turn can go on from. To answer, at least one token has to run.</summary>
    private static int Usable(Turn turn)
    {
        DeviceSession session = turn.Session;
        if (session.Cache is null || (turn.Restores && !session.Cache.IsExact))
        {
            return 0;
        }

        int common = session.CommonPrefix(turn.Sequence.Span);
        return session.Cuttable(turn.WantsAnswer ? Math.Min(common, turn.Sequence.Count - 1) : common);
    }

    private bool WantsLook(Turn turn, int keep) =>
        parts.Store is not null && !turn.HasLookedUp && turn.HistoryTokens - keep >= parts.Options.MinLookupTokens;

    private SnapshotQuery QueryOf(Turn turn) => new()
    {
        Owner = new SnapshotOwner(turn.Session.Key.Tenant, turn.Session.Key.Session),
        Terms = new SnapshotTerms(parts.Model.Fingerprint, parts.Geometry),
        Epoch = turn.Request.Epoch,
        Tokens = turn.Sequence.Slice(0, turn.HistoryTokens),
        ExactOnly = turn.Restores,
        Trace = turn.Span?.Context ?? default,
    };

    private void Found(Turn turn, SnapshotLookup found)
    {
        turn.Miss = found.Miss;
        turn.Found = found.IsHit && fetcher.Fits(found) ? found : null;
    }

    private Admission Load(Turn turn, SnapshotLookup copy)
    {
        int more = RoomBehind(copy, turn.Sequence.Count - Math.Min(copy.Tokens, turn.Sequence.Count) + AnswerTokens(turn, copy.IsExact));
        if (!IsWithinLimit(turn, copy.Pages))
        {
            return Admission.OverLimit;
        }

        SnapshotQuery query = QueryOf(turn);
        bool begun = fetcher.TryLoad(turn.Session, query, copy, more, load => Loaded(turn, load), turn);
        if (!begun && turn.Session.Cache is not null)
        {
            // The copy replaces what is resident anyway: its room may be all that was missing.
            turn.Session.Drop();
            begun = fetcher.TryLoad(turn.Session, query, copy, more, load => Loaded(turn, load), turn);
        }

        if (!begun && turn.IsSqueezed)
        {
            // Nobody gives any more: the copy alone, or, where not even that has room, its tokens computed and cut as they come.
            begun = fetcher.TryLoad(turn.Session, query, copy, 0, load => Loaded(turn, load), turn);
            if (!begun)
            {
                turn.Found = null;
                return Begin(turn, Usable(turn));
            }
        }

        turn.NeededBytes = begun ? 0 : (long)copy.Pages * parts.Geometry.PageBytes;
        return begun ? Admission.Fetching : Admission.NoRoom;
    }

    /// <summary>Tokens whose memory is set aside with a copy's: no more than the device may hold, where what follows is cut as it goes.</summary>
    private int RoomBehind(SnapshotLookup copy, int more)
    {
        while (more > 0 && fetcher.PagesOf(copy, more) > MostPages)
        {
            more /= 2;
        }

        return more;
    }

    private static void Loaded(Turn turn, SnapshotLoad load)
    {
        turn.Found = null;
        turn.Miss = load.Miss;
        if (load.Miss is null)
        {
            turn.LoadedBytes = load.Bytes;
            turn.LoadedTokens = load.Tokens;
        }

        if (turn.IsOver)
        {
            turn.Session.Cache?.ReleaseReservation();
        }
    }

    private Admission Begin(Turn turn, int keep)
    {
        DeviceSession session = turn.Session;
        int total = turn.Sequence.Count;
        if (keep > 0)
        {
            session.Cut(keep);
        }

        bool exact = keep == 0 || session.Cache!.IsExact;
        if (!Cuts || turn.Restores)
        {
            RequireFit(session, keep, total - keep);
        }

        int answer = AnswerFitting(turn, keep, total - keep, exact);
        int tokens = Fitting(session, keep, total - keep + answer);
        long needed = Needed(session, keep, tokens);
        if (!IsWithinLimit(turn, needed))
        {
            return Admission.OverLimit;
        }

        if (!room.Ensure(needed, turn) && !(turn.IsSqueezed && Squeeze(session, keep, ref tokens)))
        {
            turn.NeededBytes = needed * parts.Geometry.PageBytes;
            return Admission.NoRoom;
        }

        // Before anything is held for the turn: what an answer refuses leaves it as it waits, to be ended so.
        if (turn is { WantsAnswer: true, Answer: null })
        {
            turn.BeginAnswer(parts.Model);
        }

        if (session.Cache is null)
        {
            session.Adopt(parts.Backend.CreateCache(parts.Options.Observe), turn.Sequence, 0);
        }

        session.Cut(keep);
        KvCache cache = session.Cache!;
        cache.Pin();
        try
        {
            cache.Reserve(tokens);
        }
        catch (ArenaFullException)
        {
            cache.Unpin();
            return Admission.NoRoom;
        }

        Start(turn, keep, answer);
        return turn.Missing > 0 ? Admission.Started : Admission.Complete;
    }

    private bool IsWithinLimit(Turn turn, long pages)
    {
        turn.IsOverLimit = room.Pressure is { } pressure && !pressure.IsWithinLimit(turn.Session, pages * parts.Geometry.PageBytes);
        return !turn.IsOverLimit;
    }

    private void Start(Turn turn, int keep, int answer)
    {
        DeviceSession session = turn.Session;
        turn.AttachSince = turn.AttachSince == 0 ? parts.Now : turn.AttachSince;
        turn.Attach ??= ReportOf(turn, keep);
        session.Tokens = turn.Sequence;
        session.Changed();
        turn.Forward = new ForwardRequest(session.Cache!);
        turn.ReservedAnswer = (turn.Answer?.Count ?? turn.Request.Begun) + answer;
        turn.ServedAt = parts.Now;
        turn.Credit = 0;
        turn.NeededBytes = 0;
        turn.Room = () => RoomAfter(session);
    }

    private AttachReport ReportOf(Turn turn, int keep)
    {
        int cached = Math.Min(keep, turn.LoadedBytes > 0 ? Math.Min(turn.LoadedTokens, turn.HistoryTokens) : turn.HistoryTokens);

        // The last token of an answer was never in the cache: running it is no recomputation.
        DeviceSession session = turn.Session;
        bool pending = cached > 0 && cached == session.Cached && cached < turn.HistoryTokens && session.Tokens.Count > cached
            && session.Tokens.Span[cached] == turn.Sequence.Span[cached];
        AttachSource source = turn.HistoryTokens == 0 ? AttachSource.New
            : turn.LoadedBytes > 0 ? AttachSource.Loaded
            : cached > 0 ? AttachSource.Resident
            : AttachSource.Recomputed;
        return new AttachReport
        {
            Source = source,
            CachedTokens = cached,
            RecomputedTokens = turn.HistoryTokens - cached - (pending ? 1 : 0),
            LoadedBytes = turn.LoadedBytes,
            OverlappedTokens = turn.OverlappedTokens,
            Miss = turn.Miss,
            PredictedSeconds = source is AttachSource.Loaded or AttachSource.Recomputed ? Predicted(turn, cached) : 0,
        };
    }

    private double Predicted(Turn turn, int cached) =>
        turn.PredictedSeconds > 0 ? turn.PredictedSeconds : (turn.HistoryTokens - cached) / parts.AttachSpeeds.PrefillTokensPerSecond;

    /// <summary>
    /// Answer tokens whose memory is set aside before the turn runs: all of them where the cache is compressed and running turns are not cut,
    /// since such a turn cannot be put back and computed again; else a part, which is extended as the answer grows.
    /// </summary>
    private int AnswerTokens(Turn turn, bool exact)
    {
        int context = parts.Model.Config.ContextLength - turn.Sequence.Count;
        return Math.Max(0, Math.Min(Math.Min(turn.AnswerLeft, exact || Cuts ? parts.Options.AnswerReserveTokens : int.MaxValue), context));
    }

    /// <summary>As <see cref="AnswerTokens"/>, but no more than an arena without anybody else has room for.</summary>
    private int AnswerFitting(Turn turn, int keep, int rows, bool exact)
    {
        int answer = AnswerTokens(turn, exact);
        while (answer > 0 && PagesAfter(turn.Session, keep, rows + answer) > parts.TotalPages)
        {
            answer /= 2;
        }

        return answer;
    }

    /// <summary>As many tokens as there is room for at this instant; false where there is none for one.</summary>
    private bool Squeeze(DeviceSession session, int keep, ref int tokens)
    {
        while (tokens > 1 && Needed(session, keep, tokens) > parts.FreePages)
        {
            tokens /= 2;
        }

        return Needed(session, keep, tokens) <= parts.FreePages;
    }

    /// <summary>Tokens whose memory is set aside: a turn longer than the device may hold is cut as it goes.</summary>
    private int Fitting(DeviceSession session, int keep, int tokens)
    {
        while (tokens > 1 && PagesAfter(session, keep, tokens) > MostPages)
        {
            tokens /= 2;
        }

        return tokens;
    }

    private void RequireFit(DeviceSession session, int keep, int rows)
    {
        if (PagesAfter(session, keep, rows) > parts.TotalPages)
        {
            throw new InputException(
                $"session {session.Key}: {keep + rows} tokens exceed the KV arena, which has room for "
                + $"{KvCapacity.MaxTokens(parts.Geometry, (long)parts.TotalPages * parts.Geometry.PageBytes)} tokens");
        }
    }

    private long PagesAfter(DeviceSession session, int keep, int tokens) =>
        keep == 0 ? KvCapacity.PagesFor(parts.Geometry, tokens) : session.Cache!.PagesAfter(tokens);

    private long Needed(DeviceSession session, int keep, int tokens)
    {
        if (session.Cache is null)
        {
            return KvCapacity.PagesFor(parts.Geometry, tokens);
        }

        // What it holds now goes first where nothing of it is used.
        long own = session.Cache.ReservedPages + (keep == 0 ? session.Cache.ExclusiveBytes / parts.Geometry.PageBytes : 0);
        return (keep == 0 ? KvCapacity.PagesFor(parts.Geometry, tokens) : session.Cache.PagesToAppend(tokens)) - own;
    }

    private FinishReason? RoomAfter(DeviceSession session)
    {
        KvCache cache = session.Cache!;
        if (cache.LogicalLength >= parts.Model.Config.ContextLength)
        {
            return FinishReason.ContextFull;
        }

        // Where others hold the memory the turn waits for it; alone in the arena it would find no more, unless it can be cut.
        return !Cuts && cache.PagesAfter(1) > parts.TotalPages ? FinishReason.ArenaFull : null;
    }
}
