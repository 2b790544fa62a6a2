namespace KVCluster.Worker.Calibration;

/// <summary>
/// RazorAttention (arXiv 2407.15891) protects the best 14 % of heads by induction and the best 1 % by echo. One order for any share: a head
/// stands where the better of its two places puts it, a place among echo heads counting 14 times.
/// </summary>
internal static class RazorRanking
{
    private const double InductionToEcho = 14;

    /// <summary>[layers][heads], in (0, 1], higher is protected earlier.</summary>
    public static float[][] Of(float[][] induction, float[][] echo)
    {
        int heads = induction[0].Length;
        int[] byInduction = Places(induction);
        int[] byEcho = Places(echo);
        return [.. byInduction.Zip(byEcho, (i, e) => (float)(1 / (1 + Math.Min(i, InductionToEcho * e)))).Chunk(heads)];
    }

    /// <summary>Each head's place, 0 the best; of equal ones the earlier.</summary>
    private static int[] Places(float[][] scores)
    {
        float[] flat = [.. scores.SelectMany(row => row)];
        int[] order = [.. Enumerable.Range(0, flat.Length).OrderByDescending(i => flat[i])];
        int[] places = new int[flat.Length];
        for (int place = 0; place < order.Length; place++)
        {
            places[order[place]] = place;
        }

        return places;
    }
}
