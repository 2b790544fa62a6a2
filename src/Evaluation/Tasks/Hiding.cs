namespace KVCluster.Evaluation.Tasks;

/// <summary>Puts sentences among pieces of filler.</summary>
internal static class Hiding
{
    /// <summary>
    /// The pieces with the sentences at the given depths, fractions in [0, 1): depth 0 is before the first piece. Sentences of one place
    /// keep their order, as sentences at ascending depths do.
    /// </summary>
    public static IEnumerable<string> At(IReadOnlyList<string> pieces, IReadOnlyList<string> sentences, IReadOnlyList<double> depths)
    {
        ILookup<int, string> places = Enumerable.Range(0, sentences.Count)
            .ToLookup(i => (int)(depths[i] * (pieces.Count + 1)), i => sentences[i]);
        for (int i = 0; i <= pieces.Count; i++)
        {
            foreach (string sentence in places[i])
            {
                yield return sentence;
            }

            if (i < pieces.Count)
            {
                yield return pieces[i];
            }
        }
    }
}
