namespace KVCluster.Worker.Calibration;

/// <summary>What query heads look at in a repeated random sequence, mean over queries; layer-major, [layers * query heads].</summary>
/// <param name="Echo">Mass on earlier occurrences of the query's own token.</param>
/// <param name="Induction">Mass on the tokens right behind those.</param>
public sealed record InductionMasses(double[] Echo, double[] Induction);
