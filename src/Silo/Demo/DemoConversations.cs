using KVCluster.Evaluation.Running;
using KVCluster.Evaluation.Samples;
using KVCluster.Evaluation.Tasks;
using KVCluster.Inference;
using KVCluster.Silo.Hosting;
using KVCluster.Worker;

namespace KVCluster.Silo.Demo;

/// <summary>Makes the conversations of a demo: all different, the same with every start.</summary>
internal static class DemoConversations
{
    private const ulong Seed = 1;
    private const int MostTokens = 4096;
    private const double LeastShare = 0.5;

    // What a chat template puts around a message and an answer, at most.
    private const int FrameTokens = 32;
    private static readonly string[] TextNames = ["*.txt", "*.md"];

    /// <exception cref="InputException">The folder holds no texts, a text is too long, or the model has no chat template.</exception>
    public static IReadOnlyList<DemoConversation> Make(LocalModel model, DemoSettings settings)
    {
        int longest = Math.Min(MostTokens, model.Config.ContextLength);
        return settings.Documents is { } folder
            ? FromFolder(model, folder, settings, longest)
            : Invented(model, settings, longest);
    }

    private static IReadOnlyList<DemoConversation> Invented(LocalModel model, DemoSettings settings, int longest)
    {
        IEvaluationTask task = EvaluationTasks.Find(settings.Model.Bundled ? "needle-turns" : "niah-multikey-essay");
        var maker = new SampleMaker(model, Seed, EvaluationProtocol.MultiTurn);
        return [.. Enumerable.Range(0, settings.Conversations).Select(i =>
        {
            // Lengths spread evenly from half the longest to the longest, in an order that is neither.
            double place = i * 7 % settings.Conversations / (double)Math.Max(1, settings.Conversations - 1);
            int length = (int)(longest * (LeastShare + ((1 - LeastShare) * place)));
            Sample sample = maker.Make(task, length, i);
            return Of(model, i, sample.Context, sample.Questions, settings);
        })];
    }

    private static IReadOnlyList<DemoConversation> FromFolder(LocalModel model, string folder, DemoSettings settings, int longest)
    {
        if (!Directory.Exists(folder))
        {
            throw new InputException($"no such folder: {folder}");
        }

        string[] files = [.. TextNames.SelectMany(name => Directory.GetFiles(folder, name)).Order(StringComparer.Ordinal)];
        if (files.Length == 0)
        {
            throw new InputException($"{folder} holds no text: {string.Join(" or ", TextNames)}");
        }

        return [.. Enumerable.Range(0, settings.Conversations).Select(i =>
        {
            string file = files[i % files.Length];
            TaskDraft draft = HiddenFacts.In(TextFiles.Read(file, "document"), settings.Questions, $"{Seed}/{Path.GetFileName(file)}/{i}");
            SampleQuestion[] questions = [.. draft.Questions.Select(q => new SampleQuestion
            {
                Text = q.Text,
                Expected = q.Expected,
                MaxNewTokens = (2 * model.Tokenizer.Encode(q.AnswerPrefix + q.Reference, parseSpecial: false).Length) + 8,
            })];
            DemoConversation made = Of(model, i, draft.Context, questions, settings);
            return made.AllTokens <= longest
                ? made
                : throw new InputException($"{file} has {made.Tokens} tokens with this model: too many for a conversation of {longest} with {settings.Questions} questions");
        })];
    }

    private static DemoConversation Of(
        LocalModel model, int index, string document, IReadOnlyList<SampleQuestion> questions, DemoSettings settings)
    {
        SampleQuestion[] asked = [.. questions.Take(settings.Questions)];
        int tokens = Count(model, document);
        int talk = asked.Sum(q => Count(model, q.Text) + q.MaxNewTokens + FrameTokens);
        return new DemoConversation($"reader-{index + 1:00}", document, tokens, tokens + FrameTokens + talk, asked);
    }

    private static int Count(LocalModel model, string text) => model.Tokenizer.Encode(text, parseSpecial: false).Length;
}
