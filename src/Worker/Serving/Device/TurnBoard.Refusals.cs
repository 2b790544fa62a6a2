using KVCluster.Compression.Pressure.Admission;
using KVCluster.Inference;
using KVCluster.Inference.Kv;
using KVCluster.Worker.Serving.Decisions;
using KVCluster.Worker.Serving.Pressure;
using KVCluster.Worker.Serving.Telemetry;

namespace KVCluster.Worker.Serving.Device;

/// <content>Turns that are not taken, or wait too long: what they are told, and what is counted and noted of them.</content>
internal sealed partial class TurnBoard
{
    /// <summary>Bytes that each tenant's waiting turns did not find.</summary>
    public Dictionary<string, long> WaitingByTenant()
    {
        Dictionary<string, long> bytes = new(StringComparer.Ordinal);
        foreach (Turn turn in _waiting)
        {
            string tenant = turn.Session.Key.Tenant;
            bytes[tenant] = bytes.GetValueOrDefault(tenant) + turn.NeededBytes;
        }

        return bytes;
    }

    /// <summary>Refuses turns that have waited too long.</summary>
    public void Expire()
    {
        long now = parts.Now;
        for (int i = _waiting.Count - 1; i >= 0; i--)
        {
            Turn turn = _waiting[i];
            if (CanExpire(turn) && parts.Options.Time.GetElapsedTime(turn.ArrivedAt, now) >= MaxWait(turn))
            {
                string why = turn.IsOverLimit
                    ? $"device {parts.Options.Device}: tenant {turn.Session.Key.Tenant} holds all the memory that it may there"
                    : $"device {parts.Options.Device}: no room came free within {MaxWait(turn)}";
                LogRefusal(turn, turn.Session);
                Fail(turn, new DeviceBusyException(why, RetryAfter(turn)));
            }
        }
    }

    /// <summary>Time until the next turn will have waited too long; null where none can.</summary>
    public TimeSpan? NextExpiry()
    {
        long now = parts.Now;
        TimeSpan? next = null;
        foreach (Turn turn in _waiting.Where(CanExpire))
        {
            TimeSpan left = MaxWait(turn) - parts.Options.Time.GetElapsedTime(turn.ArrivedAt, now);
            next = next is null || left < next ? left : next;
        }

        return next;
    }

    private void Refused(Turn turn, TurnEnding outcome)
    {
        parts.Activity.Ended(outcome);
        WorkerTrace.End(turn, parts, new DeviceBusyException(outcome.ToString(), TimeSpan.Zero));
    }

    private TurnEnding OutcomeOf(Exception error) => error switch
    {
        DeviceBusyException => IsDraining ? TurnEnding.RefusedDraining : TurnEnding.RefusedNoRoom,
        OperationCanceledException => TurnEnding.Cancelled,
        StaleEpochException => TurnEnding.Fenced,
        _ => TurnEnding.Failed,
    };

    [System.Diagnostics.CodeAnalysis.DoesNotReturn]
    private void Refuse(Turn turn, DeviceSession session, string why)
    {
        LogRefusal(turn, session);
        throw new DeviceBusyException(why, RetryAfter(turn));
    }

    private void LogRefusal(Turn turn, DeviceSession session)
    {
        LedgerSnapshot ledger = parts.Ledger();
        parts.Log.Add(new ReliefEvent
        {
            Kind = ReliefKind.Refuse,
            Cause = turn.IsOverLimit ? ReliefCauses.TenantLimit : ReliefCauses.WaitingTurns,
            Session = session.Key,
            UsedBytes = ledger.TotalBytes - ledger.FreeBytes,
            LimitBytes = parts.LimitBytes,
            WaitingBytes = parts.Counts.WaitingBytes,
            Tokens = turn.Sequence.Count,
            Seconds = parts.Seconds(turn.ArrivedAt, parts.Now),
        });
    }

    private TimeSpan RetryAfter(Turn turn)
    {
        AttachSpeeds speeds = parts.AttachSpeeds;
        RunningDemand[] running = [.. _running.Select(DemandOf)];
        int beside = Math.Max(0, running.Length - 1);
        IEnumerable<Turn> ahead = _waiting.Where(waiting => !ReferenceEquals(waiting, turn));
        var outlook = new AdmissionOutlook
        {
            FreeBytes = parts.FreePages * parts.Geometry.PageBytes,
            Running = RetryEstimate.Ends(running, speeds.PrefillTokensPerSecond, parts.DecodeSpeed),
            Ahead = [.. ahead.Select(t => RetryEstimate.Queued(DemandOf(t), beside, speeds.PrefillTokensPerSecond, parts.DecodeSpeed))],
            ReclaimableBytes = parts.Ledger().EvictableBytes,
            ReclaimBytesPerSecond = ReclaimSpeed(),
            StartsWithLess = Cuts,
        };
        return RetryEstimate.Of(outlook, BytesOf(turn));
    }

    /// <summary>Idle caches leave as fast as they are written; without a store at once.</summary>
    private double ReclaimSpeed() => parts.Store is null ? double.MaxValue : parts.SaveBytesPerSecond;

    /// <summary>What is left of a turn. A waiting one holds nothing of what it will: all of it is still to be taken.</summary>
    private RunningDemand DemandOf(Turn turn)
    {
        long held = turn.IsRunning
            ? (long)(turn.Session.Cache!.PageCount + turn.Session.Cache.ReservedPages) * parts.Geometry.PageBytes
            : BytesOf(turn);
        int answer = parts.Answers.Left(turn.Answer?.Count ?? turn.Request.Begun, turn.AnswerLeft);
        return new RunningDemand(turn.IsDecoding ? 0 : turn.Missing, answer, held);
    }

    private long BytesOf(Turn turn) => KvCapacity.BytesFor(parts.Geometry, turn.Sequence.Count + parts.Options.AnswerReserveTokens);

    private static bool CanExpire(Turn turn) => !turn.WasPutBack && turn.Session.Fetch is null;

    private TimeSpan MaxWait(Turn turn) => turn.Request.MaxWait ?? parts.Options.MaxWait;

    /// <summary>Whoever needs anything comes before what the device does by itself.</summary>
    private void EndAutomatic()
    {
        foreach (Turn turn in _waiting.Concat(_running).Where(turn => turn.IsAutomatic).ToArray())
        {
            Fail(turn, new OperationCanceledException($"session {turn.Session.Key}: a turn has come"));
        }
    }
}
