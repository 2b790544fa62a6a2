using System.CommandLine;
using KVCluster.Silo.Options;
using KVCluster.Silo.Planning;

namespace KVCluster.Silo.Verbs;

/// <summary>What a plan assumes where nothing else is said.</summary>
internal sealed class PlanOptionSet
{
    private readonly Option<double?> _hot = OptionOf.Number<double>("--hot", "share of the sessions on devices at once; 1 by default");
    private readonly Option<int?> _whole = OptionOf.Number<int>("--whole", "sessions a node holds uncut at once; 1 by default");
    private readonly Option<int?> _spare = OptionOf.Number<int>("--spare", "nodes beyond the load's need; 1 by default");
    private readonly Option<double?> _turns = OptionOf.Number<double>("--turns-per-hour", "turns of a session in an hour; 6 by default");
    private readonly Option<int?> _turnTokens = OptionOf.Number<int>("--turn-tokens", "tokens a turn adds, prompt and answer; 500 by default");
    private readonly Option<double?> _workspace = OptionOf.Number<double>("--workspace", "share of the device's memory beside weights and arena; 0.1 by default");
    private readonly Option<double?> _weight = OptionOf.Number<double>("--weight-bytes", "bytes a parameter of the weights; 2 by default");
    private readonly Option<int?> _pages = OptionOf.Number<int>("--page-tokens", "tokens a page of the arena; 32 by default");
    private readonly Option<int?> _handOver = OptionOf.Number<int>("--hand-over", "seconds in which a node's caches leave or come; 60 by default");

    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[_hot, _whole, _spare, _turns, _turnTokens, _workspace, _weight, _pages, _handOver])
        {
            command.Options.Add(option);
        }
    }

    public PlanSettings Read(ParseResult parsed, PlanSettings settings) => settings with
    {
        Hot = parsed.GetValue(_hot) ?? settings.Hot,
        WholeAtOnce = parsed.GetValue(_whole) ?? settings.WholeAtOnce,
        Spare = parsed.GetValue(_spare) ?? settings.Spare,
        TurnsPerHour = parsed.GetValue(_turns) ?? settings.TurnsPerHour,
        TurnTokens = parsed.GetValue(_turnTokens) ?? settings.TurnTokens,
        Workspace = parsed.GetValue(_workspace) ?? settings.Workspace,
        WeightBytes = parsed.GetValue(_weight) ?? settings.WeightBytes,
        PageTokens = parsed.GetValue(_pages) ?? settings.PageTokens,
        HandOverSeconds = parsed.GetValue(_handOver) ?? settings.HandOverSeconds,
    };
}
