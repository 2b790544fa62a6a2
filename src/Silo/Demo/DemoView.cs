using KVCluster.Silo.Rendering;
using KVCluster.Silo.Terminals;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace KVCluster.Silo.Demo;

/// <summary>Tells a person what the demo does, as it goes: a live table on a terminal, a line a phase elsewhere.</summary>
internal sealed class DemoView(Terminal terminal)
{
    private readonly IAnsiConsole _console = terminal.OutputConsole;

    public void Begin(DemoSettings settings, IReadOnlyList<DemoConversation> conversations, long nodeBytes, long tokenBytes)
    {
        long tokens = conversations.Sum(c => (long)c.Tokens);
        string name = settings.Model.Bundled ? "needle (comes with the program)" : settings.Model.Path;
        Line($"{conversations.Count} conversations about {conversations.Count} documents on {settings.Nodes} nodes, and memory for about {settings.Uncompressed} of them.");
        Line("");
        Line($"model      {name}");
        Line($"documents  {Amount.Count(conversations.Min(c => c.Tokens))} to {Amount.Count(conversations.Max(c => c.Tokens))} tokens, {Amount.Count(tokens)} in all; "
            + $"their caches take {Amount.Bytes(tokens * tokenBytes)}");
        Line($"memory     {Amount.Bytes(nodeBytes)} a node, {Amount.Bytes(nodeBytes * settings.Nodes)} in all");
        Line($"questions  {settings.Questions} to each conversation, in rounds; the answers are known");
    }

    /// <summary>Shows how a way goes until it has ended.</summary>
    public async Task FollowAsync(DemoBoard board, Task play, TimeSpan every, Func<Task<DemoLook>> look)
    {
        Line("");
        Line($"{board.Way.Name}: {board.Way.Says}");
        if (terminal.OutputIsConsole)
        {
            await _console.Live(DemoPicture.Live(board, await look())).StartAsync(live => DemoWatch.UntilDoneAsync(
                play, every, async () => live.UpdateTarget(DemoPicture.Live(board, await look()))));
            return;
        }

        string phase = "";
        IRenderable last = new Text("");
        await DemoWatch.UntilDoneAsync(play, every, async () =>
        {
            DemoLook seen = await look();
            if (board.Phase != phase && phase.Length > 0)
            {
                _console.Write(last);
            }

            phase = board.Phase;
            last = DemoPicture.Live(board, seen);
        });
        _console.Write(DemoPicture.Live(board, await look()));
    }

    public void End(DemoReport report, DemoSettings settings)
    {
        Line("");
        Line("The same work on the same memory:");
        _console.Write(DemoPicture.Comparison(report.Ways));
        Line("alive: conversations with a cache on a device at the end; hits: turns that found theirs; rebuilt: turns that computed it again;");
        Line("held: the most bytes of KV cache at any look, beside what all conversations would take whole.");
        Line($"{Amount.Seconds(report.Seconds)} in all. Next: {Next(settings)}");
    }

    private static string Next(DemoSettings settings) => settings.Model.Bundled
        ? "what a cut costs on one document, step by step: kvcluster compare"
        : "serve it: kvcluster serve --model ...";

    private void Line(string text) => terminal.Output.WriteLine(text);
}
