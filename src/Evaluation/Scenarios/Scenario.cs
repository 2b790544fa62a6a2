namespace KVCluster.Evaluation.Scenarios;

/// <summary>A capacity question as a file: nodes, who comes when with how long documents, and what breaks.</summary>
public sealed record Scenario
{
    /// <summary>What it is about.</summary>
    public required string Name { get; init; }

    /// <summary>The same seed gives the same run.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Simulated seconds.</summary>
    public required double Seconds { get; init; }

    /// <summary>The nodes, one device each.</summary>
    public required IReadOnlyList<ScenarioNode> Nodes { get; init; }

    /// <summary>Speeds of every device.</summary>
    public ScenarioDevice Device { get; init; } = new();

    /// <summary>The shape of caches.</summary>
    public ScenarioModel Model { get; init; } = new();

    /// <summary>When devices act.</summary>
    public ScenarioPressure Pressure { get; init; } = new();

    /// <summary>Turns that wait.</summary>
    public ScenarioQueue Queue { get; init; } = new();

    /// <summary>Terms of tenants; those not named have share 1 and no guarantee.</summary>
    public IReadOnlyList<ScenarioTenant> Tenants { get; init; } = [];

    /// <summary>Who comes.</summary>
    public required IReadOnlyList<ScenarioArrivals> Arrivals { get; init; }

    /// <summary>What breaks.</summary>
    public IReadOnlyList<ScenarioLoss> Losses { get; init; } = [];
}

/// <summary>A node.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Bytes">Bytes for caches.</param>
public sealed record ScenarioNode(string Name, long Bytes);

/// <summary>How fast a device is.</summary>
public sealed record ScenarioDevice
{
    /// <summary>Tokens a second of prefill; one prefill runs at a time.</summary>
    public double PrefillTokensPerSecond { get; init; } = 4000;

    /// <summary>Tokens a second of each answer.</summary>
    public double DecodeTokensPerSecond { get; init; } = 40;

    /// <summary>Bytes a second from the cold store, and from node to node.</summary>
    public double LoadBytesPerSecond { get; init; } = 1e9;

    /// <summary>Bytes a second to the cold store; 0: there is none, and nothing is demoted.</summary>
    public double SaveBytesPerSecond { get; init; } = 5e8;
}

/// <summary>The shape of a cache.</summary>
public sealed record ScenarioModel
{
    /// <summary>Bytes of a token over all layers and heads.</summary>
    public long TokenBytes { get; init; } = 128 << 10;

    /// <summary>Rows of a histogram: groups of layers.</summary>
    public int Rows { get; init; } = 4;

    /// <summary>Tokens of a page.</summary>
    public int PageTokens { get; init; } = 32;

    /// <summary>Tokens that always stay: sinks, recents, the minimum of a layer.</summary>
    public int Floor { get; init; } = 64;

    /// <summary>Tokens of this file that are replayed as one: conversations are shorter, tokens heavier and slower. 1: as they are.</summary>
    public int LengthFactor { get; init; } = 8;
}

/// <summary>See the options of the same names in <see cref="Compression.Pressure.PressureOptions"/>.</summary>
public sealed record ScenarioPressure
{
    /// <summary>The share of the limit above which acts begin.</summary>
    public double HighWatermark { get; init; } = 0.85;

    /// <summary>The share at which they stop.</summary>
    public double LowWatermark { get; init; } = 0.70;

    /// <summary>Seconds that all of a session's attention mass is worth.</summary>
    public double SecondsPerMass { get; init; } = 30;

    /// <summary>Whether caches are compressed at all; false compares with what servers do otherwise.</summary>
    public bool Compress { get; init; } = true;

    /// <summary>Nothing is weighed: where a turn finds no room the caches unused longest leave for it.</summary>
    public bool LeastRecentlyUsed { get; init; }

    internal Compression.Pressure.PressureOptions ToOptions() => new()
    {
        HighWatermark = HighWatermark,
        LowWatermark = LowWatermark,
        SecondsPerMass = SecondsPerMass,
    };
}

/// <summary>The queue of each device.</summary>
public sealed record ScenarioQueue
{
    /// <summary>Most turns that wait.</summary>
    public int Capacity { get; init; } = 256;

    /// <summary>Most turns of one tenant.</summary>
    public int TenantCapacity { get; init; } = 128;

    /// <summary>Longest wait before a turn is refused.</summary>
    public double MaxWaitSeconds { get; init; } = 30;

    /// <summary>How often a refused client comes again, after the time it was told.</summary>
    public int Retries { get; init; } = 3;
}

/// <summary>A tenant's terms.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Share">Its part relative to others.</param>
/// <param name="GuaranteedBytes">Bytes it may always hold in the cluster.</param>
public sealed record ScenarioTenant(string Name, double Share = 1, long GuaranteedBytes = 0);

/// <summary>A group of sessions alike.</summary>
public sealed record ScenarioArrivals
{
    /// <summary>Its name; sessions are numbered after it.</summary>
    public required string Name { get; init; }

    /// <summary>Its tenant.</summary>
    public string Tenant { get; init; } = "default";

    /// <summary>Priority of its sessions, in [-8, 8].</summary>
    public int Priority { get; init; }

    /// <summary>Sessions that come.</summary>
    public required int Sessions { get; init; }

    /// <summary>When the first comes.</summary>
    public double StartSeconds { get; init; }

    /// <summary>How many come a second, at random times; 0: all at once.</summary>
    public double SessionsPerSecond { get; init; }

    /// <summary>Turns of a session.</summary>
    public ScenarioRange Turns { get; init; } = new(1, 1);

    /// <summary>Tokens of the document that the first turn brings.</summary>
    public required ScenarioRange DocumentTokens { get; init; }

    /// <summary>Tokens of each later prompt.</summary>
    public ScenarioRange PromptTokens { get; init; } = new(32, 128);

    /// <summary>Tokens of each answer.</summary>
    public ScenarioRange AnswerTokens { get; init; } = new(32, 256);

    /// <summary>Mean seconds from an answer to the next turn.</summary>
    public double PauseSeconds { get; init; } = 30;

    /// <summary>Spread of the logarithm of attention scores; larger compresses better.</summary>
    public double Spread { get; init; } = 1.6;
}

/// <summary>Whole numbers drawn evenly between two, both included.</summary>
/// <param name="Min">The least.</param>
/// <param name="Max">The most.</param>
public sealed record ScenarioRange(int Min, int Max);

/// <summary>Something is gone for a time.</summary>
/// <param name="AtSeconds">From when.</param>
/// <param name="Node">Which node, its memory lost; null: the allocator.</param>
/// <param name="BackSeconds">When it is back; null: never.</param>
public sealed record ScenarioLoss(double AtSeconds, string? Node = null, double? BackSeconds = null);
