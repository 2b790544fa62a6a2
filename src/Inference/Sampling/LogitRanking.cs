using System.Numerics;

namespace KVCluster.Inference.Sampling;

/// <summary>
/// One total order of tokens: larger logit first, lower id first among equals. A token's place is a 64-bit key (smaller is better) made
/// of its logit's bits and its id, so that plain integer sorting ranks. Logits must not be NaN.
/// </summary>
internal static class LogitRanking
{
    /// <summary>The key of a token.</summary>
    public static ulong Key(float logit, int token)
    {
        // Adding zero makes -0 into +0, which are one value but two bit patterns.
        uint bits = BitConverter.SingleToUInt32Bits(logit + 0f);
        uint ascending = (bits & 0x80000000) != 0 ? ~bits : bits | 0x80000000;
        return ((ulong)~ascending << 32) | (uint)token;
    }

    /// <summary>The token of a key.</summary>
    public static int Token(ulong key) => (int)(uint)key;

    /// <summary>
    /// Fills <paramref name="keys"/> with the best keys.Length tokens, best first. A heap of that size holds the best so far, and whole
    /// vectors of logits below its worst are passed over: about one pass over the logits for a small number, never a sort of all.
    /// </summary>
    public static void SelectTop(ReadOnlySpan<float> logits, Span<ulong> keys)
    {
        int count = keys.Length;
        if (count == 0)
        {
            return;
        }

        for (int i = 0; i < count; i++)
        {
            keys[i] = Key(logits[i], i);
        }

        for (int i = (count / 2) - 1; i >= 0; i--)
        {
            SiftDown(keys, i);
        }

        Scan(logits, count, keys);
        keys.Sort();
    }

    private static void Scan(ReadOnlySpan<float> logits, int start, Span<ulong> heap)
    {
        // A later token with an equal logit ranks behind, so only a greater one can enter.
        float worst = logits[Token(heap[0])];
        int i = start;
        while (i < logits.Length)
        {
            int end = Math.Min(i + Vector<float>.Count, logits.Length);
            if (end - i == Vector<float>.Count && !Vector.GreaterThanAny(new Vector<float>(logits[i..]), new Vector<float>(worst)))
            {
                i = end;
                continue;
            }

            for (; i < end; i++)
            {
                if (logits[i] > worst)
                {
                    heap[0] = Key(logits[i], i);
                    SiftDown(heap, 0);
                    worst = logits[Token(heap[0])];
                }
            }
        }
    }

    /// <summary>Restores the heap, whose root is the worst (largest) key, below a changed node.</summary>
    private static void SiftDown(Span<ulong> heap, int node)
    {
        ulong key = heap[node];
        for (int child = (2 * node) + 1; child < heap.Length; child = (2 * node) + 1)
        {
            if (child + 1 < heap.Length && heap[child + 1] > heap[child])
            {
                child++;
            }

            if (heap[child] <= key)
            {
                break;
            }

            heap[node] = heap[child];
            node = child;
        }

        heap[node] = key;
    }
}
