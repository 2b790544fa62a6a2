using KVCluster.Worker.Serving;

namespace KVCluster.Grains;

/// <summary>Puts together what the session and its device know.</summary>
internal static class SessionDescription
{
    public static SessionInfo Of(SessionId id, TurnLog turns, string node, SessionDevice device, ResidentSession? resident)
    {
        SessionState state = turns.State;
        return new SessionInfo
        {
            Id = id,
            Phase = Phase(turns, resident),
            Node = node,
            Device = device.Name,
            Epoch = state.Epoch,
            Tokens = state.Count,
            Turns = state.Turns,
            Model = state.Model,
            Options = state.Options,
            Parent = state.Parent,
            Created = state.Created,
            LastUsed = state.LastUsed,
            Cache = Cache(state, device, resident),
        };
    }

    private static SessionPhase Phase(TurnLog turns, ResidentSession? resident) => (turns.State.IsClosed, turns.Running, resident?.State)
        switch
    {
        (true, _, _) => SessionPhase.Closed,
        (_, not null, ResidentState.Generating) => SessionPhase.Generating,
        (_, not null, _) => SessionPhase.Attaching,
        (_, _, null or ResidentState.Cold) => SessionPhase.Cold,
        _ => SessionPhase.Idle,
    };

    private static CacheInfo Cache(SessionState state, SessionDevice device, ResidentSession? resident)
    {
        long cold = Math.Max(device.ColdBytes, resident?.ColdBytes ?? 0);
        return resident is { Tokens: > 0 }
            ? new CacheInfo
            {
                Tokens = resident.Tokens,
                KeptTokens = resident.KeptTokens,
                IsExact = resident.IsExact,
                Bytes = resident.Bytes,
                ColdBytes = cold,
                Compressions = TurnResults.Entries(resident.Compressions),
                Layers = resident.Lengths.Count / device.KvHeads,
                KvHeads = device.KvHeads,
                Lengths = [.. resident.Lengths],
            }
            : new CacheInfo { ColdBytes = cold, IsExact = state.Compressions.Length == 0, Compressions = state.Compressions };
    }
}
