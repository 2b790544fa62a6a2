namespace KVCluster.Worker.Serving;

/// <content>Whether the device waits, for those who drive its clock.</content>
public sealed partial class DeviceWorker
{
    private int _submitted;
    private int _measuresAsked;

    /// <summary>Whether the device's thread sleeps and nothing has come that would wake it.</summary>
    internal bool IsAtRest => _inbox.IsAtRest;

    /// <summary>Turns that the device's thread has not taken yet.</summary>
    internal int TurnsSubmitted => Volatile.Read(ref _submitted);

    /// <summary>Other calls, and ends of work begun, that the device's thread has not taken yet.</summary>
    internal int OthersWaiting => Math.Max(0, _inbox.Waiting - TurnsSubmitted);

    /// <summary>Calls for the device's memory that its thread has not taken yet.</summary>
    internal int MeasuresAsked => Volatile.Read(ref _measuresAsked);

    /// <summary>Calls of the cold store under way.</summary>
    internal int StoreCallsUnderWay => _store?.UnderWay ?? 0;
}
