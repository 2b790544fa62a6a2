using KVCluster.Compression.Pressure.Admission;

namespace KVCluster.Compression.Pressure;

/// <summary>A device at one instant, as far as pressure is concerned.</summary>
public sealed record PressureSnapshot
{
    /// <summary>Bytes the device may hold: its lease, at most its physical size.</summary>
    public required long LimitBytes { get; init; }

    /// <summary>Bytes held: all pages that are not free, and what is promised to running turns.</summary>
    public required long UsedBytes { get; init; }

    /// <summary>
    /// Bytes that turns wait for. A decision makes room for as much of them as lies between the watermarks, or for
    /// <see cref="FirstWaitingBytes"/> where that is more: a long queue must not empty a device at one stroke.
    /// </summary>
    public long WaitingBytes { get; init; }

    /// <summary>Bytes of the largest of the turns next in line (<see cref="FairQueue{T}.LargestFirst"/>).</summary>
    public long FirstWaitingBytes { get; init; }

    /// <summary>Sessions whose bytes may be asked for, in any order.</summary>
    public required IReadOnlyList<PressureCandidate> Candidates { get; init; }

    /// <summary>Bytes that several sessions hold together.</summary>
    public IReadOnlyList<SharedBytes> Shared { get; init; } = [];

    /// <summary>Whether the cold store takes copies: without it nothing is demoted.</summary>
    public bool CanDemote { get; init; } = true;

    /// <summary>
    /// What tenants hold and are guaranteed to hold on this device; a tenant that is not named has no guarantee. An act never takes a tenant
    /// below its guarantee.
    /// </summary>
    public IReadOnlyDictionary<string, TenantBytes> Tenants { get; init; } = new Dictionary<string, TenantBytes>();

    /// <summary>When running turns end and how fast bytes come free, for the answer to turns that are refused.</summary>
    public AdmissionOutlook Outlook { get; init; } = AdmissionOutlook.Nothing;
}

/// <summary>Bytes that come free once all of these sessions have left, and not before: a prefix of forks.</summary>
/// <param name="Sessions">Every holder; where one is no candidate, or may not leave, the bytes stay.</param>
/// <param name="Bytes">Counted once.</param>
public sealed record SharedBytes(IReadOnlyList<string> Sessions, long Bytes);

/// <summary>A tenant on a device.</summary>
/// <param name="Used">Bytes it holds, pinned ones too.</param>
/// <param name="Guaranteed">Bytes it may always hold.</param>
public readonly record struct TenantBytes(long Used, long Guaranteed);
