namespace KVCluster.Evaluation.Summary;

/// <summary>Accuracy of one task at one length with one policy at one ratio.</summary>
/// <param name="Task">The task.</param>
/// <param name="Length">Its length in tokens.</param>
/// <param name="Policy">The policy's specification; "none" for the whole cache.</param>
/// <param name="Ratio">The fraction asked to be removed.</param>
/// <param name="Accuracy">Mean score, in [0, 1].</param>
/// <param name="Samples">How many.</param>
public sealed record AccuracyCell(string Task, int Length, string Policy, double Ratio, double Accuracy, int Samples);
