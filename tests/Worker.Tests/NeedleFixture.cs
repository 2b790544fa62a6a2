using System.Text;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Sampling;
using KVCluster.TestSupport;

namespace KVCluster.Worker.Tests;

/// <summary>The bundled model, opened once a class, and a document it can answer from.</summary>
public sealed class NeedleFixture : IDisposable
{
    public const string Question = "What is the gate code for amber-falcon?";
    public const string Answer = "The gate code for amber-falcon is 48213.";
    public const string SecondQuestion = "What is the magic number for rusty-hyena?";
    public const string SecondAnswer = "The magic number for rusty-hyena is 71302.";

    public LocalModel Model { get; } = Open();

    public ChatFraming Framing => field ??= new ChatFraming(Model);

    /// <summary>Filler with two facts, of a few hundred tokens, and a blank line behind it.</summary>
    public static string Document { get; } = MakeDocument(24);

    public static SamplingOptions Greedy { get; } = new() { MaxTokens = 64 };

    /// <summary>
    /// One kernel thread unless said: so small a model gains little from more, and threads that wait for each other lose much on a machine
    /// that does other work.
    /// </summary>
    public static LocalModel Open(
        KvElementType type = KvElementType.F32, int contextTokens = 12288, int maxBatchTokens = 96, int threads = 1) =>
        LocalModel.Open(TestPaths.Needle, new LocalModelOptions
        {
            KvType = type,
            ContextTokens = contextTokens,
            MaxBatchTokens = maxBatchTokens,
            Threads = threads,
        });

    public static string MakeDocument(int sentences)
    {
        string[] filler =
        [
            "The cook was hungry because of the sunshine.", "Nobody in the hill saw the farmer.", "Life near the garden goes on as before.",
            "After the mist, the island looked thick.", "Every hunter wants a thick key.", "At noon the bakery was quiet.",
        ];
        var text = new StringBuilder();
        for (int i = 0; i < sentences; i++)
        {
            text.Append(filler[i % filler.Length]).Append(' ');
            text.Append(i == sentences / 3 ? Answer + " " : "");
            text.Append(i == 2 * sentences / 3 ? SecondAnswer + " " : "");
        }

        return text.ToString().TrimEnd() + "\n\n";
    }

    /// <summary>A conversation that has read the document and the question.</summary>
    public Conversation Asked(string question = Question, ConversationOptions? options = null)
    {
        Conversation conversation = Read(options);
        conversation.Append(Framing.FirstTurn(null, Document, question).Question);
        return conversation;
    }

    /// <summary>A conversation that has read the document only.</summary>
    public Conversation Read(ConversationOptions? options = null)
    {
        var conversation = new Conversation(Model, options);
        conversation.Append(Framing.FirstTurn(null, Document, Question).Context);
        return conversation;
    }

    public LedgerSnapshot Ledger() => Model.Backend.Pool.Ledger.Snapshot();

    public void Dispose() => Model.Dispose();

    /// <summary>Reads a whole answer.</summary>
    public static Completion Run(Conversation conversation, SamplingOptions? options = null)
    {
        string text = string.Concat(conversation.Generate(options ?? Greedy).Select(piece => piece.Text));
        Completion completion = conversation.LastCompletion!;
        Assert.Equal(completion.Text, text);
        return completion;
    }
}
