namespace KVCluster.Evaluation.Tasks;

/// <summary>The same few sentences over and over, a line each time: next to nothing in it to remember.</summary>
internal sealed class NoiseHaystack : IHaystack
{
    private const string Line = "The road is long. The rain is light. The lamp is lit. On we walk. Then we rest a while.";

    public string Separator => "\n";

    public IReadOnlyList<string> Pieces(TaskRandom random, int count, IReadOnlySet<string> taken) =>
        [.. Enumerable.Repeat(Line, count)];
}
