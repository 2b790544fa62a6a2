using KVCluster.Inference;
using KVCluster.Inference.Tokenization;

namespace KVCluster.Worker.Calibration;

/// <summary>Different ordinary tokens in no order.</summary>
internal static class RandomSequence
{
    /// <summary>As many as the settings say, fewer where the repeats would not fit the model's context.</summary>
    /// <exception cref="InputException">The vocabulary has too few ordinary tokens.</exception>
    public static int[] Make(LocalModel model, CalibrationSettings settings)
    {
        Tokenizer tokenizer = model.Tokenizer;
        int count = Math.Min(settings.RandomTokens, (model.Config.ContextLength - 1) / settings.Repeats);
        int[] ordinary = [.. Enumerable.Range(0, Math.Min(tokenizer.VocabularySize, model.Config.VocabularySize)).Where(id => !tokenizer.IsSpecial(id))];
        if (count < 2 || ordinary.Length < count)
        {
            throw new InputException(
                $"a random sequence of {settings.RandomTokens} tokens cannot be made: the vocabulary has {ordinary.Length} ordinary tokens, "
                + $"the context {model.Config.ContextLength}");
        }

        var random = new SeededRandom(settings.Seed);
        for (int i = 0; i < count; i++)
        {
            int other = i + random.Next(ordinary.Length - i);
            (ordinary[i], ordinary[other]) = (ordinary[other], ordinary[i]);
        }

        return ordinary[..count];
    }
}
