namespace KVCluster.Inference.Torch.Transfers;

/// <summary>
/// Copies between a device and page-locked host memory, in the order given, beside what the device computes. Nothing orders them with
/// compute but events. Any thread may call it. A failed call is an exception of the device's runtime that names the call.
/// </summary>
internal interface ICopyStream : IDisposable
{
    /// <summary>Page-locked host memory; uninitialised.</summary>
    nint AllocateHost(long bytes);

    /// <summary>Gives <see cref="AllocateHost"/>'s memory back; no copy may be using it.</summary>
    void FreeHost(nint memory);

    /// <summary>An event between this stream and compute.</summary>
    ICopyEvent CreateEvent();

    /// <summary>Queues a copy and returns; both places must stay until an event recorded after it is done.</summary>
    void Copy(nint from, nint to, long bytes, CopyDirection direction);

    /// <summary>The host waits until all copies are done.</summary>
    void Drain();
}
