namespace KVCluster.Engine.Conformance.Cluster;

/// <summary>The stage of a silo in a process of its own: notes go to standard output, gates open as standard input says.</summary>
internal sealed class PipedStage : Stage
{
    /// <summary>What a line with a note begins with.</summary>
    public const string Noted = "note ";

    /// <summary>What a note of a gate ends with.</summary>
    public const string Reached = " reached";

    public override void Note(string entry)
    {
        lock (this)
        {
            Console.Out.WriteLine(Noted + entry);
            Console.Out.Flush();
        }
    }

    /// <summary>Opens gates until standard input ends.</summary>
    public async Task OpenAsToldAsync()
    {
        while (await Console.In.ReadLineAsync() is { } gate)
        {
            Open(gate);
        }
    }
}
