using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Runtime;
using Orleans.Storage;

namespace KVCluster.Engine.Embedded;

/// <summary>A state of an activation, as its life uses it.</summary>
internal interface IStateBridge
{
    /// <summary>Reads the state, unless it travelled.</summary>
    Task SetUpAsync(CancellationToken cancellationToken);

    void Dehydrate(IDehydrationContext context);

    void Rehydrate(IRehydrationContext context);
}

/// <summary>
/// A state of an activation and the storage it is kept in. Its operations are not kept apart: of two writes at once the later names an ETag that
/// no longer holds, and is refused.
/// </summary>
internal sealed class StateBridge<TState> : IPersistentState<TState>, IStateBridge
{
    private readonly Activation _activation;
    private readonly string _name;
    private readonly IGrainStorage _storage;
    private GrainState<TState> _state = new();
    private bool _loaded;

    public StateBridge(Activation activation, string name, string? storageName)
    {
        _activation = activation;
        _name = name;
        _storage = (storageName is null ? activation.Silo.Services.GetService<IGrainStorage>()
            : activation.Silo.Services.GetKeyedService<IGrainStorage>(storageName))
            ?? throw new BadProviderConfigException(storageName is null
                ? $"No default storage provider found loading grain type {activation.GrainId.Type}."
                : $"No storage provider named \"{storageName}\" found loading grain type {activation.GrainId.Type}.");
        activation.AddState(this);
    }

    public string? Etag => _state.ETag;

    public bool RecordExists => _loaded ? _state.RecordExists : throw new InvalidOperationException("State has not yet been loaded");

    public TState State
    {
        get
        {
            ThrowOutsideOfTurns();
            return _state.State!;
        }

        set
        {
            ThrowOutsideOfTurns();
            _state.State = value;
        }
    }

    public Task ReadStateAsync() => ReadStateAsync(CancellationToken.None);

    public Task WriteStateAsync() => RunAsync("write", () => _storage.WriteStateAsync(_name, _activation.GrainId, _state));

    public Task ClearStateAsync() => RunAsync("clear", () => _storage.ClearStateAsync(_name, _activation.GrainId, _state));

    public Task SetUpAsync(CancellationToken cancellationToken) => _loaded ? Task.CompletedTask : ReadStateAsync(cancellationToken);

    public void Dehydrate(IDehydrationContext context) => context.TryAddValue($"state.{_name}", _state);

    public void Rehydrate(IRehydrationContext context)
    {
        if (context.TryGetValue<GrainState<TState>>($"state.{_name}", out var state))
        {
            _state = state;
            _loaded = true;
        }
    }

    private Task ReadStateAsync(CancellationToken cancellationToken) => RunAsync("read", async () =>
    {
        await _storage.ReadStateAsync(_name, _activation.GrainId, _state, cancellationToken);
        _loaded = true;
    });

    private async Task RunAsync(string what, Func<Task> operation)
    {
        ThrowOutsideOfTurns();
        try
        {
            // What a killed silo's code does in the last stretch before its next await changes nothing.
            if (_activation.Silo.IsDead)
            {
                throw new SiloUnavailableException($"Silo {_activation.Silo.SiloAddress} has gone.");
            }

            await operation();
        }
        catch (Exception exception) when (exception is not OrleansException)
        {
            throw new OrleansException(
                $"Error from storage provider {_storage.GetType().Name}.{_name} during {what} for grain {_activation.GrainId}: {exception.Message}",
                exception);
        }
    }

    private void ThrowOutsideOfTurns()
    {
        if (RuntimeContext.Current is null)
        {
            throw new InvalidOperationException("Activation access violation. A non-activation thread attempted to access activation services.");
        }
    }
}
