using System.Globalization;
using KVCluster.Silo.Models;
using Spectre.Console;

namespace KVCluster.Silo.Rendering;

/// <summary>A model's description as a table of two columns.</summary>
internal static class ModelTable
{
    public static Table Create(ModelDescription model)
    {
        Table table = new Table().Border(TableBorder.None).HideHeaders().AddColumn("").AddColumn("");
        foreach ((string name, string value) in Rows(model))
        {
            table.AddRow(new Text(name), new Text(value));
        }

        return table;
    }

    /// <summary>The lines, as text.</summary>
    public static IEnumerable<(string Name, string Value)> Rows(ModelDescription m)
    {
        yield return ("model", m.Path);
        yield return ("format", m.Format);
        yield return ("architecture", m.Architecture);
        yield return ("parameters", $"{Amount.Count(m.Parameters)} ({Amount.Bytes(m.WeightBytes)})");
        yield return ("stored as", string.Join(", ", m.StoredTypes.Select(Stored)));
        yield return ("layers", Number(m.Layers));
        yield return ("hidden", $"{m.HiddenSize}, feed-forward {m.FeedForwardSize}");
        string normed = m.QueryKeyNorm ? ", normed" : "";
        yield return ("heads", $"{m.QueryHeads} of queries, {m.KvHeads} of keys and values, size {m.HeadSize}{normed}");
        yield return ("context", $"{m.Context:N0} tokens{(m.SlidingWindow is { } window ? $", sliding window {window:N0}" : "")}");
        yield return ("rotary", m.Rope);
        string tied = m.TiedEmbeddings ? ", output tied to it" : "";
        yield return ("vocabulary", $"{m.Vocabulary:N0} rows, {m.TokenizerVocabulary:N0} tokens{tied}");
        yield return ("chat template", m.ChatTemplate ? "yes" : "no");
        yield return ("KV cache", string.Join(", ", m.KvBytesPerToken.Select(k => $"{k.Key} {Amount.Bytes(k.Value)}")) + " a token");
        yield return ("fingerprint", m.Fingerprint);
    }

    private static string Stored(StoredType type) => $"{type.Type}: {type.Matrices} matrices, {Amount.Bytes(type.Bytes)}";

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
}
