using System.CommandLine;
using KVCluster.Silo.Hosting;
using KVCluster.Silo.Terminals;

namespace KVCluster.Silo.Verbs;

/// <summary>All verbs.</summary>
internal static class KvClusterCommand
{
    public static RootCommand Create(Terminal terminal, Interrupt interrupt) => new(
        "KVCluster: long conversations on KV caches that are cut to what matters. Start with 'demo'.")
    {
        DemoVerb.Create(terminal, interrupt),
        CompareVerb.Create(terminal, interrupt),
        ChatVerb.Create(terminal, interrupt),
        GenerateVerb.Create(terminal, interrupt),
        EvaluateVerb.Create(terminal, interrupt),
        SimulateVerb.Create(terminal, interrupt),
        CalibrateVerb.Create(terminal, interrupt),
        ServeVerb.Create(terminal, interrupt),
        SessionVerb.Create(terminal, interrupt),
        TopVerb.Create(terminal, interrupt),
        ColdVerb.Create(terminal, interrupt),
        ConfigVerb.Create(terminal),
        PlanVerb.Create(terminal),
        HealthVerb.Create(terminal),
        ModelVerb.Create(terminal),
    };
}
