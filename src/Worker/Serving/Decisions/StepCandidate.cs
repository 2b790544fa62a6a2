namespace KVCluster.Worker.Serving.Decisions;

/// <summary>A running turn, as the planner of a step sees it.</summary>
/// <param name="Rows">Tokens it has to run, at least 1.</param>
/// <param name="IsDecoding">Whether its one row is a generated token.</param>
/// <param name="Rank">Priority with what waiting has added; see <see cref="Aging"/>.</param>
/// <param name="Credit">Rows it was owed before, of <see cref="StepShare.Credit"/>.</param>
internal readonly record struct StepCandidate(int Rows, bool IsDecoding, int Rank, int Credit);

/// <summary>A turn's part of a step.</summary>
/// <param name="Index">Which candidate.</param>
/// <param name="Rows">Tokens it runs, at least 1.</param>
/// <param name="Credit">Rows it is owed from then on.</param>
internal readonly record struct StepShare(int Index, int Rows, int Credit);
