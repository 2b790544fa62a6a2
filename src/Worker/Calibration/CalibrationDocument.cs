namespace KVCluster.Worker.Calibration;

/// <summary>The file's outermost object.</summary>
/// <param name="Format">Says what the file is.</param>
/// <param name="Version">Of the format.</param>
/// <param name="Program">Version of the program that wrote it.</param>
/// <param name="Calibration">What was measured.</param>
internal sealed record CalibrationDocument(string Format, int Version, string Program, ModelCalibration Calibration);
