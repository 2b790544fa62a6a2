namespace KVCluster.Worker.Serving;

/// <content>Whether the device waits, for those who drive its clock.</content>
public sealed partial class DeviceWorker
{
    /// <summary>Whether the device's thread sleeps and nothing has come that would wake it.</summary>
    internal bool IsAtRest => _inbox.IsAtRest;

    /// <summary>Whether the device's thread has something to take when it comes to it.</summary>
    internal bool HasMail => _inbox.HasMail;

    /// <summary>Calls that the device's thread has not taken yet.</summary>
    internal int CallsWaiting => _inbox.CallsWaiting;

    /// <summary>Whether something is being made for the device's thread on another one.</summary>
    internal bool IsRanking => _core.Pressure is { Ranking.UnderWay: > 0 };

    /// <summary>Calls of the cold store under way.</summary>
    internal int StoreCallsUnderWay => _store?.UnderWay ?? 0;
}
