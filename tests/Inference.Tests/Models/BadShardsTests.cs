using System.Text;
using System.Text.Json.Nodes;
using KVCluster.Inference.Models;
using Xunit;

namespace KVCluster.Inference.Tests.Models;

public sealed class BadShardsTests
{
    [Fact]
    public void Shards_open_as_one_model()
    {
        using TemporaryFolder folder = new();
        Write(folder, _ => { });
        using LoadedModel model = ModelLoader.Open(folder.Path);
        using TemporaryFolder single = new();
        TinyModels.Write(single, TinyModels.Config(), TinyModels.Safetensors());
        using LoadedModel whole = ModelLoader.Open(single.Path);
        Assert.Equal(whole.ParameterCount, model.ParameterCount);
        Assert.Equal(whole.Fingerprint, model.Fingerprint);
    }

    [Fact]
    public void Index_and_shards_must_agree()
    {
        Fails(index => index.Remove("weight_map"), "has no 'weight_map'");
        Fails(index => index["weight_map"]!["x"] = "model-1.safetensors", "tensor 'x' is not in model-1.safetensors");
        Fails(index => index["weight_map"]!["x"] = "../model-1.safetensors", "is not the name of a file in this folder");
        Fails(index => index["weight_map"]!["x"] = "absent.safetensors", "cannot be opened");
        Fails(index => index["weight_map"]!["x"] = 5, "'x' is 5 where a string was expected");
        Fails(
            index => index["weight_map"]!.AsObject().Remove("model.embed_tokens.weight"),
            "'model.embed_tokens.weight' is not in the index");
        Fails(index => index["weight_map"]!["model.norm.weight"] = "model-1.safetensors", "'model.norm.weight' is not in model-1");
    }

    [Fact]
    public void A_tensor_in_two_shards_is_refused()
    {
        using TemporaryFolder folder = new();
        Write(folder, _ => { });
        SafetensorsBuilder second = new();
        second.Add("model.norm.weight", [TinyModels.Hidden], "F32", new byte[TinyModels.Hidden * 4]);
        second.Add("model.layers.0.input_layernorm.weight", [TinyModels.Hidden], "F32", new byte[TinyModels.Hidden * 4]);
        folder.Write("model-2.safetensors", second.Build());
        Assert.Contains("is also in", Assert.Throws<ModelFormatException>(() => ModelLoader.Open(folder.Path)).Fault);
    }

    private static void Fails(Action<JsonObject> edit, string fault)
    {
        using TemporaryFolder folder = new();
        Write(folder, edit);
        Assert.Contains(fault, Assert.Throws<ModelFormatException>(() => ModelLoader.Open(folder.Path)).Fault);
    }

    /// <summary>The tiny model with its final norm in a second shard.</summary>
    private static void Write(TemporaryFolder folder, Action<JsonObject> edit)
    {
        SafetensorsBuilder whole = TinyModels.Safetensors();
        byte[] data = whole.Build();
        data = data[(8 + BitConverter.ToInt32(data))..];
        SafetensorsBuilder first = new();
        SafetensorsBuilder second = new();
        JsonObject map = [];
        foreach (var (name, entry) in whole.Header)
        {
            int[] offsets = [.. entry!["data_offsets"]!.AsArray().Select(o => o!.GetValue<int>())];
            int[] shape = [.. entry["shape"]!.AsArray().Select(o => o!.GetValue<int>())];
            bool last = name == "model.norm.weight";
            (last ? second : first).Add(name, shape, "F32", data[offsets[0]..offsets[1]]);
            map[name] = last ? "model-2.safetensors" : "model-1.safetensors";
        }

        JsonObject index = new() { ["weight_map"] = map };
        edit(index);
        folder.Write("model-1.safetensors", first.Build());
        folder.Write("model-2.safetensors", second.Build());
        folder.Write("model.safetensors.index.json", Encoding.UTF8.GetBytes(index.ToJsonString()));
        folder.Write("config.json", Encoding.UTF8.GetBytes(TinyModels.Config().ToJsonString()));
    }
}
