namespace KVCluster.Inference.Models;

/// <summary>
/// An opened model: configuration, weights mapped into memory, and what a tokenizer is made from. Disposing unmaps the files; nothing
/// read from <see cref="Weights"/> may be used after that.
/// </summary>
public sealed class LoadedModel : IDisposable
{
    private readonly IDisposable _files;

    /// <summary>Takes ownership of the mapped files.</summary>
    public LoadedModel(IDisposable files)
    {
        _files = files;
    }

    /// <summary>What the user named: a folder or a .gguf file.</summary>
    public required string Path { get; init; }

    /// <summary>"huggingface" or "gguf".</summary>
    public required string Format { get; init; }

    /// <summary>Dimensions and settings.</summary>
    public required ModelConfig Config { get; init; }

    /// <summary>Weights, in place in their files.</summary>
    public required ModelWeights Weights { get; init; }

    /// <summary>GGUF metadata by key (boxed scalars, string, typed arrays such as string[] and int[]); empty for Hugging Face folders.</summary>
    public required IReadOnlyDictionary<string, object> Metadata { get; init; }

    /// <summary>Number of parameters.</summary>
    public required long ParameterCount { get; init; }

    /// <summary>Bytes of all tensors as stored.</summary>
    public required long WeightBytes { get; init; }

    /// <summary>
    /// Hex SHA-256 over configuration, RoPE and a digest of every tensor (name, type, shape and sampled content): names the model in cold
    /// caches and calibration files, so that another revision, type or RoPE setting never passes for this one.
    /// </summary>
    public required string Fingerprint { get; init; }

    /// <inheritdoc/>
    public void Dispose() => _files.Dispose();
}
