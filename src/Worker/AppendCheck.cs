using KVCluster.Inference;
using KVCluster.Inference.Kv;

namespace KVCluster.Worker;

/// <summary>Refuses tokens that can never be appended, before anything runs.</summary>
internal static class AppendCheck
{
    /// <summary><paramref name="rows"/> counts a pending token too.</summary>
    public static void Validate(ReadOnlySpan<int> tokens, int rows, KvCache cache, LocalModel model)
    {
        foreach (int id in tokens)
        {
            if ((uint)id >= (uint)model.Config.VocabularySize)
            {
                throw new InputException($"token id {id} is outside the model's vocabulary of {model.Config.VocabularySize}");
            }
        }

        if ((long)cache.LogicalLength + rows > model.Config.ContextLength)
        {
            throw new InputException(
                $"{Describe(tokens.Length, cache)} exceeds the model's context of {model.Config.ContextLength} tokens");
        }

        LedgerSnapshot ledger = cache.Pool.Ledger.Snapshot();
        if (PagesAfter(cache, rows) > ledger.TotalPages)
        {
            throw new InputException(
                $"{Describe(tokens.Length, cache)} exceeds the KV arena, which has room for "
                + $"{KvCapacity.MaxTokens(cache.Geometry, ledger.TotalBytes)} tokens ({ledger.TotalBytes} bytes)");
        }
    }

    private static string Describe(int tokens, KvCache cache) => cache.LogicalLength == 0
        ? $"a prompt of {tokens} tokens"
        : $"a prompt of {tokens} tokens after {cache.LogicalLength} tokens of conversation";

    /// <summary>Rows of keys and values only: bias pages come on top where there are any, and the arena itself counts those.</summary>
    private static long PagesAfter(KvCache cache, int rows)
    {
        long pages = 0;
        for (int layer = 0; layer < cache.Geometry.Layers; layer++)
        {
            for (int head = 0; head < cache.Geometry.KvHeads; head++)
            {
                pages += 2L * cache.Geometry.PagesForRows(cache.Length(layer, head) + rows);
            }
        }

        return pages;
    }
}
