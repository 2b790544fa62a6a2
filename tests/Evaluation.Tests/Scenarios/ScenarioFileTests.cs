using KVCluster.Evaluation.Scenarios;
using KVCluster.Inference;

namespace KVCluster.Evaluation.Tests.Scenarios;

public sealed class ScenarioFileTests
{
    private const string Valid =
        """
        {
          "name": "two nodes", "seconds": 60,
          "nodes": [{ "name": "a", "bytes": 1000000000 }, { "name": "b", "bytes": 1000000000 }],
          "tenants": [{ "name": "gold", "share": 2, "guaranteedBytes": 1000 }],
          "arrivals": [{ "name": "readers", "tenant": "gold", "sessions": 3, "documentTokens": { "min": 10, "max": 20 }, "priority": 1 }],
          "losses": [{ "atSeconds": 5, "node": "a", "backSeconds": 9 }, { "atSeconds": 7 }]
        }
        """;

    [Fact]
    public void A_scenario_is_read_with_defaults_for_what_it_does_not_say()
    {
        Scenario scenario = ScenarioFile.Parse(Valid, "file");
        Assert.Equal(["a", "b"], scenario.Nodes.Select(n => n.Name));
        Assert.Equal(new ScenarioRange(10, 20), scenario.Arrivals[0].DocumentTokens);
        Assert.Equal(0.85, scenario.Pressure.HighWatermark);
        Assert.Equal(9, scenario.Losses[0].BackSeconds);
        Assert.Null(scenario.Losses[1].Node);
    }

    [Theory]
    [InlineData("\"seconds\": 60", "\"seconds\": 0", "seconds: 0 is not above 0")]
    [InlineData("\"seconds\": 60,", "", "'seconds'")]
    [InlineData("\"seconds\": 60", "\"seconds\": 60, \"secnds\": 1", "secnds")]
    [InlineData("\"seconds\": 60", "\"seconds\": \"long\"", "$.seconds")]
    [InlineData("\"max\": 20", "\"max\": 5", "arrivals[0].documentTokens.max: 5 does not lie in [10,")]
    [InlineData("\"priority\": 1", "\"priority\": 9", "arrivals[0].priority: 9")]
    [InlineData("\"sessions\": 3", "\"sessions\": 0", "arrivals[0].sessions: 0")]
    [InlineData("\"node\": \"a\"", "\"node\": \"c\"", "losses[0].node: there is no node 'c'")]
    [InlineData("\"backSeconds\": 9", "\"backSeconds\": 5", "losses[0].backSeconds: 5 is not after 5")]
    [InlineData("\"share\": 2", "\"share\": -1", "tenants[0].share: -1")]
    [InlineData("\"name\": \"b\"", "\"name\": \"a\"", "nodes: the name 'a' is blank or given twice")]
    [InlineData("\"tenants\"", "\"pressure\": { \"lowWatermark\": 0.9 }, \"tenants\"", "pressure: low watermark 0.9")]
    public void A_fault_is_named_by_its_field(string valid, string broken, string message)
    {
        InputException error = Assert.Throws<InputException>(() => ScenarioFile.Parse(Valid.Replace(valid, broken, StringComparison.Ordinal), "file"));
        Assert.StartsWith("file: ", error.Message, StringComparison.Ordinal);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_not_there_is_named() =>
        Assert.Contains("no-such-file", Assert.Throws<InputException>(() => ScenarioFile.Read("no-such-file.json")).Message);
}
