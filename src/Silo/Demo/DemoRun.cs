using System.Diagnostics;
using KVCluster.Inference.Kv;
using KVCluster.Silo.Reports;
using KVCluster.Silo.Terminals;
using KVCluster.Silo.Verbs;
using KVCluster.Worker;

namespace KVCluster.Silo.Demo;

/// <summary>The demo: the same conversations on the same little memory in three ways.</summary>
internal static class DemoRun
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(250);

    public static async Task RunAsync(Terminal terminal, DemoSettings settings, bool json, CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        using DemoRecorder? recorder = settings.Record is { } path ? new DemoRecorder(path) : null;
        (IReadOnlyList<DemoConversation> conversations, long nodeBytes, long tokenBytes) = Prepare(settings);
        DemoView? view = json ? null : new DemoView(terminal);
        view?.Begin(settings, conversations, nodeBytes, tokenBytes);
        List<DemoOutcome> outcomes = [];
        foreach (DemoWay way in DemoWay.All)
        {
            outcomes.Add(await PlayAsync(way, settings, conversations, (nodeBytes, tokenBytes), (view, recorder), cancellationToken));
        }

        DemoReport report = new()
        {
            Model = settings.Model.Bundled ? "needle" : settings.Model.Path,
            Conversations = conversations.Count,
            Nodes = settings.Nodes,
            NodeBytes = nodeBytes,
            Ways = outcomes,
            Seconds = Stopwatch.GetElapsedTime(start).TotalSeconds,
        };
        view?.End(report, settings);
        if (json)
        {
            JsonOutput.Write(terminal, report, JsonReports.Default.DemoReport);
        }
    }

    /// <summary>The conversations, and each node's bytes: together they hold a few of the longest whole.</summary>
    private static (IReadOnlyList<DemoConversation> Conversations, long NodeBytes, long TokenBytes) Prepare(DemoSettings settings)
    {
        using LocalModel model = LocalModel.Open(
            settings.Model.Path, new LocalModelOptions { KvType = settings.Model.KvType, Threads = 1, ContextTokens = 64 });
        IReadOnlyList<DemoConversation> conversations = DemoConversations.Make(model, settings);
        KvGeometry geometry = model.Backend.Pool.Geometry;
        long pages = 2L * geometry.Heads * geometry.PagesForRows(conversations.Max(c => c.AllTokens));
        long wholes = (settings.Uncompressed + settings.Nodes - 1) / settings.Nodes;
        return (conversations, wholes * pages * geometry.PageBytes, geometry.BytesPerToken);
    }

    private static async Task<DemoOutcome> PlayAsync(
        DemoWay way,
        DemoSettings settings,
        IReadOnlyList<DemoConversation> conversations,
        (long Node, long Token) bytes,
        (DemoView? View, DemoRecorder? Recorder) show,
        CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        await using DemoServer server = await DemoServer.StartAsync(settings, way, bytes.Node, cancellationToken);
        var board = new DemoBoard(way, conversations.Count, conversations.Count * settings.Questions);
        long peak = 0;
        DemoLook look = null!;
        async Task LookAsync()
        {
            look = await DemoWatch.LookAsync(server, cancellationToken);
            peak = Math.Max(peak, look.UsedBytes);
            show.Recorder?.Write(Stopwatch.GetElapsedTime(start).TotalSeconds, DemoPicture.Live(board, look));
        }

        Task<double> play = new DemoPlay(server, settings, conversations, board).RunAsync(cancellationToken);
        await (show.View?.FollowAsync(board, play, LookEvery, async () =>
        {
            await LookAsync();
            return look;
        }) ?? DemoWatch.UntilDoneAsync(play, LookEvery, LookAsync));
        double asking = await play;
        await LookAsync();
        return new DemoOutcome
        {
            Way = way.Name,
            Questions = board.Questions,
            Right = board.Right,
            Refused = board.Refused,
            Hits = board.Hits,
            Rebuilt = board.Rebuilt,
            Alive = look.Resident,
            FirstTokenSeconds = board.FirstTokenSeconds,
            TokensPerSecond = board.AnswerTokens / asking,
            Compressions = way.WindowShare < 1 ? board.Read : look.Compressions,
            PeakBytes = peak,
            WholeBytes = bytes.Token * conversations.Sum(c => (long)c.Tokens),
            Seconds = Stopwatch.GetElapsedTime(start).TotalSeconds,
        };
    }
}
