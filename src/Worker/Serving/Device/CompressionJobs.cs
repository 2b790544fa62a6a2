using KVCluster.Compression.Policies;
using KVCluster.Inference.Kv;
using KVCluster.Worker.Serving.Decisions;
using KVCluster.Worker.Serving.Device.Pressure;
using KVCluster.Worker.Serving.Pressure;

namespace KVCluster.Worker.Serving.Device;

/// <summary>
/// Compressions that callers asked for, one after another, a bounded piece between two steps of the device. Scores that lie ready make one
/// instant. A turn of the session comes first: it ends the compression.
/// </summary>
internal sealed class CompressionJobs(DeviceParts parts) : IDisposable
{
    /// <summary>Bounds what a piece adds to the time between two tokens of those who decode.</summary>
    private const int ChunkTokens = 128;

    private readonly List<Job> _jobs = [];

    /// <summary>Takes a compression in; the session has a cache and no turn.</summary>
    public Task<CompressionReport?> Begin(DeviceSession session, CompressionRequest request)
    {
        var job = new Job(session, request with { ReplayChunkTokens = Math.Min(request.ReplayChunkTokens, ChunkTokens) });
        session.Compressing++;
        _jobs.Add(job);
        return job.Done.Task;
    }

    /// <summary>Does one piece; false where there is nothing to do.</summary>
    public bool Step()
    {
        if (_jobs.Count == 0 || _jobs.Find(CanGoOn) is not { } job)
        {
            return false;
        }

        try
        {
            if (job.Session.Cache is null)
            {
                End(job).TrySetResult(null);
                return true;
            }

            job.Pass ??= Start(job);
            int applied = job.Pass.Applied;
            bool more = job.Pass.Step();
            if (job.Pass.Applied != applied)
            {
                Changed(job.Session);
            }

            if (!more)
            {
                CompressionReport report = Record(job);
                End(job).TrySetResult(report);
            }
        }
        catch (ArenaFullException e)
        {
            // Pages that a fork holds too are copied before they are written.
            Fail(job, new DeviceBusyException(
                $"device {parts.Options.Device}: session {job.Session.Key} shares pages, and there is no room to copy them: {e.Message}",
                RetryEstimate.Least));
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // A fault of the request, or of its policy, is its caller's; the cache is as the last stage left it.
            Fail(job, e);
        }

        return true;
    }

    /// <summary>Ends the compressions of a session, or of all.</summary>
    public void Abort(DeviceSession? session, Func<DeviceSession, Exception> error)
    {
        foreach (Job job in _jobs.Where(job => session is null || ReferenceEquals(job.Session, session)).ToArray())
        {
            Fail(job, error(job.Session));
        }
    }

    public void Dispose()
    {
        foreach (Job job in _jobs)
        {
            job.Pass?.Dispose();
        }
    }

    // What a save reads would be copied before it is cut, and come free only at the save's end: that is waited for, unless the store hangs.
    private bool CanGoOn(Job job) => job.Session.Readers == 0 || job.Session.Cache is null || parts.StoreHealth.Late > 0;

    private CompressionPass Start(Job job)
    {
        DeviceSession session = job.Session;
        CompressionRequest request = job.Request;
        bool staged = request.Policy is IStagedPolicy { Stages: > 1 };
        if (request.Input is null && !staged && session.Scores is { } scores && scores.Request == request.Policy.Request)
        {
            request = request with { Input = scores.Input };
        }

        ReadOnlyMemory<int> history = session.Tokens.Slice(0, session.Cached);
        var context = PolicyContexts.Of(parts.Model, history, request, parts.Options.Observe);
        return new Compressor(parts.Backend, session.Cache!, context).BeginRun(request);
    }

    private static void Changed(DeviceSession session)
    {
        session.Changed();
        if (session.Cache!.LogicalLength < session.Cached)
        {
            session.ClosedTokens = session.Cached;
        }
    }

    private CompressionReport Record(Job job)
    {
        CompressionReport report = job.Pass!.Report with { At = parts.Options.Time.GetUtcNow(), Cause = ReliefCauses.Asked };
        if (!job.Session.Cache!.IsExact)
        {
            job.Session.Compressions = [.. job.Session.Compressions, report];
        }

        parts.Counts.Changes++;
        parts.Log.Add(new ReliefEvent
        {
            Kind = ReliefKind.Compress,
            Cause = ReliefCauses.Asked,
            Session = job.Session.Key,
            UsedBytes = parts.Ledger().TotalBytes - parts.Ledger().FreeBytes,
            LimitBytes = parts.LimitBytes,
            FreedBytes = report.FreedBytes,
            DroppedMass = report.DroppedMass,
            Tokens = job.Session.Cached,
            KeptPerLayer = CacheCutter.KeptPerLayer(report.Summary),
            Seconds = report.ScoringSeconds + report.PlanSeconds + report.ApplySeconds,
        });
        return report;
    }

    /// <summary>Stages that were applied before count as a cut of their own.</summary>
    private void Fail(Job job, Exception error)
    {
        if (job.Pass is { Applied: > 0 } && job.Session.Cache is not null)
        {
            Record(job);
        }

        End(job).TrySetException(error);
    }

    private TaskCompletionSource<CompressionReport?> End(Job job)
    {
        job.Pass?.Dispose();
        job.Session.Compressing--;
        _jobs.Remove(job);
        return job.Done;
    }

    private sealed class Job(DeviceSession session, CompressionRequest request)
    {
        public DeviceSession Session { get; } = session;

        public CompressionRequest Request { get; } = request;

        public CompressionPass? Pass { get; set; }

        public TaskCompletionSource<CompressionReport?> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
