using KVCluster.Inference;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Models;

namespace KVCluster.Silo.Planning;

/// <summary>Computes a cluster from a load: a pure function. The formulas are in docs/sizing.md.</summary>
internal static class Planner
{
    /// <summary>What Redis needs beyond the values: its allocator's rest, keys, the ledger, buffers of connections.</summary>
    private const double RedisOverhead = 1.15;

    /// <summary>A durable Redis also holds the copy-on-write pages of a rewrite of its file.</summary>
    private const double DurableOverhead = 2;

    private const double SecondsPerHour = 3600;

    /// <exception cref="InputException">The model or a session does not fit a device.</exception>
    public static ClusterPlan Make(string model, ModelConfig config, PlanSettings settings)
    {
        settings.Validate();
        var geometry = new KvGeometry(config.Layers, config.KvHeads, config.HeadSize, settings.KvType, settings.PageTokens);
        long weights = (long)(SessionBytes.Parameters(config) * settings.WeightBytes);
        long workspace = (long)(settings.DeviceBytes * settings.Workspace);
        long arena = (settings.DeviceBytes - weights - workspace) / geometry.PageBytes * geometry.PageBytes;
        if (arena <= 0)
        {
            throw new InputException($"--gpu-memory is {settings.DeviceBytes} bytes: weights take {weights} and the workspace {workspace}, nothing is left for caches");
        }

        TenantPlan[] tenants = [.. settings.Tenants.Select(tenant => Of(tenant, geometry, config, settings))];
        long high = (long)(arena * settings.Pressure.HighWatermark);
        long whole = settings.WholeAtOnce * tenants.Max(tenant => tenant.WholeBytes - tenant.KeptBytes);
        int[] nodes = NodePacking.Pack([.. tenants.Select(tenant => (Hot(tenant, settings), tenant.KeptBytes))], high - whole);
        return new ClusterPlan
        {
            Model = model,
            BytesPerToken = geometry.BytesPerToken,
            PageBytes = geometry.PageBytes,
            WeightBytes = weights,
            WorkspaceBytes = workspace,
            ArenaBytes = arena,
            HighWatermarkBytes = high,
            LowWatermarkBytes = (long)(arena * settings.Pressure.LowWatermark),
            WholeBytes = whole,
            Tenants = tenants,
            HotSessions = nodes.Sum(),
            SessionsPerNode = nodes.Max(),
            NodesNeeded = nodes.Length,
            Nodes = nodes.Length + settings.Spare,
            Volatile = Volatile(tenants, geometry, high, settings),
            Durable = Durable(tenants, nodes.Max(), settings),
        };
    }

    private static TenantPlan Of(TenantLoad load, KvGeometry geometry, ModelConfig config, PlanSettings settings)
    {
        if (load.Tokens > config.ContextLength)
        {
            throw new InputException($"{load.Tokens} tokens are more than the model's context of {config.ContextLength}");
        }

        int slots = SessionBytes.KeptSlots(load.Tokens, load.Keep, settings.Floors);
        long kept = SessionBytes.InArena(geometry, slots);

        // The last whole copy stays in the store beside the cut one, so that the exact cache can come back.
        long cold = SessionBytes.Cold(geometry, load.Tokens, settings.Codec) + (slots < load.Tokens ? SessionBytes.Cold(geometry, slots, settings.Codec) : 0);
        return new TenantPlan
        {
            Tenant = load.Name,
            Sessions = load.Sessions,
            Tokens = load.Tokens,
            Keep = load.Keep,
            WholeBytes = SessionBytes.InArena(geometry, load.Tokens),
            KeptSlots = slots,
            KeptBytes = kept,
            HotBytes = kept * (long)Math.Ceiling(load.Sessions * settings.Hot),
            ColdBytes = load.Sessions * cold,
        };
    }

    private static int Hot(TenantPlan tenant, PlanSettings settings) => (int)Math.Ceiling(tenant.Sessions * settings.Hot);

    /// <summary>
    /// Every turn's tokens are written once; a cut session's copy is written again whole. A turn of a session that is not hot reads its cut copy.
    /// At worst a node's arena, filled to the high watermark, is written or read within the time for handing over.
    /// </summary>
    private static RedisPlan Volatile(TenantPlan[] tenants, KvGeometry geometry, long high, PlanSettings settings)
    {
        long data = tenants.Sum(tenant => tenant.ColdBytes);
        double turns = settings.TurnsPerHour / SecondsPerHour;
        double ratio = (double)SessionBytes.Cold(geometry, settings.PageTokens, settings.Codec) / SessionBytes.InArena(geometry, settings.PageTokens);
        double written = tenants.Sum(tenant => tenant.Sessions * turns * (SessionBytes.Cold(geometry, settings.TurnTokens, settings.Codec)
            + (tenant.KeptSlots < tenant.Tokens ? SessionBytes.Cold(geometry, tenant.KeptSlots, settings.Codec) : 0)));
        double read = tenants.Sum(tenant => tenant.Sessions * turns * (1 - settings.Hot) * SessionBytes.Cold(geometry, tenant.KeptSlots, settings.Codec));
        return new RedisPlan
        {
            DataBytes = data,
            MemoryBytes = (long)(data * RedisOverhead),
            WriteBytesPerSecond = written,
            ReadBytesPerSecond = read,
            PeakBytesPerSecond = high * ratio / settings.HandOverSeconds,
        };
    }

    /// <summary>A session's state is one value, written whole at each turn, read where the session is activated and written there with its epoch raised.</summary>
    private static RedisPlan Durable(TenantPlan[] tenants, int sessionsPerNode, PlanSettings settings)
    {
        long data = tenants.Sum(tenant => tenant.Sessions * SessionBytes.State(tenant.Tokens));
        double written = data * settings.TurnsPerHour / SecondsPerHour;
        return new RedisPlan
        {
            DataBytes = data,
            MemoryBytes = (long)(data * DurableOverhead),
            WriteBytesPerSecond = written,
            ReadBytesPerSecond = written * (1 - settings.Hot),
            PeakBytesPerSecond = 2.0 * sessionsPerNode * tenants.Max(tenant => SessionBytes.State(tenant.Tokens)) / settings.HandOverSeconds,
        };
    }
}
