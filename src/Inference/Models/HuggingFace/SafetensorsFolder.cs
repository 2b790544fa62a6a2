using System.Text.Json;

namespace KVCluster.Inference.Models.HuggingFace;

/// <summary>
/// The weights of a Hugging Face folder: model.safetensors, or the shards that model.safetensors.index.json names.
/// </summary>
internal sealed class SafetensorsFolder : IDisposable
{
    private const string SingleName = "model.safetensors";
    private const string IndexName = "model.safetensors.index.json";

    private readonly List<SafetensorsFile> _files = [];
    private readonly Dictionary<string, StoredTensor> _tensors = new(StringComparer.Ordinal);

    private SafetensorsFolder()
    {
    }

    public IReadOnlyDictionary<string, StoredTensor> Tensors => _tensors;

    /// <exception cref="ModelFormatException">No weights, a faulty file, or index and shards contradict each other.</exception>
    public static SafetensorsFolder Open(string folder)
    {
        SafetensorsFolder weights = new();
        try
        {
            string single = Path.Combine(folder, SingleName);
            string index = Path.Combine(folder, IndexName);
            if (File.Exists(single))
            {
                weights.Add(single);
            }
            else if (File.Exists(index))
            {
                weights.AddShards(folder, index);
            }
            else
            {
                throw new ModelFormatException(folder, $"has neither {SingleName} nor {IndexName}");
            }

            return weights;
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        foreach (SafetensorsFile file in _files)
        {
            file.Dispose();
        }
    }

    private void AddShards(string folder, string index)
    {
        using JsonDocument json = JsonText.Load(index);
        JsonSection map = new JsonSection(index, "the index", json.RootElement).OptionalSection("weight_map")
            ?? throw new ModelFormatException(index, "the index has no 'weight_map'");
        Dictionary<string, string> shardOf = new(StringComparer.Ordinal);
        foreach (var (tensor, shard) in map.Entries())
        {
            shardOf.Add(tensor, RequirePlainName(index, shard));
        }

        foreach (string shard in shardOf.Values.Distinct(StringComparer.Ordinal))
        {
            Add(Path.Combine(folder, shard));
        }

        foreach (var (tensor, shard) in shardOf)
        {
            if (!_tensors.TryGetValue(tensor, out StoredTensor? stored) || Path.GetFileName(stored.Path) != shard)
            {
                throw new ModelFormatException(index, $"tensor '{tensor}' is not in {shard}, where the index says it is");
            }
        }

        if (_tensors.Keys.FirstOrDefault(name => !shardOf.ContainsKey(name)) is string unlisted)
        {
            throw new ModelFormatException(_tensors[unlisted].Path, $"tensor '{unlisted}' is not in the index");
        }
    }

    private void Add(string path)
    {
        SafetensorsFile file = SafetensorsFile.Open(path);
        _files.Add(file);
        foreach (StoredTensor tensor in file.Tensors.Values)
        {
            if (!_tensors.TryAdd(tensor.Name, tensor))
            {
                throw new ModelFormatException(path, $"tensor '{tensor.Name}' is also in {Path.GetFileName(_tensors[tensor.Name].Path)}");
            }
        }
    }

    /// <summary>A shard lies in the model's own folder: an index must not reach outside it.</summary>
    private static string RequirePlainName(string index, string shard) =>
        shard.Length > 0 && shard.IndexOfAny(['/', '\\', '\0']) < 0 && shard is not "." and not ".."
            ? shard
            : throw new ModelFormatException(index, $"'{shard}' is not the name of a file in this folder");
}
