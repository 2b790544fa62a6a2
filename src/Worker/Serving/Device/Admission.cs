namespace KVCluster.Worker.Serving.Device;

/// <summary>What trying to start a turn came to.</summary>
internal enum Admission
{
    /// <summary>It runs.</summary>
    Started,

    /// <summary>Nothing has to be run: it is made.</summary>
    Complete,

    /// <summary>There is no room for it yet.</summary>
    NoRoom,

    /// <summary>Its tenant holds all that it may: others go on.</summary>
    OverLimit,

    /// <summary>Its cache is being looked for or loaded.</summary>
    Fetching,
}
