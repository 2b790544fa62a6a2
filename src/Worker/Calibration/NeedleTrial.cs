using System.Numerics.Tensors;
using KVCluster.Compression.Scores;

namespace KVCluster.Worker.Calibration;

/// <summary>Puts a needle prompt to the model.</summary>
internal static class NeedleTrial
{
    /// <summary>
    /// The run, greedily generated; null where the answer lacks the value. What the model looks for is the whole fact where it restates more
    /// than half of its tokens (CompressKV's rule), else the value alone, under the same rule. Afterwards the probe holds the prompt only.
    /// </summary>
    public static NeedleRun? Run(
        LocalModel model, AttentionProbe probe, NeedlePrompt prompt, int maxTokens, CancellationToken cancellationToken)
    {
        probe.Append(prompt.Tokens, cancellationToken);
        List<int> generated = [];
        while (generated.Count < maxTokens)
        {
            int next = TensorPrimitives.IndexOfMax(probe.Logits);
            if (model.EndTokens.Contains(next))
            {
                break;
            }

            generated.Add(next);
            probe.Append(new[] { next }, cancellationToken);
        }

        probe.Truncate(prompt.Tokens.Length, prompt.Tokens[^1]);
        int[] ids = [.. generated];
        int[] known = [.. ids.Where(id => id < model.Tokenizer.VocabularySize)];
        if (!model.Tokenizer.Decode(known, skipSpecial: true).Contains(prompt.Text.Value, StringComparison.Ordinal))
        {
            return null;
        }

        return Over(prompt.Text.Fact) ?? Over(prompt.Text.Value);

        NeedleRun? Over(string part)
        {
            (int start, int end) = prompt.Find(model.Tokenizer, part);
            NeedleRun run = new(prompt.Tokens, start, end, ids);
            return SemanticRetrieval.UnigramRecall(ids, run.Answer) > 0.5 ? run : null;
        }
    }
}
