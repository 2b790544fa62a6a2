namespace KVCluster.Inference.Torch.Transfers;

/// <summary>How pages travel between a device of its own memory and the host.</summary>
/// <param name="Streams">Opens a copy stream of the device; one for each direction.</param>
/// <param name="SlotBytes">Bytes of pages that travel at a time: enough to be worth a launch, as large as a frame of the cold store.</param>
/// <param name="Slots">Staging buffers of a direction, shared by all transfers that way; two or more, so that one fills while one travels.</param>
internal sealed record TransferOptions(Func<ICopyStream> Streams, int SlotBytes = 2 << 20, int Slots = 4)
{
    /// <summary>Units of this many bytes that travel at a time: whole ones, one at least.</summary>
    public int UnitsASlot(int unitBytes) => Math.Max(1, SlotBytes / unitBytes);
}
