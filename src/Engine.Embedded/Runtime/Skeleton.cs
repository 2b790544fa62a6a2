#pragma warning disable CA1822
using System.Reflection;
using Orleans;
using Orleans.Runtime;

namespace KVCluster.Engine.Embedded;

internal sealed class Activation : IGrainContext
{
    public GrainReference GrainReference => throw new NotImplementedException();
    public GrainId GrainId => throw new NotImplementedException();
    public object? GrainInstance => throw new NotImplementedException();
    public ActivationId ActivationId => throw new NotImplementedException();
    public IServiceProvider ActivationServices => throw new NotImplementedException();
    public Task Deactivated => throw new NotImplementedException();
    public SiloRuntime Silo => throw new NotImplementedException();
    public void Deactivate(DeactivationReason deactivationReason, CancellationToken cancellationToken = default) => throw new NotImplementedException();
    public void Migrate(Dictionary<string, object>? requestContext, CancellationToken cancellationToken = default) => throw new NotImplementedException();
    public bool Equals(IGrainContext? other) => ReferenceEquals(this, other);
    public void DelayDeactivation(TimeSpan time) => throw new NotImplementedException();
    public IGrainTimer RegisterTimer(Func<CancellationToken, Task> callback, GrainTimerCreationOptions options) => throw new NotImplementedException();
    public void EnterReentrantSection(Guid id) => throw new NotImplementedException();
    public void LeaveReentrantSection(Guid id) => throw new NotImplementedException();
}

internal sealed class SiloRuntime
{
    public SiloAddress Address => throw new NotImplementedException();
    public GrainFactory GrainFactory => throw new NotImplementedException();
}

internal static class RuntimeContext
{
    [ThreadStatic]
    private static Activation? _current;

    public static Activation? Current { get => _current; set => _current = value; }
}

internal abstract class GrainFactory : IGrainFactory
{
    public abstract TGrainInterface GetGrain<TGrainInterface>(string primaryKey, string? grainClassNamePrefix = null) where TGrainInterface : IGrainWithStringKey;
    public abstract TGrainInterface GetGrain<TGrainInterface>(Guid primaryKey, string? grainClassNamePrefix = null) where TGrainInterface : IGrainWithGuidKey;
    public abstract TGrainInterface GetGrain<TGrainInterface>(long primaryKey, string? grainClassNamePrefix = null) where TGrainInterface : IGrainWithIntegerKey;
    public abstract TGrainInterface GetGrain<TGrainInterface>(GrainId grainId) where TGrainInterface : IAddressable;
    public abstract GrainReference Reference(Type interfaceType, GrainId id);
}

internal sealed class GrainMethod
{
    public static GrainMethod Of(MethodInfo method) => throw new NotImplementedException();
    public object? Send(GrainFactory factory, GrainReference target, object?[] arguments) => throw new NotImplementedException();
}

internal sealed class RemoteEnumerable<T> : IAsyncEnumerable<T>
{
    public int MaxBatchSize { get; set; } = 100;
    public IAsyncEnumerator<T> GetAsyncEnumerator(CancellationToken cancellationToken = default) => throw new NotImplementedException();
}
