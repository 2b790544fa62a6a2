using KVCluster.Inference.Models;

namespace KVCluster.Inference.Tokenization;

/// <summary>Steps that both sources of tokenizers share.</summary>
internal static class TokenizerBuilder
{
    /// <summary>
    /// The merge table of (left, right) pairs in order of rank. Throws <see cref="ModelFormatException"/> where a token of a pair is
    /// unknown.
    /// </summary>
    public static MergeTable Merges(string file, int count, IEnumerable<(string Left, string Right)> pairs, Vocabulary vocabulary)
    {
        var table = new MergeTable(count);
        int rank = 0;
        foreach ((string left, string right) in pairs)
        {
            table.Add(Id(left), Id(right), rank, Id(left + right));
            rank++;
        }

        return table;

        int Id(string token) => vocabulary.FindWritten(token)
            ?? throw new ModelFormatException(file, $"merge {rank} needs token '{Shown(token)}', which is not in the vocabulary");
    }

    /// <summary>The two sides of a merge written as "left right".</summary>
    public static (string Left, string Right) Pair(string file, string merge)
    {
        int space = merge.IndexOf(' ', Math.Min(1, merge.Length));
        return space > 0 && space < merge.Length - 1
            ? (merge[..space], merge[(space + 1)..])
            : throw new ModelFormatException(file, $"merge '{Shown(merge)}' is not two tokens with a space between them");
    }

    /// <summary>Text from a file, short enough for an error message.</summary>
    public static string Shown(string text) => text.Length <= 80 ? text : text[..80] + "...";
}
