namespace KVCluster.Inference.Torch.Transfers;

/// <summary>Something on the host that goes to the device in pieces of whole units, as a rule pages.</summary>
internal interface IInbound
{
    /// <summary>How many units there are.</summary>
    int Units { get; }

    /// <summary>Bytes of a unit.</summary>
    int UnitBytes { get; }

    /// <summary>Lays units of the source out in the order in which <see cref="Targets"/> take them.</summary>
    void Load(ReadOnlySpan<byte> units, Span<byte> bytes);

    /// <summary>Device memory, set aside for a slot of the ring, that the slot's bytes go to one after another.</summary>
    IReadOnlyList<(nint Address, long Bytes)> Targets(int slot, int count);

    /// <summary>Asks the device to put a slot's units in their places.</summary>
    void Scatter(int slot, int first, int count);
}
