using KVCluster.Inference.Models.Gguf;
using KVCluster.Inference.Models.HuggingFace;

namespace KVCluster.Inference.Models;

/// <summary>
/// Opens a model: a Hugging Face folder (config.json and safetensors) or a GGUF file. Everything is checked before anything is used: header
/// and metadata, sizes, offsets and overlaps, every tensor's presence, shape and type, the numbers of all vectors, and those of matrices
/// (block scales for quantised ones) in full up to 4 MiB a matrix, by 256 samples beyond.
/// </summary>
public static class ModelLoader
{
    /// <summary>Maps and checks a model; weights are read from disk only when they are used.</summary>
    /// <param name="path">A folder with config.json, or a .gguf file.</param>
    /// <exception cref="ModelFormatException">The model is faulty or needs something not built here; nothing stays open.</exception>
    public static LoadedModel Open(string path)
    {
        if (Directory.Exists(path))
        {
            return OpenFolder(path);
        }

        return File.Exists(path)
            ? OpenGguf(path)
            : throw new ModelFormatException(path, "there is no such file or folder");
    }

    /// <summary>Dimensions and settings alone; of a folder only its configuration is needed.</summary>
    /// <param name="path">A folder with config.json, or a .gguf file.</param>
    /// <exception cref="ModelFormatException">The configuration is faulty or needs something not built here.</exception>
    public static ModelConfig ReadConfig(string path)
    {
        if (Directory.Exists(path))
        {
            return File.Exists(Path.Combine(path, HuggingFaceConfig.FileName)) ? HuggingFaceConfig.Read(path) : throw NoConfig(path);
        }

        if (!File.Exists(path))
        {
            throw new ModelFormatException(path, "there is no such file or folder");
        }

        using GgufFile file = GgufFile.Open(path);
        return GgufConfig.Read(file);
    }

    private static ModelFormatException NoConfig(string path) =>
        new(path, $"has no {HuggingFaceConfig.FileName}: a model is a Hugging Face folder or a .gguf file");

    private static LoadedModel OpenFolder(string path)
    {
        if (!File.Exists(Path.Combine(path, HuggingFaceConfig.FileName)))
        {
            throw NoConfig(path);
        }

        ModelConfig config = HuggingFaceConfig.Read(path);
        SafetensorsFolder files = SafetensorsFolder.Open(path);
        try
        {
            TensorTable table = new(path, files.Tensors);
            ModelWeights weights = new WeightsAssembly(table, TensorNames.HuggingFace, config).Build();
            table.RequireNothingLeft(config.Family, name => name.EndsWith("rotary_emb.inv_freq", StringComparison.Ordinal)
                || (config.TiedEmbeddings && name == TensorNames.HuggingFace.Output));
            return Loaded(path, "huggingface", files, config, weights, table, new Dictionary<string, object>());
        }
        catch
        {
            files.Dispose();
            throw;
        }
    }

    private static LoadedModel OpenGguf(string path)
    {
        GgufFile file = GgufFile.Open(path);
        try
        {
            ModelConfig config = GgufConfig.Read(file);
            TensorTable table = new(path, file.Tensors);
            bool llama = config.Family == "llama";
            WeightsAssembly assembly = new(table, TensorNames.Gguf, config) { InterleavedHeads = llama, OptionalBiases = llama };
            ModelWeights weights = assembly.Build();
            table.RequireNothingLeft(config.Family, name => name == GgufRope.Divisors);
            return Loaded(path, "gguf", file, config, weights, table, file.Metadata);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static LoadedModel Loaded(
        string path,
        string format,
        IDisposable files,
        ModelConfig config,
        ModelWeights weights,
        TensorTable table,
        IReadOnlyDictionary<string, object> metadata) => new(files)
        {
            Path = path,
            Format = format,
            Config = config,
            Weights = weights,
            Metadata = metadata,
            ParameterCount = table.Taken.Sum(t => t.ElementCount),
            WeightBytes = table.Taken.Sum(t => t.ByteCount),
            Fingerprint = ModelFingerprint.Of(config, table.Taken),
        };
}
