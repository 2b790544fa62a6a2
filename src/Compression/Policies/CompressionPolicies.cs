namespace KVCluster.Compression.Policies;

/// <summary>All policies, by the field's names. To add one: a file for it, a record of its parameters, a line here.</summary>
public static class CompressionPolicies
{
    /// <summary>The policies, in the order help shows them.</summary>
    public static IReadOnlyList<PolicyDescriptor> All { get; } =
    [
        PolicyDescriptor.Of<KvComposeParameters>(
            KvComposePolicy.StructuredName,
            "the best composite tokens over all layers; KV heads of a layer equally long",
            p => new KvComposePolicy(p)),
        PolicyDescriptor.Of<KvComposeParameters>(
            KvComposePolicy.UnstructuredName,
            "the best slots over all layers and heads; each head its own length",
            p => new KvComposePolicy(p, structured: false)),
        PolicyDescriptor.Of<StreamingLlmParameters>(
            StreamingLlmPolicy.PolicyName,
            "the first tokens (sinks) and the most recent",
            p => new StreamingLlmPolicy(p)),
        PolicyDescriptor.Of<SnapKvParameters>(SnapKvPolicy.PolicyName, "attention of the last queries, smoothed", p => new SnapKvPolicy(p)),
        PolicyDescriptor.Of<TovaParameters>(TovaPolicy.PolicyName, "attention of the last query over all heads", p => new TovaPolicy(p)),
        PolicyDescriptor.Of<PyramidKvParameters>(
            PyramidKvPolicy.PolicyName, "snapkv with budgets that fall with depth", p => new PyramidKvPolicy(p)),
        PolicyDescriptor.Of<H2oParameters>(H2oPolicy.PolicyName, "attention of all queries (heavy hitters)", p => new H2oPolicy(p)),
        PolicyDescriptor.Of<FinchParameters>(
            FinchPolicy.PolicyName, "attention of a prompt at the end; positions closed up", p => new FinchPolicy(p)),
        PolicyDescriptor.Of<ExpectedAttentionParameters>(
            ExpectedAttentionPolicy.PolicyName, "attention expected of queries to come", p => new ExpectedAttentionPolicy(p)),
        PolicyDescriptor.Of<KvZipParameters>(
            KvZipPolicy.PolicyName, "what the model needs to repeat its context; each head its own length", p => new KvZipPolicy(p)),
        PolicyDescriptor.Of<SimLayerKvParameters>(
            SimLayerKvPolicy.PolicyName, "layers that look at little else keep sinks and recents only", p => new SimLayerKvPolicy(p)),
        PolicyDescriptor.Of<DuoAttentionParameters>(
            DuoAttentionPolicy.PolicyName, "heads that do not retrieve keep sinks and recents only (calibrated)", p => new DuoAttentionPolicy(p)),
        PolicyDescriptor.Of<RazorAttentionParameters>(
            RazorAttentionPolicy.PolicyName,
            "heads that do not retrieve keep sinks, recents and one token for the rest (calibrated)",
            p => new RazorAttentionPolicy(p)),
        PolicyDescriptor.Of<FastGenParameters>(
            FastGenPolicy.PolicyName, "each head the cheapest kind of slots that recovers its attention", p => new FastGenPolicy(p)),
        PolicyDescriptor.Of<CompressKvParameters>(
            CompressKvPolicy.PolicyName, "what semantic retrieval heads look at; layers by their error (calibrated)", p => new CompressKvPolicy(p)),
        PolicyDescriptor.Of<DefensiveKvParameters>(
            DefensiveKvPolicy.PolicyName, "the most any of the last queries looked, by the values behind W_o", p => new DefensiveKvPolicy(p)),
        PolicyDescriptor.Wrapper<IScoringPolicy, LayerBudgetsParameters>(
            LayerBudgetsPolicy.PolicyName,
            "uniform, pyramid, error-based or global layer budgets, by any scorer",
            (b, p) => new LayerBudgetsPolicy(b, p)),
        PolicyDescriptor.Wrapper<IScoringPolicy, ChunkKvParameters>(
            ChunkKvPolicy.PolicyName, "whole chunks of neighbours, by any scorer", (b, p) => new ChunkKvPolicy(b, p)),
        PolicyDescriptor.Wrapper<IScoringPolicy, AdaKvParameters>(
            AdaKvPolicy.PolicyName, "heads of a layer share its budget, by any scorer", (b, p) => new AdaKvPolicy(b, p)),
        PolicyDescriptor.Wrapper<IScoringPolicy, CriticalKvParameters>(
            CriticalKvPolicy.PolicyName, "any scorer refined by the values behind W_o", (b, p) => new CriticalKvPolicy(b, p)),
        PolicyDescriptor.Wrapper<IScoringPolicy, CriticalAdaKvParameters>(
            CriticalKvPolicy.AdaptiveName, "criticalkv with adakv's budgets", (b, p) => new CriticalKvPolicy(b, p)),
        PolicyDescriptor.Wrapper<ICompressionPolicy, RerotateParameters>(
            RerotatePolicy.PolicyName, "any policy with positions closed up", (b, p) => new RerotatePolicy(b, p)),
        PolicyDescriptor.Of<KnormParameters>(KnormPolicy.PolicyName, "keys of small norm", p => new KnormPolicy(p)),
        PolicyDescriptor.Of<KeyDiffParameters>(KeyDiffPolicy.PolicyName, "keys unlike the others", p => new KeyDiffPolicy(p)),
        PolicyDescriptor.Of<LagKvParameters>(LagKvPolicy.PolicyName, "tokens unlike those that follow", p => new LagKvPolicy(p)),
        PolicyDescriptor.Of<CurParameters>(CurPolicy.PolicyName, "keys and values of high leverage in their neighbourhood", p => new CurPolicy(p)),
    ];

    /// <summary>
    /// A policy from "name" or "name:parameter=value,parameter=value". Throws <see cref="PolicyException"/>, listing the valid ones, where
    /// a name is unknown.
    /// </summary>
    public static ICompressionPolicy Parse(string specification)
    {
        ArgumentNullException.ThrowIfNull(specification);
        int colon = specification.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0)
        {
            return Create(specification, []);
        }

        List<KeyValuePair<string, string>> parameters = [];
        foreach (string part in specification[(colon + 1)..].Split(',', StringSplitOptions.TrimEntries))
        {
            int equals = part.IndexOf('=', StringComparison.Ordinal);
            parameters.Add(equals > 0
                ? new(part[..equals], part[(equals + 1)..])
                : throw new PolicyException($"'{part}' in '{specification}' is no parameter=value"));
        }

        return Create(specification[..colon], parameters);
    }

    /// <summary>
    /// A policy by name and parameters. Throws <see cref="PolicyException"/>, listing the valid ones, where a name is unknown.
    /// </summary>
    public static ICompressionPolicy Create(string name, IEnumerable<KeyValuePair<string, string>> parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        foreach (PolicyDescriptor descriptor in All)
        {
            if (descriptor.Name == name)
            {
                return descriptor.Create(parameters);
            }
        }

        throw new PolicyException($"unknown policy '{name}'; valid: {string.Join(", ", All.Select(d => d.Name))}");
    }
}
