using System.Globalization;
using System.Net;

namespace Orleans.Runtime;

/// <summary>The address of one run of a silo: an endpoint and a generation. A restarted silo has another generation.</summary>
[Immutable, GenerateSerializer]
public sealed class SiloAddress : IEquatable<SiloAddress>
{
    private readonly IPEndPoint _endpoint;
    private readonly int _generation;

    private SiloAddress(IPEndPoint endpoint, int generation)
    {
        _endpoint = endpoint;
        _generation = generation;
    }

    /// <summary>An address. The embedded engine listens on none: it only tells silos apart.</summary>
    public static SiloAddress New(IPAddress address, int port, int generation) => new(new IPEndPoint(address, port), generation);

    /// <inheritdoc/>
    public bool Equals(SiloAddress? other) => other is not null && _generation == other._generation && _endpoint.Equals(other._endpoint);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as SiloAddress);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_endpoint, _generation);

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"S{_endpoint}:{_generation}");
}
