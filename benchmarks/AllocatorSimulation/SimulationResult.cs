namespace KVCluster.Benchmarks.AllocatorSimulation;

/// <summary>What a run came to.</summary>
internal sealed class SimulationResult(string policy)
{
    public string Policy { get; } = policy;

    public List<float> FirstToken { get; } = [];

    public double MassAtTurns { get; set; }

    public double MassHeld { get; set; }

    public long Waited { get; set; }

    public double MostUsedShare { get; set; }

    public long MovedSessions { get; set; }

    /// <summary>Bytes nodes are short of, in all, as a share of the cluster's; a number a round.</summary>
    public List<double> Short { get; } = [];

    /// <summary>Messages a round, moves included.</summary>
    public List<int> Messages { get; } = [];

    public long Turns => FirstToken.Count;

    public double MeanFirstToken => FirstToken.Average(f => (double)f);

    public double Percentile(double share)
    {
        FirstToken.Sort();
        return FirstToken[(int)Math.Min(FirstToken.Count - 1, share * FirstToken.Count)];
    }

    /// <summary>The most rounds in a row in which nodes were short of one percent of all bytes or more.</summary>
    public int LongestUnsettled()
    {
        int longest = 0;
        int run = 0;
        foreach (double missing in Short)
        {
            run = missing >= 0.01 ? run + 1 : 0;
            longest = Math.Max(longest, run);
        }

        return longest;
    }
}
