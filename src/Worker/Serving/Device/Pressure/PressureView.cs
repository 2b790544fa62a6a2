using KVCluster.Compression.Pressure;
using KVCluster.Worker.Serving.Decisions;
using KVCluster.Worker.Serving.Pressure;

namespace KVCluster.Worker.Serving.Device.Pressure;

/// <summary>Describes the device's sessions to the pressure controller.</summary>
internal sealed class PressureView(DeviceParts parts, DevicePressureOptions options, CacheRanking ranking)
{
    private const double LeastMass = 1e-30;

    /// <summary>Whether the last candidates lacked one whose histogram is on its way.</summary>
    public bool LeftOut { get; private set; }

    /// <summary>Whether copies can be written.</summary>
    public bool CanSave => parts.Store is not null && parts.StoreHealth.IsGood;

    /// <summary>
    /// Whether a session may be asked for bytes: nobody is at work on its cache, it is not pinned, and if a turn runs, then its answer grows
    /// or (<paramref name="growing"/>) it is the very one that needs room.
    /// </summary>
    public bool MayTouch(DeviceSession session, DeviceSession? growing = null) => session.Cache is not null
        && session.Cached > 0
        && session is { Fetch: null, Compressing: 0, IsLeaving: false, IsToBeCut: false }
        && (session.Turn is null or { Restores: false, IsRunning: false } || MayTouch(session.Turn, growing))
        && !parts.IsPinned(session);

    private static bool MayTouch(Turn running, DeviceSession? growing) =>
        running is { Restores: false, IsPrepared: false } && (running.IsDecoding || ReferenceEquals(running.Session, growing));

    /// <summary>A turn runs on its cache: nothing can be had of it but by waiting.</summary>
    private bool IsAtWork(DeviceSession session) =>
        session is { Cache: not null, Turn: { IsRunning: true, Restores: false } } && !parts.IsPinned(session);

    /// <summary>Bytes each tenant holds, shared pages in parts, reservations included.</summary>
    public Dictionary<string, long> Tenants()
    {
        Dictionary<string, long> held = new(StringComparer.Ordinal);
        foreach (DeviceSession session in parts.Sessions.Values)
        {
            if (session.Cache is not null)
            {
                held[session.Key.Tenant] = held.GetValueOrDefault(session.Key.Tenant) + Held(session);
            }
        }

        return held;
    }

    /// <summary>Bytes a session holds, shared pages in parts, its reservation included.</summary>
    public long Held(DeviceSession session) =>
        (long)session.Cache!.ShareOfBytes + ((long)session.Cache.ReservedPages * parts.Geometry.PageBytes);

    /// <summary>The sessions that may be asked for bytes, or waited for; of one tenant where one is named.</summary>
    public List<PressureCandidate> Candidates(
        IReadOnlyDictionary<string, long> tenants, PageSharing sharing, string? tenant, DeviceSession? growing)
    {
        var context = new Context(parts, tenants);
        List<PressureCandidate> candidates = new(parts.Sessions.Count);
        LeftOut = false;
        foreach (DeviceSession session in parts.Sessions.Values)
        {
            if (tenant is not null && session.Key.Tenant != tenant)
            {
                continue;
            }

            bool mayTouch = MayTouch(session, growing);
            if (!mayTouch && (growing is not null || !IsAtWork(session)))
            {
                continue;
            }

            PressureCandidate candidate = Candidate(session, context, sharing, growing, mayTouch);
            if (mayTouch && candidate.Histogram is null && ranking.IsComing(session))
            {
                LeftOut = true;
                continue;
            }

            candidates.Add(candidate);
        }

        return candidates;
    }

    /// <summary>Sessions' profiles with their weights, and bytes that no threshold frees.</summary>
    public (List<WeightedProfile> Parts, long Fixed) Profiles(IReadOnlyDictionary<string, long> tenants)
    {
        var context = new Context(parts, tenants);
        var sharing = new PageSharing(parts);
        List<WeightedProfile> profiles = [];
        long used = parts.Ledger().TotalBytes - parts.Ledger().FreeBytes;
        foreach (DeviceSession session in parts.Sessions.Values)
        {
            if (!MayTouch(session) || session.Turn is not null || Histogram(session, sharing) is not { } histogram)
            {
                continue;
            }

            double weight = SessionWeight.Of(context.Importance(session), Chance(session, context));
            profiles.Add(new WeightedProfile(histogram.Profile.WithoutFloors(), weight / Math.Max(LeastMass, histogram.TotalMass)));
            used -= histogram.Profile.Droppable;
        }

        return (profiles, Math.Max(0, used));
    }

    /// <summary>Idle sessions that could go elsewhere, those first that would be missed most, a byte.</summary>
    public List<MovableSession> Movable(IReadOnlyDictionary<string, long> tenants)
    {
        var context = new Context(parts, tenants);
        return [.. parts.Sessions.Values
            .Where(s => MayTouch(s) && s.Turn is null && (s.IsSaved || CanSave))
            .Select(s => (Session: s, Bytes: (long)s.Cache!.ShareOfBytes))
            .OrderByDescending(s => context.Importance(s.Session) * Chance(s.Session, context) * context.SecondsToReturn(s.Session) / Math.Max(1, s.Bytes))
            .ThenBy(s => s.Session.Name, StringComparer.Ordinal)
            .Select(s => new MovableSession(s.Session.Key, s.Bytes))];
    }

    private PressureCandidate Candidate(
        DeviceSession session, Context context, PageSharing sharing, DeviceSession? growing, bool mayTouch)
    {
        bool active = session.Turn is not null;
        bool saved = session.IsSaved;
        return new PressureCandidate
        {
            Session = session.Name,
            Tenant = session.Key.Tenant,
            Bytes = sharing.BytesOf(session),
            Histogram = mayTouch ? Histogram(session, sharing, ReferenceEquals(session, growing)) : null,
            IsMerelyObserved = session.Carried is null,
            IsActive = active,
            MayLeave = !active,
            Importance = context.Importance(session),
            ReturnChance = Chance(session, context),
            SecondsToReturn = context.SecondsToReturn(session),
            SecondsToLeave = saved || !CanSave ? 0 : context.SecondsToSave(session),

            // What a growing answer needs it needs for its next token. Turns that wait for each other are told apart by who gives way.
            SecondsToEnd = session.Turn is { } turn && growing is null ? context.SecondsToEnd(turn) : double.PositiveInfinity,
            HasColdCopy = saved || !CanSave,
        };
    }

    // Pages that other sessions hold too would have to be copied first: cutting them frees nothing, so they are floors.
    private ScoreHistogram? Histogram(DeviceSession session, PageSharing sharing, bool isAwaited = false) =>
        !options.Compress || sharing.IsBeingRead(session) ? null : ranking.Of(session, isAwaited);

    private double Chance(DeviceSession session, Context context) => session.Turn is not null || session.Uses.LastEnd == 0
        ? 1
        : options.Return.Of(parts.Seconds(session.Uses.LastEnd, context.Now), session.Uses.Gaps);

    /// <summary>What is the same for all sessions of one look.</summary>
    private sealed class Context
    {
        private readonly DeviceParts _parts;
        private readonly IReadOnlyDictionary<string, long> _tenants;
        private readonly DeviceTerms _terms;
        private readonly AttachSpeeds _speeds;
        private readonly double _saveSpeed;
        private readonly double _backlog;
        private readonly int _answers;

        public Context(DeviceParts parts, IReadOnlyDictionary<string, long> tenants)
        {
            _parts = parts;
            _tenants = tenants;
            _terms = parts.Terms;
            Now = parts.Now;
            _speeds = parts.AttachSpeeds;
            _saveSpeed = parts.SaveBytesPerSecond;
            long ahead = parts.Sessions.Values.Sum(s => s.Turn is { IsRunning: true, IsDecoding: false } turn ? (long)turn.Missing : 0);
            _backlog = ahead / _speeds.PrefillTokensPerSecond;
            _answers = Math.Max(1, parts.Sessions.Values.Count(s => s.Turn is { IsDecoding: true }));
        }

        public long Now { get; }

        public double Importance(DeviceSession session)
        {
            int priority = Math.Clamp(session.Priority, -SessionWeight.MostPriority, SessionWeight.MostPriority);
            string tenant = session.Key.Tenant;
            return SessionWeight.Importance(priority, _tenants.GetValueOrDefault(tenant), Math.Max(0, _terms.Tenant(tenant).EntitledBytes));
        }

        public double SecondsToReturn(DeviceSession session)
        {
            double compute = _backlog + (session.Cached / _speeds.PrefillTokensPerSecond);
            bool comesBack = session.IsSaved || (_parts.Store is not null && _parts.StoreHealth.IsGood);
            return comesBack ? Math.Min(compute, session.Cache!.Bytes / _speeds.LoadBytesPerSecond) : compute;
        }

        /// <summary>By the tokens that answers have, at its part of the device's speed.</summary>
        public double SecondsToEnd(Turn turn)
        {
            int left = _parts.Answers.Left(turn.Answer?.Count ?? turn.Request.Begun, turn.AnswerLeft);
            return (turn.Missing / _speeds.PrefillTokensPerSecond) + (left * _answers / _parts.DecodeSpeed);
        }

        public double SecondsToSave(DeviceSession session) => session.Cache!.Bytes / _saveSpeed;
    }
}
