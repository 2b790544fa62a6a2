namespace KVCluster.Evaluation.Tasks;

/// <summary>Text that facts are hidden in, made piece by piece.</summary>
internal interface IHaystack
{
    /// <summary>What stands between two pieces.</summary>
    string Separator { get; }

    /// <summary>So many pieces. Keys in <paramref name="taken"/> do not occur in them.</summary>
    IReadOnlyList<string> Pieces(TaskRandom random, int count, IReadOnlySet<string> taken);
}
