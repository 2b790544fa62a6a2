using KVCluster.Compression.Pressure;
using KVCluster.Evaluation.Scenarios;
using KVCluster.Worker.Serving;
using KVCluster.Worker.Serving.Pressure;

namespace KVCluster.Silo.Simulating;

/// <summary>What all devices of a run have in common.</summary>
internal sealed class SimulationSetup
{
    // A step that decodes stands for as many steps as a token stands for tokens, and in each of them a prompt has its chunk: the chunk stays.
    private const int ChunkTokens = 128;
    private const int MostTurns = 64;
    private const int AnswerReserveTokens = 256;
    private const int LookupTokens = 64;
    private const int Sinks = 4;
    private const int Recents = 32;
    private readonly Dictionary<double, int> _spreads = [];

    public SimulationSetup(Scenario scenario, SimulationClock clock, string modelFolder)
    {
        Clock = clock;
        ModelFolder = modelFolder;
        Scale = new SimulationScale(scenario);
        Speeds = scenario.Device with
        {
            PrefillTokensPerSecond = Scale.TokenSpeed(scenario.Device.PrefillTokensPerSecond),
            DecodeTokensPerSecond = Scale.TokenSpeed(scenario.Device.DecodeTokensPerSecond),
            LoadBytesPerSecond = Scale.ByteSpeed(scenario.Device.LoadBytesPerSecond),
            SaveBytesPerSecond = Scale.ByteSpeed(scenario.Device.SaveBytesPerSecond),
        };
        foreach (ScenarioArrivals group in scenario.Arrivals)
        {
            _spreads.TryAdd(group.Spread, _spreads.Count % SimulatedModel.FreeTokens);
        }

        Attention = [.. _spreads.Keys.Select(spread =>
            new SyntheticAttention(scenario.Seed, scenario.Model.Rows, Scale.ContextTokens, spread))];
        WorkerOptions = Options(scenario);
    }

    /// <summary>Most tokens of a step.</summary>
    public int BatchTokens => Math.Max(Scale.Tokens(512), ChunkTokens + MostTurns);

    public SimulationClock Clock { get; }

    public string ModelFolder { get; }

    public SimulationScale Scale { get; }

    /// <summary>Speeds in tokens and bytes of caches.</summary>
    public ScenarioDevice Speeds { get; }

    public DeviceWorkerOptions WorkerOptions { get; }

    public SimulatedCopies Copies { get; } = new();

    /// <summary>Attention by the token that conversations are made of.</summary>
    public IReadOnlyList<SyntheticAttention> Attention { get; }

    /// <summary>The token that conversations of a group are made of.</summary>
    public int TokenOf(ScenarioArrivals group) => _spreads[group.Spread];

    private DeviceWorkerOptions Options(Scenario scenario) => new()
    {
        Device = "simulated:0",
        MaxWaitingTurns = scenario.Queue.Capacity,
        MaxWaitingTurnsPerTenant = scenario.Queue.TenantCapacity,
        MaxWait = TimeSpan.FromSeconds(scenario.Queue.MaxWaitSeconds),
        MaxRunningTurns = MostTurns,
        PrefillChunkTokens = ChunkTokens,
        FairShareTokens = ChunkTokens,
        AnswerReserveTokens = Scale.Tokens(AnswerReserveTokens),
        MinLookupTokens = Scale.Tokens(LookupTokens),
        AssumedPrefillTokensPerSecond = Speeds.PrefillTokensPerSecond,
        AssumedLoadBytesPerSecond = Speeds.LoadBytesPerSecond,
        AssumedSaveBytesPerSecond = Math.Max(1, Speeds.SaveBytesPerSecond),
        IdleScores = null,
        RanksAtOnce = true,
        Pressure = scenario.Pressure.LeastRecentlyUsed ? null : new DevicePressureOptions
        {
            Weighing = new PressureOptions
            {
                HighWatermark = scenario.Pressure.HighWatermark,
                LowWatermark = scenario.Pressure.LowWatermark,
                SecondsPerMass = scenario.Pressure.SecondsPerMass,

                // Scores are as good as a replay's: it is not simulated when one would be done.
                ObservedFactor = 1,
                ObservedDoubt = 0,
            },
            Compress = scenario.Pressure.Compress,
            Floors = new SessionFloors
            {
                Sinks = Scale.Tokens(Sinks),
                Recents = Scale.Tokens(Recents),
                MinimumPerHead = scenario.Model.Floor == 0 ? 0 : Scale.Tokens(scenario.Model.Floor),
            },
        },
        Time = Clock,
    };
}
