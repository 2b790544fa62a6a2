using System.Globalization;
using System.Text.Json;
using KVCluster.Inference.Models;
using KVCluster.Inference.Models.Gguf;
using KVCluster.TestSupport;
using Xunit;

namespace KVCluster.Inference.Tests.Models;

[Trait("Category", "Goldens")]
public sealed class GgufMetadataTests
{
    [GoldenFact("gguf/tensors.json")]
    public void Metadata_and_tensor_infos_are_the_expected_ones()
    {
        string folder = Path.Combine(TestPaths.Goldens, "gguf");
        using JsonDocument expected = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "tensors.json")));
        using GgufFile file = GgufFile.Open(Path.Combine(folder, expected.RootElement.GetProperty("file").GetString()!));

        int checkedValues = 0;
        foreach (JsonProperty pair in expected.RootElement.GetProperty("metadata").EnumerateObject())
        {
            Assert.Equal(Text(pair.Value), Text(file.Metadata[pair.Name]));
            checkedValues++;
        }

        foreach (JsonProperty tensor in expected.RootElement.GetProperty("tensors").EnumerateObject())
        {
            StoredTensor stored = file.Tensors[tensor.Name];
            Assert.Equal(tensor.Value.GetProperty("type").GetString(), stored.Type.ToString());
            Assert.Equal(tensor.Value.GetProperty("shape_rows_cols").EnumerateArray().Select(e => e.GetInt64()), stored.Shape);
            checkedValues++;
        }

        Assert.True(checkedValues > 0);
    }

    private static string Text(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Array => string.Join("|", value.EnumerateArray().Select(Text)),
        JsonValueKind.String => value.GetString()!,
        JsonValueKind.Number => value.GetDouble().ToString("R", CultureInfo.InvariantCulture),
        _ => value.GetBoolean().ToString(),
    };

    private static string Text(object value) => value switch
    {
        string text => text,
        bool flag => flag.ToString(),
        Array array => string.Join("|", array.Cast<object>().Select(Text)),
        ulong or long => Convert.ToString(value, CultureInfo.InvariantCulture)!,
        _ => Convert.ToDouble(value, CultureInfo.InvariantCulture).ToString("R", CultureInfo.InvariantCulture),
    };
}
