using System.Collections.Immutable;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Hosting;

namespace Orleans.Runtime.MembershipService.SiloMetadata;

/// <summary>What a silo says of itself. It does not change while the silo runs.</summary>
[GenerateSerializer]
public record SiloMetadata
{
    /// <summary>Nothing said.</summary>
    public static SiloMetadata Empty { get; } = new();

    /// <summary>The values by name.</summary>
    [Id(0)]
    public ImmutableDictionary<string, string> Metadata { get; internal init; } = ImmutableDictionary<string, string>.Empty;
}

/// <summary>What the silos of the cluster say of themselves.</summary>
public interface ISiloMetadataCache
{
    /// <summary>What a silo says of itself; empty for one not known.</summary>
    SiloMetadata GetSiloMetadata(SiloAddress siloAddress);
}

/// <summary>Sets a silo's metadata.</summary>
public static class SiloMetadataHostingExtensions
{
    /// <summary>Sets what the silo says of itself.</summary>
    public static ISiloBuilder UseSiloMetadata(this ISiloBuilder builder, Dictionary<string, string> metadata)
    {
        builder.Services.AddSingleton(new SiloMetadata { Metadata = metadata.ToImmutableDictionary() });
        return builder;
    }
}
