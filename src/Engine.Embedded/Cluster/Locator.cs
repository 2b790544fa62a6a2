using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime;
using Orleans.Runtime.Placement;

namespace KVCluster.Engine.Embedded;

/// <summary>Finds the activation of a grain, and has one made where there is none. A grain has one activation in the directory at a time.</summary>
internal sealed class Locator(EmbeddedCluster cluster)
{
    private const int MostPlacementAttempts = 8;

    private readonly ConcurrentDictionary<GrainId, Activation> _directory = new();
    private readonly Lock _gate = new();

    // The calls that wait for a grain to be placed. Every entry has one placement under way.
    private readonly Dictionary<GrainId, List<GrainCall>> _placing = [];

    /// <summary>Brings a call to its grain. Never throws: what goes wrong is the call's answer.</summary>
    public void Dispatch(GrainCall call)
    {
        if (call.Sender is { IsDead: true })
        {
            Fail(call, new SiloUnavailableException($"The local silo has gone and can no longer process the request: {call}."));
            return;
        }

        if (_directory.TryGetValue(call.Target, out var activation) && activation.TryReceive(call))
        {
            return;
        }

        try
        {
            var grainClass = cluster.Classes.Get(call.Target.Type);
            if (grainClass.Placement is StatelessWorkerPlacement placement)
            {
                cluster.NearestTo(call.Sender).Workers.Dispatch(call, grainClass, placement.MaxLocal);
            }
            else
            {
                AwaitPlacement(call, grainClass);
            }
        }
        catch (Exception exception)
        {
            Fail(call, exception);
        }
    }

    /// <summary>Chooses a silo, by the class's filters and its placement director.</summary>
    public Task<EmbeddedSilo> ChooseAsync(GrainClass grainClass, GrainId id, Dictionary<string, object>? context, EmbeddedSilo? sender)
    {
        // The director's code is the application's: it runs outside of the caller's turn and context.
        using (FlowSuppression.Begin())
        {
            return Task.Run(async () =>
            {
                var local = cluster.NearestTo(sender);
                var director = local.Services.GetKeyedService<IPlacementDirector>(grainClass.Placement.GetType())
                    ?? throw new OrleansException($"No placement director is registered for {grainClass.Placement.GetType()}.");
                var address = await director.OnAddActivation(
                    grainClass.Placement, new PlacementTarget(id, context), new PlacementContext(cluster, grainClass, local));
                return cluster.SiloAt(address) ?? throw new SiloUnavailableException($"Grain {id} was placed on {address}, which does not run.");
            });
        }
    }

    /// <summary>Begins the migrated activation; null when the target no longer takes any.</summary>
    public Activation? Transfer(Activation from, EmbeddedSilo target, Dictionary<string, object>? context, MigrationContext luggage)
    {
        if (from.HasEnded || target.TryCreate(from.Class, from.GrainId) is not { } activation)
        {
            return null;
        }

        // Where its silo was killed at this moment the grain may have begun elsewhere: it stays there.
        if (!_directory.TryUpdate(from.GrainId, activation, from))
        {
            target.Remove(activation);
            return null;
        }

        activation.Start(context, luggage);
        return activation;
    }

    public void Unregister(Activation activation)
        => _directory.TryRemove(new KeyValuePair<GrainId, Activation>(activation.GrainId, activation));

    /// <summary>Ends the calls that waited long enough for a placement.</summary>
    public void ExpireCalls(long now)
    {
        GrainCall[] expired;
        lock (_gate)
        {
            if (_placing.Count == 0)
            {
                return;
            }

            expired = [.. _placing.Values.SelectMany(calls => calls).Where(call => call.Deadline <= now && !call.IsCompleted)];
        }

        Array.ForEach(expired, call => call.OnTimeout());
    }

    private static void Fail(GrainCall call, Exception exception)
    {
        call.TryFail(exception);
        call.End();
    }

    private void AwaitPlacement(GrainCall call, GrainClass grainClass)
    {
        lock (_gate)
        {
            if (_directory.TryGetValue(call.Target, out var activation) && activation.TryReceive(call))
            {
                return;
            }

            if (_placing.TryGetValue(call.Target, out var waiting))
            {
                waiting.Add(call);
                return;
            }

            _placing[call.Target] = [call];
        }

        cluster.BeginWork();
        _ = PlaceAsync(call, grainClass);
    }

    private async Task PlaceAsync(GrainCall first, GrainClass grainClass)
    {
        if (await TryPlaceAsync(first, grainClass).ConfigureAwait(false) is { } failure)
        {
            List<GrainCall> waiting;
            lock (_gate)
            {
                _placing.Remove(first.Target, out waiting!);
            }

            waiting.ForEach(call => Fail(call, failure));
        }

        cluster.EndWork();
    }

    /// <summary>Places the grain; null, or why that is not possible.</summary>
    private async Task<Exception?> TryPlaceAsync(GrainCall first, GrainClass grainClass)
    {
        Exception failure = new SiloUnavailableException($"Grain {first.Target} could not be placed: the silos chosen stopped.");
        for (var attempt = 0; attempt < MostPlacementAttempts; attempt++)
        {
            try
            {
                var silo = await ChooseAsync(grainClass, first.Target, first.Context, first.Sender).ConfigureAwait(false);
                if (TryActivate(silo, grainClass, first))
                {
                    return null;
                }
            }
            catch (SiloUnavailableException exception) when (cluster.RunningSilos().Any())
            {
                // The chosen silo went away at that moment: choose again.
                failure = exception;
            }
            catch (Exception exception)
            {
                return exception;
            }
        }

        return failure;
    }

    private bool TryActivate(EmbeddedSilo silo, GrainClass grainClass, GrainCall first)
    {
        Activation? activation;
        lock (_gate)
        {
            activation = silo.TryCreate(grainClass, first.Target);
            if (activation is null)
            {
                return false;
            }

            // Those that waited come before those that find the activation in the directory.
            _placing.Remove(first.Target, out var waiting);
            waiting!.RemoveAll(activation.TryReceive);
            if (waiting.Count > 0)
            {
                // Killed within these lines.
                _placing[first.Target] = waiting;
                return false;
            }

            _directory[first.Target] = activation;
        }

        activation.Start(first.Context, null);
        return true;
    }
}
