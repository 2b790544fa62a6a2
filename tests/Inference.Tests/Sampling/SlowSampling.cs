namespace KVCluster.Inference.Tests.Sampling;

/// <summary>The filters and the softmax written down as plainly as possible, in double precision with full sorts.</summary>
internal static class SlowSampling
{
    /// <summary>What the filters leave of the distribution, most probable first.</summary>
    /// <param name="Tokens">Ids kept.</param>
    /// <param name="Probabilities">Theirs, renormalised.</param>
    /// <param name="Margin">Distance of the closest decision from its limit: below rounding error either outcome is right.</param>
    public sealed record Kept(int[] Tokens, double[] Probabilities, double Margin);

    public static double[] LogSoftmax(IReadOnlyList<float> logits)
    {
        double max = logits.Max();
        double sum = logits.Sum(logit => Math.Exp(logit - max));
        return [.. logits.Select(logit => logit - max - Math.Log(sum))];
    }

    public static int[] Rank(IReadOnlyList<float> logits) =>
        [.. Enumerable.Range(0, logits.Count).OrderByDescending(token => (double)logits[token]).ThenBy(token => token)];

    public static Kept Filter(IReadOnlyList<float> logits, double temperature, int topK, float topP, float minP)
    {
        double margin = double.PositiveInfinity;
        double max = logits.Max();
        List<(int Token, double P)> kept = [.. Rank(logits).Select(token => (token, Math.Exp((logits[token] - max) / temperature)))];
        if (topK > 0 && topK < kept.Count)
        {
            kept = kept[..topK];
        }

        kept = Normalize(kept);
        if (topP < 1)
        {
            double reached = 0;
            int count = 0;
            while (count < kept.Count && (count == 0 || reached < topP))
            {
                reached += kept[count++].P;
                margin = Math.Min(margin, Math.Abs(reached - topP));
            }

            kept = Normalize(kept[..count]);
        }

        if (minP > 0)
        {
            double most = kept[0].P;
            margin = Math.Min(margin, kept.Min(each => Math.Abs((each.P / most) - minP)));
            kept = Normalize([.. kept.Where(each => each.P >= minP * most)]);
        }

        return new Kept([.. kept.Select(each => each.Token)], [.. kept.Select(each => each.P)], margin);
    }

    private static List<(int Token, double P)> Normalize(List<(int Token, double P)> weighted)
    {
        double sum = weighted.Sum(each => each.P);
        return [.. weighted.Select(each => (each.Token, each.P / sum))];
    }
}
