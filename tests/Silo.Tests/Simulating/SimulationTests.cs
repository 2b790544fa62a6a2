using System.Text.Json;
using KVCluster.Evaluation.Scenarios;
using KVCluster.Silo.Simulating;

namespace KVCluster.Silo.Tests.Simulating;

/// <summary>What the cluster promises under load and losses, on simulated devices.</summary>
public sealed class SimulationTests
{
    private const long TokenBytes = 128 << 10;
    private const int Sessions = 36;
    private const int AllTurns = 3 * Sessions;
    private const int Seconds = 180;

    private const int Few = 4;

    [Fact]
    public void With_memory_for_all_nothing_is_cut_and_nobody_leaves()
    {
        SimulationReport report = Run(Crowd(nodeTokens: 120_000));
        Assert.Equal((Sessions, AllTurns), (report.Sessions, report.Turns));
        Assert.Empty(report.Acts);
        Assert.Equal((2 * Sessions, 0, 0), (report.Hits.Resident, report.Hits.Loaded, report.Hits.Recomputed));
        Assert.Equal((1, 0), (report.MassKept, report.Unsettled));
    }

    [Fact]
    public void Under_pressure_caches_are_cut_and_stay_where_the_least_recently_used_order_loads_them_again()
    {
        // Whoever left comes back slowly, whichever way.
        Scenario scenario = Crowd() with
        {
            Seconds = 400,
            Device = new ScenarioDevice { PrefillTokensPerSecond = 1500, DecodeTokensPerSecond = 50, LoadBytesPerSecond = 1e8, SaveBytesPerSecond = 5e8 },
        };
        SimulationReport weighed = Run(scenario);
        SimulationReport order = Run(scenario with { Pressure = new ScenarioPressure { LeastRecentlyUsed = true } });
        Assert.Contains(weighed.Acts, act => act.Kind == "Compress");
        Assert.DoesNotContain(order.Acts, act => act.Kind == "Compress");
        Assert.Equal((AllTurns, 0), (weighed.Turns, weighed.GaveUp));
        Assert.True(Found(weighed) > 2 * Found(order), $"{Found(weighed):0.00} found on the device, {Found(order):0.00} in that order");
        Assert.True(weighed.FirstTokenSeconds < 0.8 * order.FirstTokenSeconds, $"{weighed.FirstTokenSeconds} s, {order.FirstTokenSeconds} s in that order");
        Assert.InRange(weighed.MassKept, 0.7, 0.9999);
        Assert.All([weighed, order], report => Assert.InRange(report.PeakShare, 0.5, 1));
    }

    [Fact]
    public void A_lost_node_loses_no_acknowledged_turn()
    {
        SimulationReport report = Run(Crowd() with { Losses = [new ScenarioLoss(20, "b", 35)] });
        Assert.Equal((1, 0), (report.NodeLosses, report.LostTurns));
        Assert.True(report.SentAgain > 0, "no turn was under way when the node was lost");
        Assert.Equal((AllTurns, 0), (report.Turns, report.GaveUp));
        Assert.InRange(report.PeakShare, 0.5, 1);
    }

    [Fact]
    public void An_allocator_that_is_gone_for_a_minute_stops_nothing()
    {
        SimulationReport report = Run(Crowd() with { Losses = [new ScenarioLoss(2, BackSeconds: 62)] });
        Assert.Equal(1, report.AllocatorLosses);
        Assert.InRange(report.Reports, 2, 2 * ((Seconds - 60) / 5) + 4);
        Assert.Equal((AllTurns, 0, 0L), (report.Turns, report.GaveUp, report.LostTurns));
        Assert.InRange(report.PeakShare, 0.5, 1);
    }

    [Fact]
    public void The_same_scenario_comes_to_nearly_the_same()
    {
        Scenario scenario = Crowd() with { Seconds = 30 };
        SimulationReport first = Run(scenario);
        SimulationReport second = Run(scenario);
        Assert.Equal((0, 0), (first.Unsettled, second.Unsettled));
        Assert.InRange(second.Turns, first.Turns - Few, first.Turns + Few);

        // Threads are real: where two things fall on one instant of the clock either may come first, and a cache is cut or leaves, is loaded or computed again.
        Assert.InRange(Sum(second.Hits), Sum(first.Hits) - Few, Sum(first.Hits) + Few);
        Assert.Equal(first.MassKept, second.MassKept, 0.1);
    }

    [Fact]
    public void Sessions_move_to_a_node_that_comes_back_empty_and_their_caches_are_found_again()
    {
        // All forty conversations are on the first node when the second, twice as large as is needed, comes back.
        Scenario scenario = Crowd(nodeTokens: 40_000) with { Seconds = 200, Losses = [new ScenarioLoss(0.5, "b", 60)] };
        scenario = scenario with { Arrivals = [scenario.Arrivals[0] with { Turns = new ScenarioRange(12, 12), PauseSeconds = 10 }] };
        SimulationTimeline timeline = new(scenario);
        SimulationReport report = Run(scenario, timeline);
        Assert.InRange(report.Moves, 3, Sessions);
        Assert.Equal((1, 0L, 0), (report.NodeLosses, report.LostTurns, report.GaveUp));
        Assert.InRange(report.PeakShare, 0.5, 1);
        Assert.Equal(report.Moves, timeline.Moves.Sum());
        int back = Enumerable.Range(0, timeline.Moves.Count).First(part => timeline.SecondsOf(part) > 60);
        Assert.True(timeline.Moves.Skip(back - 1).Sum() >= 3, $"{timeline.Moves.Sum()} moves, before it was back");
        Assert.Null(timeline.Used(1)[back / 2]);
        Assert.True(timeline.Used(1).Max() > 0.2, $"{timeline.Used(1).Max()}");
    }

    [Theory]
    [InlineData("plot.svg")]
    [InlineData("plot.html")]
    public void The_verb_draws_a_run_into_a_file_that_needs_nothing_else(string name)
    {
        using TemporaryFolder folder = new();
        string file = Small(folder);
        string plot = Path.Combine(folder.Path, name);
        Assert.Equal(0, CommandRun.Of("simulate", file, "--plot", plot).ExitCode);
        string text = File.ReadAllText(plot);
        System.Xml.Linq.XElement svg = System.Xml.Linq.XElement.Parse(text[text.IndexOf("<svg", StringComparison.Ordinal)..(text.IndexOf("</svg>", StringComparison.Ordinal) + 6)]);
        Assert.Contains("a few &amp; &lt;others&gt;", text, StringComparison.Ordinal);
        Assert.True(svg.Descendants().Count(e => e.Name.LocalName == "polyline") >= 3, text);
        Assert.DoesNotContain("NaN", text, StringComparison.Ordinal);
        Assert.DoesNotContain("href", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_plot_that_cannot_be_written_is_refused_before_the_run()
    {
        using TemporaryFolder folder = new();
        CommandRun.Of("simulate", Small(folder), "--plot", Path.Combine(folder.Path, "plot.png")).AssertRefused("plot.png", ".svg");
        CommandRun.Of("simulate", Small(folder), "--plot", Path.Combine(folder.Path, "nowhere", "plot.svg")).AssertRefused("nowhere");
    }

    [Fact]
    public void A_turn_larger_than_any_device_is_given_up_and_nothing_else_suffers()
    {
        Scenario scenario = Crowd(nodeTokens: 120_000) with { Pressure = new ScenarioPressure { Compress = false } };
        ScenarioArrivals huge = scenario.Arrivals[0] with { Name = "huge", Sessions = 1, DocumentTokens = new ScenarioRange(200_000, 200_000) };
        SimulationReport report = Run(scenario with { Arrivals = [.. scenario.Arrivals, huge] });
        Assert.Equal((AllTurns, 1), (report.Turns, report.GaveUp));
    }

    [Fact]
    public void Turns_without_room_are_told_when_to_come_again()
    {
        // Four conversations' worth of memory, and everybody talks at once.
        SimulationReport report = Run(Crowd() with
        {
            Seconds = 40,
            Nodes = [new ScenarioNode("a", 4096 * TokenBytes)],
            Pressure = new ScenarioPressure { LeastRecentlyUsed = true },
            Queue = new ScenarioQueue { Capacity = 4, TenantCapacity = 4, MaxWaitSeconds = 5 },
        });
        Assert.True(report.Refusals > 0, "nobody was refused");
        Assert.InRange(report.RetryAfterSeconds, 0.25, 120);
        Assert.InRange(report.PeakShare, 0.5, 1);
    }

    [Fact]
    public void The_verb_prints_the_outcome_of_a_file()
    {
        using TemporaryFolder folder = new();
        string file = Small(folder);
        JsonElement report = CommandRun.Of("simulate", file, "--json").Json();
        Assert.Equal((3, 3, 0), (report.GetProperty("sessions").GetInt32(), report.GetProperty("turns").GetInt32(), report.GetProperty("lostTurns").GetInt32()));
        CommandRun table = CommandRun.Of("simulate", file);
        Assert.Equal(0, table.ExitCode);
        Assert.Contains("turns served", table.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_at_fault_is_refused_by_the_field()
    {
        using TemporaryFolder folder = new();
        string file = Path.Combine(folder.Path, "wrong.json");
        File.WriteAllText(file, """{ "name": "wrong", "seconds": -1, "nodes": [{ "name": "a", "bytes": 1 }], "arrivals": [] }""");
        CommandRun.Of("simulate", file).AssertRefused(file, "seconds");
        CommandRun.Of("simulate", Path.Combine(folder.Path, "absent.json")).AssertRefused("absent.json");
    }

    /// <summary>Two nodes with memory for about a dozen of the three dozen conversations that come, and end within the time.</summary>
    private static Scenario Crowd(int nodeTokens = 16_384) => new()
    {
        Name = "crowd",
        Seed = 7,
        Seconds = Seconds,
        Nodes = [new ScenarioNode("a", nodeTokens * TokenBytes), new ScenarioNode("b", nodeTokens * TokenBytes)],
        Device = new ScenarioDevice { PrefillTokensPerSecond = 8000, DecodeTokensPerSecond = 50, LoadBytesPerSecond = 5e8, SaveBytesPerSecond = 5e8 },
        Model = new ScenarioModel { TokenBytes = TokenBytes, LengthFactor = 16 },
        Arrivals =
        [
            new ScenarioArrivals
            {
                Name = "readers",
                Sessions = Sessions,
                SessionsPerSecond = 2,
                Turns = new ScenarioRange(3, 3),
                DocumentTokens = new ScenarioRange(1500, 3000),
                AnswerTokens = new ScenarioRange(16, 64),
                PauseSeconds = 6,
                Spread = 2,
            },
        ],
    };

    private static string Small(TemporaryFolder folder)
    {
        string file = Path.Combine(folder.Path, "small.json");
        File.WriteAllText(file, """
            {
              "name": "a few & <others>", "seconds": 10, "nodes": [{ "name": "a", "bytes": 1000000000 }],
              "arrivals": [{ "name": "one", "sessions": 3, "documentTokens": { "min": 500, "max": 900 }, "answerTokens": { "min": 20, "max": 20 } }]
            }
            """);
        return file;
    }

    private static SimulationReport Run(Scenario scenario, SimulationTimeline? timeline = null)
    {
        using CancellationTokenSource patience = new(TimeSpan.FromMinutes(3));
        return Simulation.Run(scenario, patience.Token, timeline);
    }

    private static int Sum(SimulatedHits hits) => hits.Resident + hits.Loaded + hits.Recomputed;

    private static double Found(SimulationReport report) =>
        (double)report.Hits.Resident / Math.Max(1, report.Hits.Resident + report.Hits.Loaded + report.Hits.Recomputed);
}
