using KVCluster.Silo.Sessions;
using KVCluster.Worker.Calibration;

namespace KVCluster.Silo.Calibrating;

/// <summary>What a calibration came to.</summary>
internal sealed record CalibrateReport
{
    public required ModelUse Model { get; init; }

    /// <summary>Where it was written.</summary>
    public required string File { get; init; }

    /// <summary>Needles found.</summary>
    public required int Answered { get; init; }

    public required ModelCalibration Calibration { get; init; }

    public required double Seconds { get; init; }
}
