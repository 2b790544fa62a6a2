using KVCluster.Compression;
using KVCluster.Compression.Pressure;
using KVCluster.Inference;

namespace KVCluster.Evaluation.Scenarios;

/// <summary>Whether a scenario makes sense. Errors are <see cref="InputException"/> that name the field.</summary>
internal static class ScenarioCheck
{
    private const int MostTokens = 1 << 20;
    private const int MostSessions = 1_000_000;

    public static void Check(Scenario scenario)
    {
        Positive(scenario.Seconds, "seconds");
        Nodes(scenario.Nodes);
        Positive(scenario.Device.PrefillTokensPerSecond, "device.prefillTokensPerSecond");
        Positive(scenario.Device.DecodeTokensPerSecond, "device.decodeTokensPerSecond");
        Positive(scenario.Device.LoadBytesPerSecond, "device.loadBytesPerSecond");
        NotNegative(scenario.Device.SaveBytesPerSecond, "device.saveBytesPerSecond");
        Whole(scenario.Model.TokenBytes, scenario.Model.Rows, 1L << 32, "model.tokenBytes");
        Whole(scenario.Model.Rows, 1, 1024, "model.rows");
        Whole(scenario.Model.PageTokens, 1, 4096, "model.pageTokens");
        Whole(scenario.Model.Floor, 0, MostTokens, "model.floor");
        Whole(scenario.Model.LengthFactor, 1, 1024, "model.lengthFactor");
        Whole(scenario.Queue.Capacity, 1, int.MaxValue, "queue.capacity");
        Whole(scenario.Queue.TenantCapacity, 1, int.MaxValue, "queue.tenantCapacity");
        Whole(scenario.Queue.Retries, 0, 1000, "queue.retries");
        Positive(scenario.Queue.MaxWaitSeconds, "queue.maxWaitSeconds");
        Pressure(scenario.Pressure);
        for (int i = 0; i < scenario.Tenants.Count; i++)
        {
            Positive(scenario.Tenants[i].Share, $"tenants[{i}].share");
            Whole(scenario.Tenants[i].GuaranteedBytes, 0, long.MaxValue, $"tenants[{i}].guaranteedBytes");
        }

        Unique(scenario.Tenants.Select(t => t.Name), "tenants");
        Arrivals(scenario.Arrivals);
        Losses(scenario);
    }

    private static void Nodes(IReadOnlyList<ScenarioNode> nodes)
    {
        if (nodes.Count == 0)
        {
            throw new InputException("nodes: at least one");
        }

        for (int i = 0; i < nodes.Count; i++)
        {
            Whole(nodes[i].Bytes, 1, 1L << 50, $"nodes[{i}].bytes");
        }

        Unique(nodes.Select(n => n.Name), "nodes");
    }

    private static void Pressure(ScenarioPressure pressure)
    {
        try
        {
            pressure.ToOptions().Validate();
        }
        catch (PolicyException e)
        {
            throw new InputException($"pressure: {e.Message}", e);
        }
    }

    private static void Arrivals(IReadOnlyList<ScenarioArrivals> arrivals)
    {
        if (arrivals.Count == 0)
        {
            throw new InputException("arrivals: at least one");
        }

        for (int i = 0; i < arrivals.Count; i++)
        {
            ScenarioArrivals group = arrivals[i];
            string field = $"arrivals[{i}]";
            Whole(group.Sessions, 1, MostSessions, $"{field}.sessions");
            Whole(group.Priority, -SessionWeight.MostPriority, SessionWeight.MostPriority, $"{field}.priority");
            NotNegative(group.StartSeconds, $"{field}.startSeconds");
            NotNegative(group.SessionsPerSecond, $"{field}.sessionsPerSecond");
            NotNegative(group.PauseSeconds, $"{field}.pauseSeconds");
            Positive(group.Spread, $"{field}.spread");
            Range(group.Turns, 1, 10_000, $"{field}.turns");
            Range(group.DocumentTokens, 1, MostTokens, $"{field}.documentTokens");
            Range(group.PromptTokens, 1, MostTokens, $"{field}.promptTokens");
            Range(group.AnswerTokens, 1, MostTokens, $"{field}.answerTokens");
        }

        Unique(arrivals.Select(a => a.Name), "arrivals");
    }

    private static void Losses(Scenario scenario)
    {
        for (int i = 0; i < scenario.Losses.Count; i++)
        {
            ScenarioLoss loss = scenario.Losses[i];
            NotNegative(loss.AtSeconds, $"losses[{i}].atSeconds");
            if (loss.BackSeconds is { } back && !(back > loss.AtSeconds))
            {
                throw new InputException($"losses[{i}].backSeconds: {back} is not after {loss.AtSeconds}");
            }

            if (loss.Node is { } node && scenario.Nodes.All(n => n.Name != node))
            {
                throw new InputException($"losses[{i}].node: there is no node '{node}'");
            }
        }
    }

    private static void Range(ScenarioRange range, int least, int most, string field)
    {
        Whole(range.Min, least, most, $"{field}.min");
        Whole(range.Max, range.Min, most, $"{field}.max");
    }

    private static void Whole(long value, long least, long most, string field)
    {
        if (value < least || value > most)
        {
            throw new InputException($"{field}: {value} does not lie in [{least}, {most}]");
        }
    }

    private static void Positive(double value, string field)
    {
        if (!(value > 0 && double.IsFinite(value)))
        {
            throw new InputException($"{field}: {value} is not above 0");
        }
    }

    private static void NotNegative(double value, string field)
    {
        if (!(value >= 0 && double.IsFinite(value)))
        {
            throw new InputException($"{field}: {value} is negative");
        }
    }

    private static void Unique(IEnumerable<string> names, string field)
    {
        HashSet<string> seen = new(StringComparer.Ordinal);
        foreach (string name in names)
        {
            if (string.IsNullOrWhiteSpace(name) || !seen.Add(name))
            {
                throw new InputException($"{field}: the name '{name}' is blank or given twice");
            }
        }
    }
}
