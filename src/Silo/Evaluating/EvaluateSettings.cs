using KVCluster.Evaluation.Running;
using KVCluster.Evaluation.Tasks;
using KVCluster.Silo.Options;

namespace KVCluster.Silo.Evaluating;

/// <summary>What <c>evaluate</c> was asked for.</summary>
internal sealed record EvaluateSettings
{
    public required ModelChoice Model { get; init; }

    /// <summary>Tasks to make samples of; empty where only files are given.</summary>
    public required IReadOnlyList<IEvaluationTask> Tasks { get; init; }

    public required IReadOnlyList<int> Lengths { get; init; }

    /// <summary>Files with given samples.</summary>
    public required IReadOnlyList<string> SampleFiles { get; init; }

    /// <summary>Samples made for each task and length; at most so many of each are taken from files. Null: the usual, and all.</summary>
    public required int? Count { get; init; }

    public required ulong Seed { get; init; }

    public required EvaluationSettings Evaluation { get; init; }

    /// <summary>Where outcomes are kept, to be taken up again; null: nowhere.</summary>
    public required string? OutcomeFile { get; init; }

    /// <summary>Where the page goes; null: nowhere.</summary>
    public required string? ReportFile { get; init; }

    /// <summary>The command line, for the report.</summary>
    public required string Command { get; init; }
}
