using System.Text.Json;
using KVCluster.Evaluation.Samples;
using KVCluster.TestSupport;

namespace KVCluster.Evaluation.Tests.Goldens;

/// <summary>A sample with the scores that the Python reference got on it, press by press and ratio by ratio.</summary>
internal sealed record RecordedSample(Sample Sample, IReadOnlyList<RecordedRow> Rows)
{
    /// <summary>All samples of a family of goldens ("smollm2", "needle") whose own text is at hand.</summary>
    public static List<RecordedSample> Find(string family)
    {
        List<RecordedSample> found = [];
        string folder = Path.Combine(TestPaths.Goldens, family);
        if (!Directory.Exists(folder))
        {
            return found;
        }

        Dictionary<string, IReadOnlyList<Sample>> files = [];
        foreach (string path in Directory.EnumerateFiles(folder, "accuracy_samples_*.jsonl").Order(StringComparer.Ordinal))
        {
            foreach (string line in File.ReadLines(path))
            {
                using JsonDocument json = JsonDocument.Parse(line);
                JsonElement root = json.RootElement;
                string task = root.GetProperty("task").GetString()!;
                int length = root.GetProperty("length").GetInt32();
                int index = root.GetProperty("index").GetInt32();
                if (SampleOf(files, folder, task, length, index) is { } sample)
                {
                    found.Add(new RecordedSample(sample, [.. root.GetProperty("rows").EnumerateArray().Select(RecordedRow.Read)]));
                }
            }
        }

        return found;
    }

    private static Sample? SampleOf(
        Dictionary<string, IReadOnlyList<Sample>> files, string folder, string task, int length, int index)
    {
        string[] places = [Path.Combine(folder, "ruler", $"{task}_{length}.jsonl"), Path.Combine(folder, $"{task}-{length}.jsonl")];
        if (places.FirstOrDefault(File.Exists) is not { } path)
        {
            return null;
        }

        if (!files.TryGetValue(path, out IReadOnlyList<Sample>? samples))
        {
            files[path] = samples = SampleFile.Read(path, text => text.Length);
        }

        Sample? sample = samples.FirstOrDefault(s => s.Index == index);
        return sample is null ? null : Limited(sample);
    }

    /// <summary>As recorded: at most 48 tokens where the file itself does not limit the answer, and the first question only.</summary>
    private static Sample Limited(Sample sample)
    {
        SampleQuestion first = sample.Questions[0];
        SampleQuestion question = first with { MaxNewTokens = Math.Min(first.MaxNewTokens, SampleLine.DefaultNewTokens) };
        return new Sample(sample.Task, sample.Length, sample.Index, sample.Context, [question]);
    }
}
