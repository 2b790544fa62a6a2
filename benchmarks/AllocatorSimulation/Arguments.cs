using System.Globalization;

namespace KVCluster.Benchmarks.AllocatorSimulation;

/// <summary>The command line.</summary>
internal static class Arguments
{
    private const string Usage =
        "usage: AllocatorSimulation [--nodes N] [--sessions N] [--rounds N] [--seed N] [--memory SHARE] [--load BYTES_PER_SECOND] "
        + "[--prefill TOKENS_PER_SECOND] [--plot FILE.svg]";

    public static SimulationSettings? Parse(string[] args, out string? error)
    {
        SimulationSettings settings = new();
        for (int i = 0; i < args.Length; i += 2)
        {
            if (i + 1 == args.Length || Set(settings, args[i], args[i + 1]) is not { } set)
            {
                error = $"'{args[i]}' {(i + 1 < args.Length ? $"'{args[i + 1]}'" : "")}\n{Usage}";
                return null;
            }

            settings = set;
        }

        error = null;
        return settings;
    }

    private static SimulationSettings? Set(SimulationSettings settings, string name, string text)
    {
        if (name == "--plot")
        {
            return settings with { PlotPath = text };
        }

        if (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) || !(value > 0) || value > 1e12)
        {
            return null;
        }

        return name switch
        {
            "--nodes" => settings with { Nodes = (int)value },
            "--sessions" => settings with { SessionsPerNode = (int)value },
            "--rounds" => settings with { Rounds = (int)value },
            "--seed" => settings with { Seed = (int)value },
            "--memory" when value <= 1 => settings with { MemoryShare = value },
            "--load" => settings with { LoadBytesPerSecond = value },
            "--prefill" => settings with { PrefillTokensPerSecond = value },
            _ => null,
        };
    }
}
