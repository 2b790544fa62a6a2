using static TorchSharp.torch;

namespace KVCluster.Inference.Torch.Attention;

/// <summary>Takes probabilities as attention makes them.</summary>
internal interface IAttentionSink
{
    /// <summary>The first query that is looked at; those before may take a faster way.</summary>
    int From { get; }

    /// <summary>Probabilities [lanes, count, g, S] in float32 of queries [first, first + count), all at or behind <see cref="From"/>.</summary>
    void Add(Tensor probabilities, long first);
}
