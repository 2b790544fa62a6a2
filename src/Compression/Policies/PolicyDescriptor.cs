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

    /// <summary>A policy with these parameters. Throws <see cref="PolicyException"/>, which lists the valid ones.</summary>
    public ICompressionPolicy Create(IEnumerable<KeyValuePair<string, string>> parameters) => _create(parameters);
}
