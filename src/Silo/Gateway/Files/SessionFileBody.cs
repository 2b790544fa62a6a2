using KVCluster.Grains;

namespace KVCluster.Silo.Gateway.Files;

/// <summary>What version 1 of a session file holds; apart from the grains' records, so that those may change.</summary>
internal sealed record SessionFileBody
{
    public required string Model { get; init; }

    public string? System { get; init; }

    public string? Document { get; init; }

    public string? Tools { get; init; }

    public required SamplingSettings Sampling { get; init; }

    public required int Priority { get; init; }

    public int? TokenBudget { get; init; }

    public required int[] Tokens { get; init; }

    public required bool MessageOpen { get; init; }

    public required long Turns { get; init; }

    public required TurnRecord[] Recent { get; init; }

    public static SessionFileBody Of(SessionExport export) => new()
    {
        Model = export.Model,
        System = export.Options.System,
        Document = export.Options.Document,
        Tools = export.Options.Tools,
        Sampling = export.Options.Sampling,
        Priority = export.Options.Priority,
        TokenBudget = export.Options.TokenBudget,
        Tokens = export.Tokens,
        MessageOpen = export.IsMessageOpen,
        Turns = export.Turns,
        Recent = export.Recent,
    };

    public SessionExport Export() => new()
    {
        Model = Model,
        Options = new SessionOptions
        {
            System = System,
            Document = Document,
            Tools = Tools,
            Sampling = Sampling,
            Priority = Priority,
            TokenBudget = TokenBudget,
        },
        Tokens = Tokens,
        IsMessageOpen = MessageOpen,
        Turns = Turns,
        Recent = Recent,
    };
}
