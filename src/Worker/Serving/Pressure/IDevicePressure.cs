namespace KVCluster.Worker.Serving.Pressure;

/// <summary>
/// A device's memory when it gets short: what is done is decided and done on the device's thread, without asking anybody; this is how others
/// watch it and tell it what the device may hold.
/// </summary>
public interface IDevicePressure
{
    /// <summary>How the device acts.</summary>
    DevicePressureOptions Options { get; }

    /// <summary>Memory and events whose number is above <paramref name="afterEvent"/>, at this instant. From any thread, at once.</summary>
    DevicePressureStatus Status(long afterEvent = 0);

    /// <summary>What the device may hold from now on. From any thread, at once; heeded before the device's next step.</summary>
    void Apply(DeviceTerms terms);

    /// <summary>Acts as if the high watermark had just been crossed; ends when the bytes are free or cannot be had.</summary>
    ValueTask RelieveAsync(CancellationToken cancellationToken);

    /// <summary>What is held, by weighted score and by tenant, and what could leave: for those who balance devices.</summary>
    ValueTask<DeviceMemory> MeasureAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Keeps a session's cache from being cut, or taken off the device, for want of memory; what its owner asks for is done all the same.
    /// A later call replaces an earlier one; zero ends it.
    /// </summary>
    /// <exception cref="Inference.InputException">The time is out of range, or pinned caches would take more than their share of the device.</exception>
    /// <exception cref="StaleEpochException">The session was seen at a later epoch.</exception>
    ValueTask PinAsync(SessionKey session, long epoch, TimeSpan duration, CancellationToken cancellationToken);
}
