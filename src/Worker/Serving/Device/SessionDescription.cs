using KVCluster.Inference.Kv;

namespace KVCluster.Worker.Serving.Device;

/// <summary>A session as callers see it.</summary>
internal static class SessionDescription
{
    public static ResidentSession Of(DeviceSession session, DeviceParts parts)
    {
        KvCache? cache = session.Cache;
        int[] lengths = cache is null ? [] : LengthsOf(cache);
        return new ResidentSession
        {
            Session = session.Key,
            Epoch = session.Epoch,
            State = StateOf(session),
            Tokens = session.Cached,
            IsExact = cache?.IsExact ?? true,
            KeptTokens = lengths.Length == 0 ? 0 : lengths.Average(),
            Lengths = lengths,
            Bytes = cache?.Bytes ?? 0,
            ColdBytes = session.ColdBytes,
            Compressions = session.Compressions,
            LastUsed = session.LastUsed,
            PinnedFor = parts.IsPinned(session) ? parts.Options.Time.GetElapsedTime(parts.Now, session.PinnedUntil) : null,
        };
    }

    public static ResidentState StateOf(DeviceSession session)
    {
        if (session.Turn is { } turn)
        {
            return turn.IsRunning ? ResidentState.Generating : ResidentState.Attaching;
        }

        return session.Fetch is not null ? ResidentState.Attaching : session.Cache is null ? ResidentState.Cold : ResidentState.Idle;
    }

    private static int[] LengthsOf(KvCache cache)
    {
        var lengths = new int[cache.Geometry.Heads];
        for (int i = 0; i < lengths.Length; i++)
        {
            lengths[i] = cache.Length(i / cache.Geometry.KvHeads, i % cache.Geometry.KvHeads);
        }

        return lengths;
    }
}
