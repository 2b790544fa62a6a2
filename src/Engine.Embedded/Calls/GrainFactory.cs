using System.Globalization;
using System.Reflection;
using Orleans;
using Orleans.Configuration;
using Orleans.Runtime;

namespace KVCluster.Engine.Embedded;

/// <summary>Makes references whose calls come from one silo, or from the client.</summary>
internal sealed class GrainFactory(EmbeddedCluster cluster, SiloRuntime? silo, MessagingOptions messaging) : IClusterClient
{
    public EmbeddedCluster Cluster { get; } = cluster;

    /// <summary>The silo; null for the client.</summary>
    public SiloRuntime? Silo { get; } = silo;

    public MessagingOptions Messaging { get; } = messaging;

    public IServiceProvider ServiceProvider => Silo?.Services ?? EmptyServices.Instance;

    public TGrainInterface GetGrain<TGrainInterface>(string primaryKey, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithStringKey
    {
        if (string.IsNullOrWhiteSpace(primaryKey))
        {
            throw new ArgumentException("A grain's key may not be empty.", nameof(primaryKey));
        }

        return Reference<TGrainInterface>(primaryKey, grainClassNamePrefix);
    }

    public TGrainInterface GetGrain<TGrainInterface>(long primaryKey, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithIntegerKey
        => Reference<TGrainInterface>(primaryKey.ToString("X", CultureInfo.InvariantCulture), grainClassNamePrefix);

    public TGrainInterface GetGrain<TGrainInterface>(GrainId grainId)
        where TGrainInterface : IAddressable
    {
        Cluster.Classes.Get(grainId.Type);
        return (TGrainInterface)(object)Reference(typeof(TGrainInterface), grainId);
    }

    public GrainReference Reference(Type interfaceType, GrainId id)
    {
        if (!interfaceType.IsInterface || !typeof(IAddressable).IsAssignableFrom(interfaceType))
        {
            throw new InvalidCastException($"{interfaceType} is no grain interface.");
        }

        var reference = (GrainReference)DispatchProxy.Create(interfaceType, typeof(GrainReference));
        reference.Initialize(this, id);
        return reference;
    }

    private TGrainInterface Reference<TGrainInterface>(string key, string? classNamePrefix)
        => (TGrainInterface)(object)Reference(
            typeof(TGrainInterface), GrainId.Create(Cluster.Classes.TypeOf(typeof(TGrainInterface), classNamePrefix), key));

    private sealed class EmptyServices : IServiceProvider
    {
        public static EmptyServices Instance { get; } = new();

        public object? GetService(Type serviceType) => null;
    }
}
