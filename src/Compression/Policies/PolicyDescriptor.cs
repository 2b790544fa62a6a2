namespace KVCluster.Compression.Policies;

/// <summary>A policy as the registry knows it: its name, what it does in a line, its parameters, and how to make one.</summary>
public sealed class PolicyDescriptor
{
    private readonly Func<IEnumerable<KeyValuePair<string, string>>, ICompressionPolicy> _create;

    private PolicyDescriptor(
        string name,
        string summary,
        IReadOnlyList<PolicyParameter> parameters,
        Func<IEnumerable<KeyValuePair<string, string>>, ICompressionPolicy> create)
    {
        Name = name;
        Summary = summary;
        Parameters = parameters;
        _create = create;
    }

    /// <summary>The field's name.</summary>
    public string Name { get; }

    /// <summary>What it keeps, in one line.</summary>
    public string Summary { get; }

    /// <summary>Its parameters.</summary>
    public IReadOnlyList<PolicyParameter> Parameters { get; }

    /// <summary>Describes a policy made from a parameter record.</summary>
    public static PolicyDescriptor Of<T>(string name, string summary, Func<T, ICompressionPolicy> create)
        where T : PolicyParameters, new() =>
        new(name, summary, ParameterBinder.Describe<T>(), values => create(ParameterBinder.Bind<T>(name, values)));

    /// <summary>
    /// Describes a wrapper around a policy of kind <typeparamref name="TBase"/>: the parameter "base" names it, parameters that begin with
    /// "base." are its own ("adakv:base=snapkv,base.window=32"), the others the wrapper's.
    /// </summary>
    public static PolicyDescriptor Wrapper<TBase, T>(string name, string summary, Func<TBase, T, ICompressionPolicy> create)
        where TBase : class, ICompressionPolicy
        where T : PolicyParameters, new() =>
        new(
            name,
            summary,
            [new PolicyParameter(BaseName, "a policy's name; base.PARAMETER sets one of its own", DefaultBase), .. ParameterBinder.Describe<T>()],
            values => CreateWrapper(name, values, create));

    private const string BaseName = "base";
    private const string DefaultBase = SnapKvPolicy.PolicyName;

    private static ICompressionPolicy CreateWrapper<TBase, T>(
        string name, IEnumerable<KeyValuePair<string, string>> values, Func<TBase, T, ICompressionPolicy> create)
        where TBase : class, ICompressionPolicy
        where T : PolicyParameters, new()
    {
        string? wrapped = null;
        List<KeyValuePair<string, string>> inner = [];
        List<KeyValuePair<string, string>> own = [];
        foreach ((string key, string value) in values)
        {
            if (key == BaseName)
            {
                wrapped = wrapped is null ? value : throw new PolicyException($"{name}: parameter '{BaseName}' is given twice");
            }
            else if (key.StartsWith(BaseName + ".", StringComparison.Ordinal))
            {
                inner.Add(new(key[(BaseName.Length + 1)..], value));
            }
            else
            {
                own.Add(new(key, value));
            }
        }

        ICompressionPolicy policy = CompressionPolicies.Create(wrapped ?? DefaultBase, inner);
        return policy is TBase scorer
            ? create(scorer, ParameterBinder.Bind<T>(name, own))
            : throw new PolicyException($"{name} builds on scores of slots, which {policy.Name} does not make");
    }

    /// <summary>A policy with these parameters. Throws <see cref="PolicyException"/>, which lists the valid ones.</summary>
    public ICompressionPolicy Create(IEnumerable<KeyValuePair<string, string>> parameters) => _create(parameters);
}
