using System.CommandLine;
using KVCluster.Evaluation.Scenarios;
using KVCluster.Silo.Hosting;
using KVCluster.Silo.Reports;
using KVCluster.Silo.Simulating;
using KVCluster.Silo.Terminals;

namespace KVCluster.Silo.Verbs;

/// <summary><c>simulate</c>: replays a scenario file against the real cluster on simulated devices.</summary>
internal static class SimulateVerb
{
    public static Command Create(Terminal terminal, Interrupt interrupt)
    {
        Argument<string> file = new("FILE") { Description = "a scenario as JSON; docs/allocator.md has its fields" };
        Option<bool> json = JsonOutput.Option();
        Option<string?> plot = new("--plot") { Description = "draw bytes, attention kept, first tokens and moves over time into this file (.svg or .html)", HelpName = "FILE" };
        Command command = new("simulate", "Replay arrivals, turns and losses against the real grains on simulated devices.") { file, json, plot };
        command.SetAction(parsed =>
        {
            Scenario scenario = ScenarioFile.Read(parsed.GetRequiredValue(file));
            string? path = parsed.GetValue(plot);
            SimulationTimeline? timeline = path is null ? null : new SimulationTimeline(scenario);
            SimulationPage.Check(path);
            SimulationReport report = Simulation.Run(scenario, interrupt.Token, timeline);
            if (timeline is not null)
            {
                SimulationPage.Write(path!, timeline);
            }

            if (parsed.GetValue(json))
            {
                JsonOutput.Write(terminal, report, JsonReports.Default.SimulationReport);
            }
            else
            {
                terminal.OutputConsole.Write(SimulationTable.Create(report));
            }

            return ExitCode.Success;
        });
        return command;
    }
}
