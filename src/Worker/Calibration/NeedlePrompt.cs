using System.Text;
using KVCluster.Inference;
using KVCluster.Inference.Tokenization;

namespace KVCluster.Worker.Calibration;

/// <summary>A needle text as the model is asked it: through its chat template, or, without one, as text to be continued.</summary>
/// <param name="Text">The fact, the question and the filler.</param>
/// <param name="Tokens">Token ids.</param>
internal sealed record NeedlePrompt(NeedleText Text, int[] Tokens)
{
    // No sentence of filler has fewer tokens than this.
    private const int LeastSentenceTokens = 4;

    private const string Separator = "\n\n";

    /// <summary>The longest prompt of whole sentences with at most so many tokens.</summary>
    /// <exception cref="InputException">Not even the question fits.</exception>
    public static NeedlePrompt Make(LocalModel model, SeededRandom random, int length, double depth)
    {
        NeedleText text = NeedleText.Make(random, length / LeastSentenceTokens);
        int low = 0;
        int high = text.Filler.Count;
        while (low < high)
        {
            int middle = (low + high + 1) / 2;
            (low, high) = Encode(model, text, middle, depth).Length <= length ? (middle, high) : (low, middle - 1);
        }

        int[] tokens = Encode(model, text, low, depth);
        return tokens.Length <= length
            ? new NeedlePrompt(text, tokens)
            : throw new InputException($"a question about one fact has {tokens.Length} tokens in this model, more than the {length} asked for");
    }

    /// <summary>The tokens [start, end) that hold the last occurrence of a part of the document.</summary>
    public (int Start, int End) Find(Tokenizer tokenizer, string part)
    {
        List<byte> bytes = [];
        List<int> ends = [];
        foreach (int token in Tokens)
        {
            bytes.AddRange(tokenizer.TokenBytes(token));
            ends.Add(bytes.Count);
        }

        byte[] wanted = Encoding.UTF8.GetBytes(part);
        int at = bytes.ToArray().AsSpan().LastIndexOf(wanted);
        return at >= 0
            ? (ends.FindIndex(end => end > at), ends.FindIndex(end => end >= at + wanted.Length) + 1)
            : throw new InputException($"the model's tokenizer does not give a text back as it was: '{part}' is lost");
    }

    private static int[] Encode(LocalModel model, NeedleText text, int sentences, double depth)
    {
        string document = text.Document(sentences, depth);
        if (model.Template is null)
        {
            string prompt = document + Separator + text.Question + Separator + text.AnswerOpening;
            return model.Tokenizer.EncodeDocument(prompt, parseSpecial: false);
        }

        (int[] context, int[] question) = new ChatFraming(model).FirstTurn(null, document, Separator + text.Question);
        return [.. context, .. question];
    }
}
