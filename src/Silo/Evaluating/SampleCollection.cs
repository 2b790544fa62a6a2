using KVCluster.Evaluation.Samples;
using KVCluster.Evaluation.Tasks;
using KVCluster.Inference;
using KVCluster.Worker;

namespace KVCluster.Silo.Evaluating;

/// <summary>The samples of a run: those of files, then those made.</summary>
internal static class SampleCollection
{
    /// <summary>The longest sample in tokens, known before the model is open: what the arena is made for.</summary>
    public static int Longest(EvaluateSettings settings)
    {
        // How many tokens reference answers have does not matter yet.
        IEnumerable<int> given = settings.SampleFiles.SelectMany(f => SampleFile.Read(f, text => text.Length)).Select(s => s.Length);
        return given.Concat(settings.Tasks.Count > 0 ? settings.Lengths : []).Max();
    }

    public static IReadOnlyList<Sample> Gather(EvaluateSettings settings, LocalModel model)
    {
        List<Sample> samples = [];
        foreach (string file in settings.SampleFiles)
        {
            IEnumerable<Sample> read = SampleFile.Read(file, text => model.Tokenizer.Encode(text, parseSpecial: false).Length);
            samples.AddRange(settings.Count is { } most ? read.GroupBy(s => (s.Task, s.Length)).SelectMany(g => g.Take(most)) : read);
        }

        var maker = new SampleMaker(model, settings.Seed, settings.Evaluation.Protocol);
        samples.AddRange(maker.Make(settings.Tasks, settings.Lengths, settings.Count ?? EvaluateDefaults.Count));
        HashSet<string> ids = [];
        return samples.FirstOrDefault(s => !ids.Add(s.Id)) is { } twice
            ? throw new InputException($"sample {twice.Index} of {twice.Task} at {twice.Length} is there twice")
            : samples;
    }
}
