namespace KVCluster.Worker.Calibration;

/// <summary>One needle prompt of a calibration.</summary>
/// <param name="Tokens">Its length.</param>
/// <param name="Depth">Where in the document the needle stood, 0 to 1.</param>
/// <param name="Answered">The model found it, so that the run counts.</param>
public sealed record CalibrationRun(int Tokens, double Depth, bool Answered);
