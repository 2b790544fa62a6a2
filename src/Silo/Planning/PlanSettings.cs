using KVCluster.Compression.Pressure;
using KVCluster.Inference;
using KVCluster.Inference.Kv;
using KVCluster.Silo.Configuration;
using KVCluster.Storage;
using KVCluster.Worker.Serving.Pressure;

namespace KVCluster.Silo.Planning;

/// <summary>What a plan is asked for.</summary>
internal sealed record PlanSettings
{
    /// <summary>What a server does where its settings do not say otherwise.</summary>
    private static readonly DevicePressureOptions s_usual = new PressureSettings().ToOptions()!;

    /// <summary>Memory of a node's device, bytes.</summary>
    public required long DeviceBytes { get; init; }

    /// <summary>The load, one entry a tenant.</summary>
    public required IReadOnlyList<TenantLoad> Tenants { get; init; }

    public KvElementType KvType { get; init; } = KvElementType.BF16;

    /// <summary>Tokens a page of the arena.</summary>
    public int PageTokens { get; init; } = 32;

    /// <summary>Bytes a parameter of the weights on the device.</summary>
    public double WeightBytes { get; init; } = 2;

    /// <summary>Share of the device's memory that is neither weights nor arena: activations, kernels, the driver.</summary>
    public double Workspace { get; init; } = 0.1;

    /// <summary>Share of the sessions that are on a device at once; the others are in the cold store.</summary>
    public double Hot { get; init; } = 1;

    /// <summary>Sessions a node holds whole at once, before they are cut: those whose prompt was just read.</summary>
    public int WholeAtOnce { get; init; } = 1;

    /// <summary>Nodes beyond what the load needs, so that one may drain or be lost.</summary>
    public int Spare { get; init; } = 1;

    /// <summary>Turns a session has in an hour.</summary>
    public double TurnsPerHour { get; init; } = 6;

    /// <summary>Tokens, prompt and answer, that a turn adds.</summary>
    public int TurnTokens { get; init; } = 500;

    /// <summary>How cold copies are stored.</summary>
    public SnapshotCodec Codec { get; init; } = SnapshotCodec.Raw;

    /// <summary>Seconds in which a node's caches must be able to leave or come.</summary>
    public int HandOverSeconds { get; init; } = 60;

    /// <summary>Watermarks, shares of the arena.</summary>
    public PressureOptions Pressure { get; init; } = s_usual.Weighing;

    /// <summary>What compression never takes from a session.</summary>
    public SessionFloors Floors { get; init; } = s_usual.Floors;

    /// <exception cref="InputException">A value is out of range.</exception>
    public void Validate()
    {
        Require(Workspace is >= 0 and < 1, $"--workspace is {Workspace}: a share from 0 to below 1");
        Require(Hot is > 0 and <= 1, $"--hot is {Hot}: a share above 0 and at most 1");
        Require(WholeAtOnce >= 0, $"--whole is {WholeAtOnce}: 0 or more");
        Require(Spare >= 0, $"--spare is {Spare}: 0 or more");
        Require(TurnsPerHour is >= 0 and < 1e6, $"--turns-per-hour is {TurnsPerHour}: 0 or more");
        Require(TurnTokens >= 1, $"--turn-tokens is {TurnTokens}: 1 or more");
        Require(HandOverSeconds >= 1, $"--hand-over is {HandOverSeconds}: 1 or more");
        Require(PageTokens > 0 && PageTokens % 16 == 0, $"--page-tokens is {PageTokens}: a positive multiple of 16");
        Require(WeightBytes is > 0 and <= 8, $"--weight-bytes is {WeightBytes}: above 0 and at most 8");
        foreach (TenantLoad tenant in Tenants)
        {
            tenant.Checked();
        }
    }

    private static void Require(bool holds, string fault)
    {
        if (!holds)
        {
            throw new InputException(fault);
        }
    }
}
