using KVCluster.Inference.Backend;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Models;

namespace KVCluster.Inference.Tests.Cpu;

/// <summary>A backend over a model, with short forms of what tests do most.</summary>
internal class ModelRunner<TBackend>(LoadedModel model, TBackend backend, bool own) : IDisposable
    where TBackend : IInferenceBackend
{
    public LoadedModel Model => model;

    public TBackend Backend => backend;

    public int Vocabulary => Model.Config.VocabularySize;

    /// <summary>Appends tokens in chunks and gives the logits of every row, [tokens, V].</summary>
    public float[] Forward(KvCache cache, ReadOnlyMemory<int> tokens, int chunk = 512, HiddenStateTrace? trace = null)
    {
        var logits = new float[(long)tokens.Length * Vocabulary];
        for (int i = 0; i < tokens.Length; i += chunk)
        {
            int count = Math.Min(chunk, tokens.Length - i);
            Backend.Forward([new ForwardRequest(cache)
            {
                Tokens = tokens.Slice(i, count),
                Logits = LogitsRows.All,
                LogitsDestination = logits.AsMemory(i * Vocabulary, count * Vocabulary),
                Trace = trace,
            }]);
        }

        return logits;
    }

    /// <summary>Greedy continuation: token i + 1 is the first largest of the logits after token i.</summary>
    public (int[] Tokens, float[] Gaps) Greedy(KvCache cache, ReadOnlySpan<float> lastLogits, int count)
    {
        var tokens = new int[count];
        var gaps = new float[count];
        float[] logits = lastLogits.ToArray();
        for (int i = 0; i < count; i++)
        {
            (tokens[i], gaps[i]) = Best(logits);
            if (i + 1 < count)
            {
                logits = Forward(cache, new[] { tokens[i] });
            }
        }

        return (tokens, gaps);
    }

    public static (int Token, float Gap) Best(ReadOnlySpan<float> logits)
    {
        int best = 0;
        float second = float.NegativeInfinity;
        for (int i = 1; i < logits.Length; i++)
        {
            if (logits[i] > logits[best])
            {
                second = logits[best];
                best = i;
            }
            else
            {
                second = Math.Max(second, logits[i]);
            }
        }

        return (best, logits[best] - second);
    }

    public void Dispose()
    {
        backend.Dispose();
        if (own)
        {
            model.Dispose();
        }
    }
}
