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
