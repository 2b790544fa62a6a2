using KVCluster.Compression;
using KVCluster.Compression.Budgets;
using KVCluster.Compression.Policies;
using KVCluster.Inference;
using KVCluster.Inference.Backend;
using KVCluster.Inference.Kv;

namespace KVCluster.Worker.Serving.Device;

/// <summary>
/// Makes the configured policy's scores of idle sessions while the device has nothing else to do, one bounded piece at a time, the session
/// used last first. A turn of another session only interrupts it; whatever changes the cache drops what was made.
/// </summary>
internal sealed class IdleScoring(DeviceParts parts) : IDisposable
{
    /// <summary>Small, so that a turn that arrives does not wait long for a piece to end.</summary>
    private const int ChunkTokens = 128;

    private readonly List<DeviceSession> _wanting = [];
    private readonly List<(DeviceSession Session, SessionScores Scores)> _made = [];
    private readonly CompressionRequest? _request = parts.Options.IdleScores is { } policy
        ? new CompressionRequest(policy, RetentionBudget.OfRatio(0)) { ReplayChunkTokens = ChunkTokens }
        : null;

    private DeviceSession? _session;
    private PolicyGathering? _gathering;
    private int _version;

    /// <summary>Told of each session whose scores were made.</summary>
    public Action<DeviceSession> Made { get; set; } = _ => { };

    /// <summary>The session's turn has ended: its cache may be worth scoring.</summary>
    public void Offer(DeviceSession session)
    {
        if (_request is not null && session.Cached > 0)
        {
            _wanting.Remove(session);
            _wanting.Add(session);
        }
    }

    /// <summary>Does one piece; false where there is nothing to do.</summary>
    public bool Step()
    {
        if (_request is null || !Take())
        {
            return false;
        }

        try
        {
            if (!_gathering!.Step())
            {
                Keep(_session!, _gathering.Result);
                Drop();
            }
        }
        catch (Exception e) when (e is InputException or ArenaFullException)
        {
            // The policy needs what this session or model does not have, or the device has no memory for a pass: an explicit request will
            // say so to its caller.
            Drop();
        }

        return true;
    }

    public void Dispose() => Drop();

    /// <summary>Goes on with the session at hand while it is as it was, else begins with the next.</summary>
    private bool Take()
    {
        if (_gathering is not null && _session!.Version == _version && _session.Cache is not null)
        {
            return true;
        }

        Drop();
        while (_wanting.Count > 0)
        {
            DeviceSession next = _wanting[^1];
            _wanting.RemoveAt(_wanting.Count - 1);
            if (next.IsIdle && next.Scores is null)
            {
                return TryBegin(next) || Take();
            }
        }

        return false;
    }

    private bool TryBegin(DeviceSession session)
    {
        try
        {
            PolicyContext context = PolicyContexts.Of(parts.Model, session.Tokens.Slice(0, session.Cached), _request!, parts.Options.Observe);
            _gathering = new Compressor(parts.Backend, session.Cache!, context).Begin(_request!.Policy);
            (_session, _version) = (session, session.Version);
            return true;
        }
        catch (Exception e) when (e is InputException or ArenaFullException)
        {
            return false;
        }
    }

    private void Keep(DeviceSession session, GatheredInput input)
    {
        AttentionScores? worth = Worth(input);
        session.Scores = new SessionScores(_request!.Policy.Request, input, input.Input.Bytes + (worth?.Bytes ?? 0), worth);
        session.Carried = session.Scores.Worth;
        _made.Add((session, session.Scores));
        Made(session);
        _made.RemoveAll(entry => !ReferenceEquals(entry.Session.Scores, entry.Scores));
        long total = _made.Sum(entry => entry.Scores.Bytes);
        while (total > parts.Options.IdleScoreBytes)
        {
            int oldest = Oldest();
            total -= _made[oldest].Scores.Bytes;
            _made[oldest].Session.Scores = null;
            _made.RemoveAt(oldest);
        }
    }

    private AttentionScores? Worth(GatheredInput input)
    {
        try
        {
            return (_request!.Policy as IScoringPolicy)?.Score(input.Input);
        }
        catch (PolicyException)
        {
            // Not all of them are numbers.
            return null;
        }
    }

    private int Oldest()
    {
        int oldest = 0;
        for (int i = 1; i < _made.Count; i++)
        {
            oldest = _made[i].Session.LastUse < _made[oldest].Session.LastUse ? i : oldest;
        }

        return oldest;
    }

    private void Drop()
    {
        _gathering?.Dispose();
        _gathering = null;
        _session = null;
    }
}
