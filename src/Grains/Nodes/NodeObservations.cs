using KVCluster.Storage;
using KVCluster.Worker.Serving;

namespace KVCluster.Grains;

/// <summary>This node at one instant, for operators.</summary>
internal static class NodeObservations
{
    public static async Task<NodeObservation> Of(
        string node, INodeDevices devices, ObserveRequest request, CancellationToken cancellationToken)
    {
        var observed = new List<DeviceObservation>();
        foreach (NodeDevice device in devices.All)
        {
            observed.Add(await OfDevice(device, request, cancellationToken));
        }

        return new NodeObservation
        {
            Node = node,
            Devices = [.. observed],
        };
    }

    private static async Task<DeviceObservation> OfDevice(NodeDevice device, ObserveRequest request, CancellationToken cancellationToken)
    {
        ResidentChanges? changes = await Changes(device.Worker, request, cancellationToken);
        DeviceStatus status = device.Worker.Status();
        return new DeviceObservation
        {
            Report = device.Report(),
            KvType = device.Worker.Model.Backend.Pool.Geometry.ElementType.ToString().ToLowerInvariant(),
            ReservedBytes = status.Ledger.ReservedBytes,
            LoadBytesPerSecond = status.LoadBytesPerSecond,
            Activity = status.Activity is { } activity ? Activity(activity) : null,
            Stamp = changes?.Stamp ?? 0,
            IsWhole = changes?.IsWhole ?? false,
            Sessions = changes is null ? [] : [.. changes.Lines.Select(Line)],
            Gone = changes is null ? [] : [.. changes.Gone.Select(key => key.ToString())],
        };
    }

    private static async Task<ResidentChanges?> Changes(IDeviceWorker worker, ObserveRequest request, CancellationToken cancellationToken)
    {
        if (!request.WithSessions)
        {
            return null;
        }

        try
        {
            return await worker.ResidentsAsync(request.Stamps.GetValueOrDefault(worker.Device), cancellationToken);
        }
        catch (Exception error) when (error is DeviceFailedException or ObjectDisposedException)
        {
            // It holds nothing any more.
            return new ResidentChanges(0, true, [], []);
        }
    }

    private static SessionLine Line(ResidentLine line) => new(
        line.Session.ToString(),
        line.State switch
        {
            ResidentState.Cold => SessionPhase.Cold,
            ResidentState.Attaching => SessionPhase.Attaching,
            ResidentState.Generating => SessionPhase.Generating,
            _ => SessionPhase.Idle,
        },
        line.Tokens,
        line.KeptTokens,
        line.IsExact,
        line.Bytes,
        line.ColdBytes,
        line.Compressions,
        line.LastUsed);

    private static ActivityReport Activity(DeviceActivity activity) => new()
    {
        PromptTokens = activity.PromptTokens,
        GeneratedTokens = activity.GeneratedTokens,
        Attached = [.. activity.Attached.Select((total, source) => new AttachTally(
            ((AttachSource)source).ToString().ToLowerInvariant(),
            total.Count,
            total.CachedTokens,
            total.RecomputedTokens,
            total.PredictedSeconds,
            total.Seconds))],
        Misses = Named(activity.Misses, i => ((MissCause)i).ToString()),
        Turns = Named(activity.Turns, i => ((TurnEnding)i).ToString()),
        PutBack = activity.PutBack,
        DroppedBytes = activity.Dropped.Bytes,
        SavedBytes = activity.Saved.Bytes,
        Compressions = activity.Compressions,
        CompressionFreedBytes = activity.CompressionFreedBytes,
        FirstToken = Durations(activity.FirstToken),
        PerToken = Durations(activity.PerToken),
        Queue = Durations(activity.Queue),
    };

    private static Dictionary<string, long> Named(IReadOnlyList<long> counts, Func<int, string> name) =>
        Enumerable.Range(0, counts.Count).Where(i => counts[i] > 0).ToDictionary(name, i => counts[i], StringComparer.Ordinal);

    private static DurationReport Durations(DurationCounts counts) => new([.. counts.Buckets], counts.Seconds);
}
