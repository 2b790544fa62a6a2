namespace KVCluster.Evaluation.Summary;

/// <summary>One policy over all ratios.</summary>
/// <param name="Policy">Its specification.</param>
/// <param name="Points">By ascending ratio; the first is the whole cache, at ratio 0.</param>
/// <param name="RatioArea">Area under accuracy over the ratio, divided by the largest ratio: the field's AUC.</param>
/// <param name="SavedArea">Area under accuracy over bytes really saved, divided by the largest saving.</param>
/// <param name="SavingWithin10">
/// Largest share of bytes saved at a relative loss of accuracy of at most 10 %; see <see cref="CurveMath.LargestWithin"/>.
/// </param>
/// <param name="SavingWithin20">The same within 20 %.</param>
public sealed record PolicyCurve(
    string Policy, IReadOnlyList<CurvePoint> Points, double RatioArea, double SavedArea, double SavingWithin10, double SavingWithin20);
