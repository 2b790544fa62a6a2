using System.Globalization;
using System.Reflection;
using Orleans;
using Orleans.Configuration;
using Orleans.Runtime;

namespace KVCluster.Engine.Embedded;

/// <summary>Makes references whose calls come from one silo, or from the client where <paramref name="silo"/> is null.</summary>
internal sealed class GrainFactory(EmbeddedCluster cluster, EmbeddedSilo? silo, MessagingOptions messaging) : IClusterClient, IGrainReferenceRuntime
{
    public MessagingOptions Messaging { get; } = messaging;

    public TGrainInterface GetGrain<TGrainInterface>(string primaryKey, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithStringKey
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(primaryKey);
        return Reference<TGrainInterface>(primaryKey, grainClassNamePrefix);
    }

    public TGrainInterface GetGrain<TGrainInterface>(long primaryKey, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithIntegerKey
        => Reference<TGrainInterface>(primaryKey.ToString("X", CultureInfo.InvariantCulture), grainClassNamePrefix);

    public object? Send(GrainId target, MethodInfo method, object?[] arguments) => GrainMethod.Of(method).Send(this, target, arguments);

    /// <summary>Sends a call from the code that runs, with its request context. Its answer is in the call.</summary>
    public void Send(GrainCall call, CancellationToken token)
    {
        call.Context = DeepCopier.CopyContext(RequestContext.Current);
        call.Sender = (RuntimeContext.Current as Activation)?.Silo ?? silo;
        call.Deadline = cluster.DeadlineAfter(call.Timeout);
        call.CancelWith(token);
        cluster.Locator.Dispatch(call);
    }

    private TGrainInterface Reference<TGrainInterface>(string key, string? classNamePrefix)
        => (TGrainInterface)(object)GrainReference.Create(
            this, typeof(TGrainInterface), GrainId.Create(cluster.Classes.TypeOf(typeof(TGrainInterface), classNamePrefix), key));
}
