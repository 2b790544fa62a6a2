using KVCluster.Evaluation.Scenarios;

namespace KVCluster.Evaluation.Tests.Scenarios;

/// <summary>Decisions in the long run: a device that came to hold more than its limit would throw in any of these.</summary>
public sealed class ScenarioRunTests
{
    private const long Token = 128 << 10;

    [Fact]
    public void With_memory_for_all_nothing_is_compressed_or_refused()
    {
        ScenarioOutcome outcome = ScenarioRun.Run(Readers(20, nodeTokens: 200_000));
        Assert.Equal(20, outcome.Sessions);
        Assert.Equal(60, outcome.TurnsServed);
        Assert.Equal((0, 0, 0, 0), outcome.Acts);
        Assert.Equal(0, outcome.Refusals);
        Assert.Equal(1, outcome.MeanMass);
    }

    [Fact]
    public void Under_pressure_every_turn_is_still_served()
    {
        ScenarioOutcome outcome = ScenarioRun.Run(Readers(60, nodeTokens: 40_000));
        Assert.Equal(180, outcome.TurnsServed);
        Assert.Equal(0, outcome.GaveUp);
        Assert.True(outcome.Acts.Compressions + outcome.Acts.Drops + outcome.Acts.Demotions > 0);
        Assert.InRange(outcome.PeakShare, 0.7, 1);
    }

    [Fact]
    public void The_same_scenario_gives_the_same_outcome()
    {
        Scenario scenario = Readers(60, nodeTokens: 40_000);
        Assert.Equal(ScenarioRun.Run(scenario), ScenarioRun.Run(scenario));
    }

    [Fact]
    public void Where_returning_is_slow_compression_makes_first_tokens_faster()
    {
        Scenario scenario = Readers(60, nodeTokens: 40_000) with
        {
            Device = new ScenarioDevice { PrefillTokensPerSecond = 500, SaveBytesPerSecond = 5e8, LoadBytesPerSecond = 2e7 },
        };
        ScenarioOutcome with = ScenarioRun.Run(scenario);
        ScenarioOutcome without = ScenarioRun.Run(scenario with { Pressure = new ScenarioPressure { Compress = false } });
        Assert.True(with.Acts.Compressions > 0);
        Assert.Equal(0, without.Acts.Compressions);
        Assert.True(with.MeanFirstToken < without.MeanFirstToken, $"{with} against {without}");
        Assert.True(with.MeanMass > 0.5);
    }

    [Fact]
    public void A_lost_node_costs_no_turn()
    {
        Scenario scenario = Readers(40, nodeTokens: 60_000) with { Losses = [new ScenarioLoss(20, "b", 200)] };
        ScenarioOutcome outcome = ScenarioRun.Run(scenario);
        Assert.Equal(120, outcome.TurnsServed);
        Assert.True(outcome.Restarted + outcome.Attached.Recomputed + outcome.Attached.Loaded > 0);
    }

    [Fact]
    public void An_allocator_that_is_gone_stops_nothing()
    {
        Scenario scenario = Readers(60, nodeTokens: 40_000);
        ScenarioOutcome whole = ScenarioRun.Run(scenario);
        ScenarioOutcome gone = ScenarioRun.Run(scenario with { Losses = [new ScenarioLoss(10, null, 70)] });
        Assert.Equal(180, gone.TurnsServed);
        Assert.True(gone.Messages < whole.Messages);
    }

    [Fact]
    public void When_all_generate_at_once_turns_wait_and_are_told_when_to_return()
    {
        Scenario scenario = Readers(30, nodeTokens: 8_000) with
        {
            Queue = new ScenarioQueue { Capacity = 4, TenantCapacity = 4, MaxWaitSeconds = 20, Retries = 1000 },
        };
        ScenarioOutcome outcome = ScenarioRun.Run(scenario with
        {
            Seconds = 6000,
            Arrivals = [scenario.Arrivals[0] with { SessionsPerSecond = 0, Turns = new ScenarioRange(1, 1) }],
        });
        Assert.True(outcome.Refusals > 0);
        Assert.Equal(30, outcome.TurnsServed);
    }

    [Fact]
    public void A_turn_larger_than_any_device_is_refused_and_nothing_else_suffers()
    {
        Scenario scenario = Readers(10, nodeTokens: 30_000);
        ScenarioArrivals huge = scenario.Arrivals[0] with { Name = "huge", Sessions = 1, DocumentTokens = new ScenarioRange(40_000, 40_000) };
        ScenarioOutcome outcome = ScenarioRun.Run(scenario with { Arrivals = [.. scenario.Arrivals, huge] });
        Assert.Equal(1, outcome.GaveUp);
        Assert.Equal(30, outcome.TurnsServed);
    }

    [Fact]
    public void Thousands_of_sessions_end()
    {
        Scenario scenario = Readers(2000, nodeTokens: 300_000) with { Seconds = 3000, Device = new ScenarioDevice { PrefillTokensPerSecond = 10_000 } };
        ScenarioOutcome outcome = ScenarioRun.Run(scenario with { Arrivals = [scenario.Arrivals[0] with { SessionsPerSecond = 2 }] });
        Assert.Equal(2000, outcome.Sessions);
        Assert.True(outcome.TurnsServed + (3 * outcome.GaveUp) >= 5990, outcome.ToString());
        Assert.True(outcome.GaveUp < 100, outcome.ToString());
    }

    private static Scenario Readers(int sessions, int nodeTokens) => new()
    {
        Name = "readers",
        Seconds = 1500,
        Nodes = [new ScenarioNode("a", nodeTokens * Token), new ScenarioNode("b", nodeTokens * Token)],
        Arrivals =
        [
            new ScenarioArrivals
            {
                Name = "reader",
                Sessions = sessions,
                SessionsPerSecond = 1,
                Turns = new ScenarioRange(3, 3),
                DocumentTokens = new ScenarioRange(1000, 3000),
            },
        ],
    };
}
